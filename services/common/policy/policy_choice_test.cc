#include "services/common/policy/policy_choice.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quartermaster::policy {
namespace {

ReportingPolicy Named(const std::string& name, int ongoing_days = 60) {
  ReportingPolicy policy;
  policy.type = PolicyType::kCustom;
  policy.name = name;
  policy.days[1].ongoing = ongoing_days;
  return policy;
}

struct Precedence {
  bool delivered, virtual_account, smart_account;
  PolicySource source;
  const char* name;
};

TEST(PolicyChoice, DeliveredGoesBeforeTheVirtualAccountsBeforeTheSmartAccountsBeforeTheDefault) {
  const Precedence kTable[] = {
      // delivered, Virtual Account, Smart Account -> which one decides
      {false, false, false, PolicySource::kDefault, "Default"},
      {false, false, true, PolicySource::kSmartAccount, "Smart Account"},
      {false, true, false, PolicySource::kVirtualAccount, "Virtual Account"},
      {false, true, true, PolicySource::kVirtualAccount, "Virtual Account"},
      {true, false, false, PolicySource::kDelivered, "Delivered"},
      {true, false, true, PolicySource::kDelivered, "Delivered"},
      {true, true, false, PolicySource::kDelivered, "Delivered"},
      {true, true, true, PolicySource::kDelivered, "Delivered"},
  };
  for (const Precedence& row : kTable) {
    PolicyCandidates candidates;
    if (row.delivered) candidates.delivered = Named("Delivered");
    if (row.virtual_account) candidates.virtual_account = Named("Virtual Account");
    if (row.smart_account) candidates.smart_account = Named("Smart Account");
    EXPECT_EQ(SourceInForce(candidates), row.source) << row.name;
    EXPECT_EQ(PolicyInForceOf(candidates).name, row.name);
  }
}

TEST(PolicyChoice, ADeliveredDefaultHoldsUntilTheNextAcknowledgement) {
  PolicyCandidates candidates;
  candidates.delivered = ReportingPolicy();
  candidates.virtual_account = Named("Strict", 10);
  EXPECT_EQ(PolicyInForceOf(candidates), ReportingPolicy());
}

TEST(PolicyChoice, MembersOfAnHaSetWithDifferentPoliciesHaveThemMerged) {
  std::vector<PolicyCandidates> members(2);
  members[0].delivered = Named("Old", 60);
  members[1].virtual_account = Named("New", 45);
  EXPECT_EQ(PolicyInForceOf(members).type, PolicyType::kMerged);
  EXPECT_EQ(PolicyInForceOf(members).days[1].ongoing, 45);
  members[1] = members[0];
  EXPECT_EQ(PolicyInForceOf(members).name, "Old");
}

}  // namespace
}  // namespace quartermaster::policy
