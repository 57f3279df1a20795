#include "services/common/crypto/authorization_payload.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

constexpr std::string_view kUdi = "P:C8500,S:JAE1,U:";

std::string Reservation(std::string_view count) {
  return "<authorizationCode><piid>7-" + std::string(64, '0') +
         "</piid><timestamp>9000</timestamp><entitlements><entitlement><tag>t</tag><count>" +
         std::string(count) + "</count></entitlement></entitlements></authorizationCode>";
}

TEST(AuthorizationPayloadTest, AReservationSaysWhoseItIsAndWhat) {
  const auto read = ParseReservation(Reservation("2"), kUdi);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name.udi.product_id, "C8500");
  EXPECT_EQ(read->name.udi.serial_number, "JAE1");
  EXPECT_EQ(read->name.authorization_id, 7);
  EXPECT_EQ(read->name.sequence, 9);
  ASSERT_EQ(read->entitlements.size(), 1u);
  EXPECT_EQ(read->entitlements[0].count, 2);
}

TEST(AuthorizationPayloadTest, WhatIsNotAReservationIsRefusedWhateverItsPathsAre) {
  for (const std::string& element :
       {std::string("<a>7</a>"), std::string("<smartLicense>t</smartLicense>"), std::string("<a><b/></a>"),
        std::string("<authorizationCode>7-0</authorizationCode>"), std::string(), Reservation("0"),
        Reservation("-1"), Reservation("2147483648"), Reservation("2</count><tag>u</tag><count>")}) {
    const auto read = ParseReservation(element, kUdi);
    ASSERT_FALSE(read.ok()) << element;
    EXPECT_EQ(errors::ErrorId(read.status()), "crypto.authorization_code_malformed") << element;
  }
}

TEST(AuthorizationPayloadTest, AUdiOfAnotherShapeIsRefused) {
  for (const std::string_view udi : {"", "P:", "P:,U:", "S:JAE1,U:", "P:C8500,S:", ",S:P:,U:"}) {
    EXPECT_FALSE(ParseReservation(Reservation("2"), udi).ok()) << udi;
  }
}

}  // namespace
}  // namespace quartermaster::crypto
