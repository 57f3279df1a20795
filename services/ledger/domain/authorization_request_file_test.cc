#include "services/ledger/domain/authorization_request_file.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::ledger {
namespace {

// Written by hand in the shape that devices have.
constexpr char kInfo[] =
    R"(<smartLicenseSystemInfo><data>{"sudi":{"udi_pid":"C8500","udi_serial_number":"JAE1"},"device_list":[)"
    R"({"sudi":{"udi_pid":"C8500","udi_serial_number":"JAE1"},"hostname":"edge-1",)"
    R"("software_tag_identifier":"regid.2026-01.example.router,1.0"}]}</data></smartLicenseSystemInfo>)";

std::string File(const std::string& data) {
  return absl::StrCat("<smartLicense>", kInfo, "<smartLicenseAuthRequest><data>", data,
                      "</data></smartLicenseAuthRequest></smartLicense>");
}

constexpr char kSudi[] = R"("sudi":{"udi_pid":"C8500","udi_serial_number":"JAE1"})";

TEST(AuthorizationRequestFileTest, ARequestSaysWhatItWantsForWhom) {
  const auto requests = ReadAuthorizationRequestFile(
      File(absl::StrCat(R"([{"keys":[{"entitlement":"regid.hsec,1.0","count":"2"}],)", kSudi,
                        R"(,"confirm_code":"AAAA","remove_code":null}])")));
  ASSERT_TRUE(requests.ok()) << requests.status();
  ASSERT_EQ(requests->size(), 1u);
  const AuthorizationFileRequest& request = requests->front();
  EXPECT_EQ(request.product_id, "C8500");
  EXPECT_EQ(request.serial_number, "JAE1");
  EXPECT_EQ(request.keys, (std::vector<AuthorizationFileRequest::Key>{{"regid.hsec,1.0", 2}}));
  EXPECT_EQ(request.confirmation_code, "AAAA");
  EXPECT_EQ(request.removal_code, "");
}

TEST(AuthorizationRequestFileTest, AReturnHasNoKeys) {
  const auto requests = ReadAuthorizationRequestFile(
      File(absl::StrCat(R"([{"keys":[],)", kSudi, R"(,"confirm_code":null,"remove_code":"RRRR"}])")));
  ASSERT_TRUE(requests.ok()) << requests.status();
  EXPECT_TRUE(requests->front().keys.empty());
  EXPECT_EQ(requests->front().removal_code, "RRRR");
}

TEST(AuthorizationRequestFileTest, WhatIsNoRequestIsRefused) {
  const std::string deep(100, '[');
  for (const std::string& bad :
       {std::string(), std::string("<smartLicense/>"), File("[]"), File("{}"), File("[1]"), File("[{}]"),
        File("["), File(deep), File(absl::StrCat("[{", kSudi, "}]")),
        File(absl::StrCat(R"([{"keys":[{"entitlement":"t","count":"two"}],)", kSudi, "}]")),
        File(absl::StrCat(R"([{"keys":[{"entitlement":"t","count":-1.5}],)", kSudi, "}]")),
        File(absl::StrCat(R"([{"keys":[],)", kSudi, R"(,"remove_code":7}])")),
        std::string("<!DOCTYPE a><smartLicense/>"), File("[]") + "x"}) {
    const auto requests = ReadAuthorizationRequestFile(bad);
    EXPECT_EQ(errors::ErrorId(requests.status()), "ledger.authorization_file_malformed") << bad;
  }
}

}  // namespace
}  // namespace quartermaster::ledger
