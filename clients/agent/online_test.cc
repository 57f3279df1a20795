#include "clients/agent/online.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "clients/agent/manufacturer_ca.h"
#include "clients/qmctl/toy_node.h"

namespace quartermaster::agent {
namespace {

using authority::v1::PollAcknowledgementsResponse;
using ingest::v1::ReportResult;

class OnlineTest : public ::testing::Test {
 protected:
  OnlineTest() {
    const std::string path = ::testing::TempDir() + "/online";
    std::filesystem::remove_all(path);
    AgentState state;
    state.udi = {"C9300-24UX", "SN1"};
    state.clock_s = 1767225600;
    state.signing = SigningKind::kBuiltin;
    directory_ = *StateDirectory::Create(path, state);
    node_ = *client::NodeConnection::Open(*client::LoadCredential(toy_.credentials()), absl::Seconds(5));
    // Pinning needs some CA, not a particular one.
    const auto ca = ManufacturerCa::OpenOrCreate(path, absl::Now());
    toy_.authority_certificates.add_pem(ca->certificate().ToPem());
    toy_.poll_pages.resize(1);
  }

  void UseFor90Days() {
    ASSERT_TRUE(SetTagCount(directory_->state(), "tag", 5).ok());
    const auto closed = Advance(directory_->state(), 90 * 86400);
    ASSERT_TRUE(directory_->Keep(*closed).ok());
  }

  qmctl::ToyNode toy_;
  std::unique_ptr<StateDirectory> directory_;
  std::unique_ptr<client::NodeConnection> node_;
};

TEST_F(OnlineTest, ReportsAreSubmittedOnceAndThePollIdIsKept) {
  UseFor90Days();
  const auto results = SubmitUnreported(*directory_, *node_, {});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(results->size(), 3u);
  EXPECT_EQ(directory_->state().polls, (std::vector<int64_t>{77}));
  EXPECT_EQ(directory_->state().last_push_s, directory_->state().clock_s);
  EXPECT_EQ(SubmitUnreported(*directory_, *node_, {})->size(), 0u);
  EXPECT_EQ(toy_.documents.size(), 1u);
}

TEST_F(OnlineTest, ADuplicateIsReportedAndARefusalIsNot) {
  UseFor90Days();
  toy_.submit_outcome = ReportResult::OUTCOME_REJECTED;
  ASSERT_TRUE(SubmitUnreported(*directory_, *node_, {}).ok());
  EXPECT_FALSE(directory_->state().reports[0].reported);
  toy_.submit_outcome = ReportResult::OUTCOME_DUPLICATE;
  ASSERT_TRUE(SubmitUnreported(*directory_, *node_, {}).ok());
  EXPECT_TRUE(directory_->state().reports[0].reported);
}

TEST_F(OnlineTest, ANodeThatIsAwayForAMomentLosesNothing) {
  UseFor90Days();
  toy_.calls_to_fail = 3;
  const auto results = SubmitUnreported(*directory_, *node_, {});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(toy_.documents.size(), 1u);
}

TEST_F(OnlineTest, APollThatIsNotCompleteIsAskedAgain) {
  UseFor90Days();
  ASSERT_TRUE(SubmitUnreported(*directory_, *node_, {}).ok());
  toy_.poll_pages[0].set_status(PollAcknowledgementsResponse::STATUS_POLL);
  EXPECT_EQ(PollAcknowledgements(*directory_, *node_, {})->pending, 1);
  toy_.poll_pages[0].set_status(PollAcknowledgementsResponse::STATUS_COMPLETE);
  toy_.poll_pages[0].add_vendor_acknowledgement_required()->set_serial_number("SN1");
  const auto outcome = PollAcknowledgements(*directory_, *node_, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->pending, 0);
  EXPECT_TRUE(outcome->vendor_acknowledgement_required);
  EXPECT_EQ(directory_->AuthorityCertificates()->size(), 1u);
}

TEST_F(OnlineTest, AnAnswerInPagesIsReadToItsEnd) {
  UseFor90Days();
  ASSERT_TRUE(SubmitUnreported(*directory_, *node_, {}).ok());
  toy_.poll_pages[0].set_status(PollAcknowledgementsResponse::STATUS_COMPLETE);
  auto& second = toy_.poll_pages.emplace_back();
  second.set_status(PollAcknowledgementsResponse::STATUS_POLL);
  second.add_vendor_acknowledgement_required()->set_serial_number("SN1");
  const auto outcome = PollAcknowledgements(*directory_, *node_, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->vendor_acknowledgement_required);
  EXPECT_EQ(outcome->pending, 1);
}

}  // namespace
}  // namespace quartermaster::agent
