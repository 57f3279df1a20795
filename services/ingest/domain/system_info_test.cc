#include "services/ingest/domain/system_info.h"

#include <gtest/gtest.h>

#include "services/ingest/domain/testing.h"

namespace quartermaster::ingest {
namespace {

std::string Refusal(std::string_view data) { return IdOf(ReadSystemInfo(data).status()); }

TEST(SystemInfoTest, OnlyWhoSentItIsRead) {
  const auto info = ReadSystemInfo(
      R"({"nonce":1,"sudi":{"udi_pid":"P","udi_serial_number":"S","x":null},"timestamp":"2"})");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->udi, (Udi{"P", "S"}));
  EXPECT_EQ(info->hostname, "");
}

TEST(SystemInfoTest, WhatDoesNotSayWhoSentItIsRefused) {
  EXPECT_EQ(Refusal("not JSON"), "ingest.payload_malformed");
  EXPECT_EQ(Refusal("{}"), "ingest.payload_field_missing");
  EXPECT_EQ(Refusal(R"({"sudi":{"udi_pid":"P"}})"), "ingest.payload_field_missing");
  EXPECT_EQ(Refusal(R"({"sudi":{"udi_pid":"P","udi_serial_number":""}})"), "ingest.payload_field_invalid");
  EXPECT_EQ(Refusal(R"({"sudi":{"udi_pid":"P","udi_serial_number":"S"},"hostname":"a\nb"})"),
            "ingest.payload_field_invalid");
}

}  // namespace
}  // namespace quartermaster::ingest
