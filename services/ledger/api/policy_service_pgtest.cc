// Reporting policies over the API, against a real PostgreSQL, as role qm_ledger.
#include "services/ledger/api/policy_service.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kNow = 1'700'000'000;
constexpr int64_t kDay = 86'400;

v1::SetReportingPolicyRequest Custom(const std::string& virtual_account, int ongoing_days) {
  v1::SetReportingPolicyRequest request;
  request.set_virtual_account(virtual_account);
  request.set_name(absl::StrCat(ongoing_days, " days"));
  v1::ClassDays& days = *request.add_classes();
  days.set_license_class(v1::LICENSE_CLASS_UNENFORCED_SUBSCRIPTION);
  days.set_first_report_days(20);
  days.set_ongoing_days(ongoing_days);
  days.set_on_change_days(10);
  return request;
}

class PolicyServiceTest : public ::testing::Test {
 protected:
  PolicyServiceTest() {
    branches_ = database_.AddVirtualAccount(database_.account(), "Branches");
    database_.Run(
        "INSERT INTO license_tags (tag, enforcement, term, known, first_seen_at) VALUES"
        " ('subscription', 1, 2, true, now()), ('perpetual', 1, 1, true, now()),"
        " ('unknown', 1, 1, false, now())");
  }

  absl::StatusOr<v1::ReportingPolicy> Set(const v1::SetReportingPolicyRequest& request) {
    grpc::ServerContext context;
    v1::ReportingPolicy answer;
    const grpc::Status status = policies_.SetReportingPolicy(&context, &request, &answer);
    if (!status.ok()) return rpc::FromGrpc(status);
    return answer;
  }
  std::string Refusal(const v1::SetReportingPolicyRequest& request) {
    const auto answer = Set(request);
    EXPECT_EQ(errors::ErrorId(answer.status()), "ledger.field_invalid") << answer.status();
    return std::string(answer.status().message());
  }
  v1::ClearReportingPolicyResponse Clear(const std::string& virtual_account) {
    v1::ClearReportingPolicyRequest request;
    request.set_virtual_account(virtual_account);
    grpc::ServerContext context;
    v1::ClearReportingPolicyResponse answer;
    const grpc::Status status = policies_.ClearReportingPolicy(&context, &request, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }
  // "scope: name" of each.
  std::vector<std::string> List(bool with_history, int page_size = 2) {
    v1::ListReportingPoliciesRequest request;
    request.set_with_history(with_history);
    request.set_page_size(page_size);
    std::vector<std::string> lines;
    do {
      grpc::ServerContext context;
      v1::ListReportingPoliciesResponse page;
      const grpc::Status status = policies_.ListReportingPolicies(&context, &request, &page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const auto& one : page.policies()) {
        lines.push_back(
            absl::StrCat(one.virtual_account(), ": ", one.name(), one.has_ended_at() ? " ended" : ""));
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return lines;
  }

  // A product instance at home in a Virtual Account that reported `in_use` of a tag since `first_use_s`.
  void AddInstance(int id, int64_t home, const std::string& tag, int64_t first_use_s) {
    database_.Run(
        absl::StrCat("INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
                     " virtual_account_id, ha_lead_id, created_at, first_contact_at, last_contact_at)"
                     " OVERRIDING SYSTEM VALUE VALUES (",
                     id, ", ", database_.account(), ", 'P', 'S", id, "', ", home, ", ", id,
                     ", now(), to_timestamp(", first_use_s, "), to_timestamp(", kNow - 5 * kDay, "));"));
    AddUse(id, home, tag, first_use_s);
  }
  void AddUse(int id, int64_t home, const std::string& tag, int64_t first_use_s) {
    database_.Run(absl::StrCat("INSERT INTO usage_positions SELECT ", database_.account(), ", ", id,
                               ", tag_id, ", home, ", 3, 1, 1, 0, ", id, ", 0, ", first_use_s,
                               ", 0, 0, 0, '', '' FROM license_tags WHERE tag = '", tag, "'"));
  }
  void Acknowledge(int id, int64_t issued_s, int64_t policy_id) {
    database_.Run(absl::StrCat("UPDATE product_instances SET last_acknowledged_at = to_timestamp(", issued_s,
                               "), delivered_policy_id = nullif(", policy_id,
                               ", 0) WHERE product_instance_id = ", id));
  }

  v1::ProductInstance Show(const std::string& serial_number) {
    v1::GetProductInstanceRequest request;
    request.set_product_id("P");
    request.set_serial_number(serial_number);
    grpc::ServerContext context;
    v1::ProductInstance answer;
    const grpc::Status status = instances_.GetProductInstance(&context, &request, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }
  v1::ExplainDeadlinesResponse Explain(const std::string& serial_number, int64_t as_of_s = 0) {
    v1::ExplainDeadlinesRequest request;
    request.set_product_id("P");
    request.set_serial_number(serial_number);
    if (as_of_s != 0) request.mutable_as_of()->set_seconds(as_of_s);
    grpc::ServerContext context;
    v1::ExplainDeadlinesResponse answer;
    const grpc::Status status = policies_.ExplainDeadlines(&context, &request, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }
  int64_t Overdue(const std::string& virtual_account) {
    v1::GetComplianceRequest request;
    request.set_virtual_account(virtual_account);
    grpc::ServerContext context;
    v1::GetComplianceResponse answer;
    // The counts are cached by their cost: a new service counts anew.
    ComplianceServiceImpl compliance{api_};
    const grpc::Status status = compliance.GetCompliance(&context, &request, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer.virtual_accounts(0).reporting_overdue();
  }

  LedgerDatabase database_;
  ManualClock clock_{absl::FromUnixSeconds(kNow)};
  pg::Pool pool_{database_.options()};
  const ApiContext api_{&pool_, &clock_};
  PolicyServiceImpl policies_{api_};
  ProductInstanceServiceImpl instances_{
      api_, [](const ReleaseRequest&, const Act&) -> absl::StatusOr<int64_t> { return 0; },
      [](int64_t, const std::vector<int64_t>&, const std::vector<int64_t>&,
         const Act&) -> absl::StatusOr<int64_t> { return 0; }};
  int64_t branches_ = 0;
};

TEST_F(PolicyServiceTest, WhatIsSetForAVirtualAccountGoesBeforeWhatIsSetForItsSmartAccount) {
  AddInstance(1, branches_, "subscription", kNow - 10 * kDay);
  AddInstance(2, database_.virtual_account(), "subscription", kNow - 10 * kDay);
  EXPECT_EQ(Show("S1").reporting_policy(), "Default");
  EXPECT_EQ(Show("S1").next_report_due().seconds(), kNow + 80 * kDay);
  EXPECT_EQ(Show("S1").next_push_due().seconds(), kNow + 25 * kDay);

  v1::SetReportingPolicyRequest account = Custom("", 60);
  account.mutable_classes(0)->set_first_report_days(5);
  account.set_push_interval_days(7);
  ASSERT_TRUE(Set(account).ok());
  ASSERT_TRUE(Set(Custom("Branches", 45)).ok());
  EXPECT_EQ(Show("S1").reporting_policy(), "45 days");
  EXPECT_EQ(Show("S1").next_report_due().seconds(), kNow + 10 * kDay);
  EXPECT_EQ(Show("S1").reporting_status(), v1::REPORTING_STATUS_DUE);
  EXPECT_EQ(Show("S2").reporting_policy(), "60 days");
  EXPECT_EQ(Show("S2").next_report_due().seconds(), kNow - 5 * kDay);
  EXPECT_EQ(Show("S2").next_push_due().seconds(), kNow + 2 * kDay);
  EXPECT_EQ(Show("S2").reporting_status(), v1::REPORTING_STATUS_OVERDUE);
  EXPECT_EQ(Overdue("Branches"), 0);
  EXPECT_EQ(Overdue("Default"), 1);

  EXPECT_EQ(Clear("Branches").cleared().name(), "45 days");
  EXPECT_EQ(Show("S1").reporting_policy(), "60 days");
  EXPECT_EQ(Overdue("Branches"), 1);
  EXPECT_FALSE(Clear("Branches").has_cleared()) << "there is none any more";
  EXPECT_EQ(Clear("").cleared().name(), "60 days");
  EXPECT_EQ(Show("S1").reporting_policy(), "Default");
}

TEST_F(PolicyServiceTest, AChangeOfPolicyChangesDeadlinesAndRewritesNoProductInstance) {
  AddInstance(1, branches_, "subscription", kNow - 10 * kDay);
  const char* const kVersions = "SELECT string_agg(xmin::text, ',') FROM product_instances";
  const std::string before = database_.Text(kVersions);
  const int64_t deadline = Show("S1").next_report_due().seconds();
  ASSERT_TRUE(Set(Custom("Branches", 45)).ok());
  EXPECT_NE(Show("S1").next_report_due().seconds(), deadline);
  EXPECT_EQ(database_.Text(kVersions), before);
}

TEST_F(PolicyServiceTest, WhatCameWithTheLastAcknowledgementHoldsUntilTheNextOne) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  const int64_t strict = Set(Custom("Branches", 30))->policy_id();
  Acknowledge(1, kNow - 10 * kDay, 0);
  EXPECT_EQ(Show("S1").reporting_policy(), "Default") << "acknowledged before the policy was known";
  EXPECT_EQ(Show("S1").next_report_due().seconds(), kNow + 80 * kDay);
  Acknowledge(1, kNow - 9 * kDay, strict);
  EXPECT_EQ(Show("S1").next_report_due().seconds(), kNow + 21 * kDay);
  ASSERT_TRUE(Set(Custom("Branches", 200)).ok());
  EXPECT_EQ(Show("S1").reporting_policy(), "30 days");
  EXPECT_EQ(Show("S1").next_report_due().seconds(), kNow + 21 * kDay);
}

TEST_F(PolicyServiceTest, AnHaSetWithTwoPoliciesGoesByTheStricterOfEach) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  AddInstance(2, branches_, "perpetual", kNow - 100 * kDay);
  database_.Run(
      "UPDATE product_instances SET ha_lead_id = 1;"
      "DELETE FROM usage_positions WHERE product_instance_id = 2");
  const int64_t strict = Set(Custom("Branches", 30))->policy_id();
  Acknowledge(1, kNow - 10 * kDay, 0);
  Acknowledge(2, kNow - 9 * kDay, strict);
  for (const char* member : {"S1", "S2"}) {
    EXPECT_EQ(Show(member).reporting_policy(), "Merged");
    EXPECT_EQ(Show(member).next_report_due().seconds(), kNow + 21 * kDay) << "from the latest of both";
  }
  const auto why = Explain("S1");
  EXPECT_EQ(why.policy().type(), v1::POLICY_TYPE_MERGED);
  EXPECT_EQ(why.candidates_size(), 8) << "four of each member";
}

TEST_F(PolicyServiceTest, TheHistoryIsKeptAndAsksForADeadlineAsOfADate) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  ASSERT_TRUE(Set(Custom("Branches", 45)).ok());
  clock_.Advance(absl::Hours(24));
  v1::SetReportingPolicyRequest second = Custom("Branches", 60);
  second.mutable_classes(0)->set_first_report_days(300);
  ASSERT_TRUE(Set(second).ok());
  clock_.Advance(absl::Hours(24));
  Clear("Branches");
  clock_.Advance(absl::Hours(24));
  ASSERT_TRUE(Set(Custom("", 15)).ok());
  EXPECT_EQ(List(false), (std::vector<std::string>{": 15 days"}));
  EXPECT_EQ(List(true),
            (std::vector<std::string>{"Branches: 45 days ended", "Branches: 60 days ended", ": 15 days"}));
  EXPECT_EQ(Explain("S1", kNow - 1).policy().name(), "Default");
  EXPECT_EQ(Explain("S1", kNow).policy().name(), "45 days");
  EXPECT_EQ(Explain("S1", kNow + kDay - 1).policy().name(), "45 days");
  const auto second_day = Explain("S1", kNow + kDay);
  EXPECT_EQ(second_day.policy().name(), "60 days");
  EXPECT_EQ(second_day.next_report_due().seconds(), kNow + 200 * kDay);
  EXPECT_EQ(Explain("S1", kNow + 2 * kDay).policy().name(), "Default");
  EXPECT_EQ(Explain("S1", kNow + 3 * kDay).policy().name(), "15 days");
  EXPECT_EQ(Explain("S1").policy().name(), "15 days");
  // Before it reported.
  EXPECT_EQ(Explain("S1", kNow - 101 * kDay).uses_size(), 0);
  EXPECT_EQ(Explain("S1", kNow - 101 * kDay).reporting_status(), v1::REPORTING_STATUS_NEVER);
}

TEST_F(PolicyServiceTest, ADateAsksForTheAcknowledgementOfThatTimeToo) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  const int64_t strict = Set(Custom("Branches", 30))->policy_id();
  database_.Run(absl::StrCat(
      "INSERT INTO report_senders (smart_account_id, udi_pid, udi_sn, first_received_at) VALUES (",
      database_.account(),
      ", 'P', 'S1', now()); INSERT INTO acknowledgements (smart_account_id, sender_id, sequence, issued_at,"
      " report_count, through_change_id, reports, policy_id) SELECT smart_account_id, sender_id, n, "
      "to_timestamp(",
      kNow, " - (4 - n) * 20 * 86400), 1, 1, '', CASE WHEN n = 2 THEN ", strict,
      " END FROM report_senders, generate_series(1, 3) AS n"));
  Acknowledge(1, kNow - 20 * kDay, 0);
  EXPECT_EQ(Explain("S1").next_report_due().seconds(), kNow + 70 * kDay);
  const auto then = Explain("S1", kNow - 30 * kDay);
  EXPECT_EQ(then.last_acknowledged().seconds(), kNow - 40 * kDay);
  EXPECT_EQ(then.policy().name(), "30 days") << "what that acknowledgement brought";
  EXPECT_EQ(then.next_report_due().seconds(), kNow - 10 * kDay);
  EXPECT_FALSE(Explain("S1", kNow - 61 * kDay).has_last_acknowledged());
}

TEST_F(PolicyServiceTest, ExplainsADeadlineRuleByRule) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  AddUse(1, branches_, "perpetual", kNow - 50 * kDay);
  AddUse(1, branches_, "unknown", kNow - 40 * kDay);
  database_.Run(absl::StrCat("UPDATE usage_positions SET last_change_s = ", kNow - 2 * kDay,
                             ", open_change_s = ", kNow - 3 * kDay,
                             " WHERE tag_id = (SELECT tag_id FROM license_tags WHERE tag = 'perpetual')"));
  ASSERT_TRUE(Set(Custom("", 30)).ok());
  const int64_t strict = Set(Custom("Branches", 45))->policy_id();
  Acknowledge(1, kNow - 10 * kDay, strict);
  const auto why = Explain("S1");
  std::string lines;
  for (const auto& one : why.candidates()) {
    absl::StrAppend(&lines, v1::PolicySource_Name(one.source()), " ", one.name(), one.in_force() ? " *" : "",
                    "\n");
  }
  for (const auto& one : why.uses()) {
    absl::StrAppend(&lines, one.tag(), " ", v1::LicenseClass_Name(one.license_class()), " ", one.in_use(),
                    " ", (one.first_use().seconds() - kNow) / kDay, "\n");
  }
  for (const auto& one : why.deadlines()) {
    absl::StrAppend(&lines, one.tag(), " ", v1::DeadlineRule_Name(one.rule()), " ",
                    (one.from().seconds() - kNow) / kDay, " + ", one.days(), " = ",
                    one.has_due() ? absl::StrCat((one.due().seconds() - kNow) / kDay) : "none",
                    one.decides() ? " *" : "", "\n");
  }
  EXPECT_EQ(lines,
            "POLICY_SOURCE_DELIVERED 45 days *\n"
            "POLICY_SOURCE_VIRTUAL_ACCOUNT 45 days\n"
            "POLICY_SOURCE_SMART_ACCOUNT 30 days\n"
            "POLICY_SOURCE_DEFAULT Default\n"
            "perpetual LICENSE_CLASS_UNENFORCED_PERPETUAL 3 -50\n"
            "subscription LICENSE_CLASS_UNENFORCED_SUBSCRIPTION 3 -100\n"
            "unknown LICENSE_CLASS_UNENFORCED_SUBSCRIPTION 3 -40\n"
            "perpetual DEADLINE_RULE_ONGOING -10 + 0 = none\n"
            "perpetual DEADLINE_RULE_ON_CHANGE -3 + 90 = 87\n"
            "subscription DEADLINE_RULE_ONGOING -10 + 45 = 35 *\n"
            "unknown DEADLINE_RULE_ONGOING -10 + 45 = 35 *\n");
  EXPECT_EQ(why.virtual_account(), "Branches");
  EXPECT_EQ(why.next_report_due().seconds(), Show("S1").next_report_due().seconds());
  EXPECT_EQ(why.next_acknowledgement_due().seconds(), kNow + 35 * kDay);
  EXPECT_EQ(why.next_push_due().seconds(), kNow + 25 * kDay);
  EXPECT_EQ(why.reporting_status(), Show("S1").reporting_status());
}

TEST_F(PolicyServiceTest, WithoutAcknowledgementsRequiredTheReportMeetsTheDeadline) {
  AddInstance(1, branches_, "subscription", kNow - 100 * kDay);
  v1::SetReportingPolicyRequest request = Custom("Branches", 30);
  EXPECT_TRUE(Set(request)->acknowledgement_required());
  EXPECT_EQ(Show("S1").reporting_status(), v1::REPORTING_STATUS_OVERDUE) << "20 days from the first use";
  request.set_acknowledgement_required(false);
  ASSERT_TRUE(Set(request).ok());
  const auto why = Explain("S1");
  EXPECT_EQ(why.next_report_due().seconds(), kNow + 25 * kDay) << "30 days from the last report";
  EXPECT_FALSE(why.has_next_acknowledgement_due());
  EXPECT_EQ(Overdue("Branches"), 0);
}

TEST_F(PolicyServiceTest, ARequestIsDoneOnceAndWhatIsThereStaysAsItIs) {
  v1::SetReportingPolicyRequest request = Custom("Branches", 30);
  request.set_request_id("r1");
  const auto first = Set(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->classes(0).first_report_days(), 365) << "a class that is not named has the default's days";
  EXPECT_EQ(first->effective_at().seconds(), kNow);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Set(Custom("Branches", 31)).ok());
  EXPECT_EQ(Set(request)->SerializeAsString(), first->SerializeAsString()) << "answered as the first time";
  EXPECT_EQ(List(false), (std::vector<std::string>{"Branches: 31 days"}));
  const int64_t audited = database_.Number("SELECT count(*) FROM ledger_audit");
  EXPECT_EQ(Set(Custom("Branches", 31))->effective_at().seconds(), kNow + 3600) << "in force since then";
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit"), audited);
  request.set_push_interval_days(9);
  EXPECT_EQ(errors::ErrorId(Set(request).status()), "ledger.request_id_reused");
}

