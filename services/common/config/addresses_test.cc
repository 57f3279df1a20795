#include "services/common/config/addresses.h"

#include <gtest/gtest.h>

namespace quartermaster::config {
namespace {

TEST(Addresses, HostAndPortAreReadInEveryForm) {
  EXPECT_EQ(ParseHostPort("127.0.0.1:8443")->port, 8443);
  EXPECT_EQ(ParseHostPort("node-1.example:1")->host, "node-1.example");
  EXPECT_EQ(ParseHostPort("[::1]:65535")->host, "::1");
  EXPECT_EQ(ParseHostPort("0.0.0.0:0")->port, 0);
}

TEST(Addresses, WhatIsNoHostAndPortIsRefused) {
  for (const char* text :
       {"", "8443", ":8443", "localhost", "localhost:", "localhost:65536", "localhost:-1", "localhost:+1",
        "::1:80", "[::1]", "[::1:80", "[x]:80", "a b:80", "http://a:80", "unix:/run/x"}) {
    EXPECT_FALSE(ParseHostPort(text).has_value()) << text;
  }
}

TEST(Addresses, OnlyWhatThisMachineAloneCanReachIsLoopback) {
  for (const char* text :
       {"127.0.0.1:80", "127.8.0.1:80", "[::1]:80", "localhost:80", "unix:/run/quartermaster/ledger.sock"}) {
    EXPECT_TRUE(IsLoopback(text)) << text;
  }
  for (const char* text : {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "localhost.example:80", "ledger:80",
                           "127.0.0.1.example:80", "nonsense"}) {
    EXPECT_FALSE(IsLoopback(text)) << text;
  }
}

}  // namespace
}  // namespace quartermaster::config
