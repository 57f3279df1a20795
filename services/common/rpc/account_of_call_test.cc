#include "services/common/rpc/account_of_call.h"

#include <gtest/gtest.h>

#include "services/common/errors/error.h"

namespace quartermaster::rpc {
namespace {

constexpr const char* kRoles[] = {"administrator", "device", "service", ""};

TEST(AccountOfCallTest, ABoundCallerHasItsOwnAccountAndNoOtherWhateverItsRole) {
  for (const char* role : kRoles) {
    const Caller bound = {.actor = "x", .smart_account = "corp.example.com", .role = role};
    EXPECT_EQ(AccountOfCall(bound, "").value(), "corp.example.com") << role;
    EXPECT_EQ(AccountOfCall(bound, "Corp.Example.COM").value(), "corp.example.com") << role;
    for (const char* other : {"other.example.com", "corp", "corp.example.com.", " corp.example.com"}) {
      const absl::Status status = AccountOfCall(bound, other).status();
      EXPECT_EQ(errors::ErrorId(status), "rpc.smart_account_denied") << role << " " << other;
      EXPECT_TRUE(absl::IsPermissionDenied(status));
    }
    EXPECT_FALSE(AccountOfCall(bound, std::string("corp.example.com\0", 17)).ok());
  }
}

TEST(AccountOfCallTest, ACallerWithoutAnAccountNamesAny) {
  for (const char* role : kRoles) {
    const Caller free = {.actor = "x", .smart_account = "", .role = role};
    EXPECT_EQ(AccountOfCall(free, "").value(), "");
    EXPECT_EQ(AccountOfCall(free, "other.example.com").value(), "other.example.com");
  }
}

}  // namespace
}  // namespace quartermaster::rpc