TEST_F(PolicyServiceTest, AuditNamesWhatWasInForceAndWhatIs) {
  ASSERT_TRUE(Set(Custom("Branches", 30)).ok());
  ASSERT_TRUE(Set(Custom("Branches", 31)).ok());
  Clear("Branches");
  EXPECT_EQ(database_.Table("SELECT split_part(method, '/', 2), before->>'name', after->>'name',"
                            " after->'days'->>4, coalesce(before, after)->>'virtual_account'"
                            " FROM ledger_audit ORDER BY audit_id"),
            "SetReportingPolicy||30 days|30|Branches\n"
            "SetReportingPolicy|30 days|31 days|31|Branches\n"
            "ClearReportingPolicy|31 days|||Branches\n");
}

TEST_F(PolicyServiceTest, RefusesWhatIsNoPolicyByField) {
  v1::SetReportingPolicyRequest request = Custom("Branches", 3651);
  EXPECT_EQ(Refusal(request),
            "classes[unenforced_subscription].ongoing_days: got \"3651\", want 0 to 3650 days");
  request = Custom("", 30);
  *request.add_classes() = request.classes(0);
  EXPECT_EQ(Refusal(request),
            "classes[1].license_class: got \"unenforced_subscription\", want each class once");
  request.mutable_classes(1)->set_license_class(static_cast<v1::LicenseClass>(9));
  EXPECT_EQ(Refusal(request), "classes[1].license_class: got \"9\", want one of the four classes");
  request = Custom("", 30);
  request.set_push_interval_days(0);
  EXPECT_EQ(Refusal(request), "push_interval_days: got \"0\", want 1 to 3650 days");
  request = Custom("", 30);
  request.set_type(v1::POLICY_TYPE_MERGED);
  EXPECT_NE(Refusal(request).find("type: got \"merged\""), std::string::npos);
  request.set_type(static_cast<v1::PolicyType>(-1));
  EXPECT_NE(Refusal(request).find("type: got \"-1\""), std::string::npos);
  request = Custom("", 30);
  request.set_name("a\nb");
  EXPECT_NE(Refusal(request).find("name: got \"control character 10\""), std::string::npos);
  request.set_name(std::string(65, 'x'));
  EXPECT_NE(Refusal(request).find("name: got \"65 bytes\""), std::string::npos);
  EXPECT_EQ(errors::ErrorId(Set(Custom("Nowhere", 30)).status()), "ledger.virtual_account_unknown");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM reporting_policies"), 0);
}

