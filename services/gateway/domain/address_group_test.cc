#include "services/gateway/domain/address_group.h"

#include <gtest/gtest.h>

namespace quartermaster::gateway {
namespace {

TEST(AddressGroupTest, AddressesOfOneIpv6NetworkAreOneSender) {
  EXPECT_EQ(AddressGroup("2001:db8:0:1:aaaa::1"), "2001:db8:0:1::/64");
  EXPECT_EQ(AddressGroup("2001:db8:0:1:ffff:1:2:3"), AddressGroup("2001:0db8::1:aaaa:0:0:1"));
  EXPECT_NE(AddressGroup("2001:db8:0:2::1"), AddressGroup("2001:db8:0:1::1"));
  EXPECT_EQ(AddressGroup("fe80::1%eth0"), "fe80::/64");
}

TEST(AddressGroupTest, AnIpv4AddressStandsForItselfInEitherForm) {
  EXPECT_EQ(AddressGroup("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(AddressGroup("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_NE(AddressGroup("::ffff:10.1.2.4"), AddressGroup("::ffff:10.1.2.3"));
}

TEST(AddressGroupTest, WhatIsNoAddressStaysAsItIs) {
  EXPECT_EQ(AddressGroup(""), "");
  EXPECT_EQ(AddressGroup("unix:/run/x"), "unix:/run/x");
}

}  // namespace
}  // namespace quartermaster::gateway