TEST_F(PolicyServiceTest, AClockThatGoesBackMakesNoTwoPoliciesOverlap) {
  ASSERT_TRUE(Set(Custom("Branches", 30)).ok());
  clock_.Advance(-absl::Hours(5));
  ASSERT_TRUE(Set(Custom("Branches", 31)).ok());
  EXPECT_EQ(database_.Table("SELECT name, extract(epoch FROM effective_at)::bigint, extract(epoch FROM "
                            "ended_at)::bigint FROM reporting_policies ORDER BY policy_id"),
            "30 days|1700000000|1700000000\n31 days|1700000000|\n");
}

TEST_F(PolicyServiceTest, OfManyWritersAtOnceOneIsInForceAndNoneIsLost) {
  constexpr int kWriters = 8;
  constexpr int kWrites = 10;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kWrites; ++i) {
        if (writer == 0 && i % 3 == 0) Clear("Branches");
        const auto set = Set(Custom("Branches", 1 + writer * kWrites + i));
        EXPECT_TRUE(set.ok()) << set.status();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(database_.Number("SELECT count(*) FROM reporting_policies"), kWriters * kWrites);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM reporting_policies WHERE ended_at IS NULL"), 1);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM reporting_policies a JOIN reporting_policies b"
                             " ON a.policy_id < b.policy_id AND a.effective_at < b.ended_at"
                             " AND b.effective_at < a.ended_at"),
            0)
      << "two at a time";
}

}  // namespace
}  // namespace quartermaster::ledger
