#include "clients/acknowledgement_poll/acknowledgement_poll.h"

#include <gtest/gtest.h>

#include <vector>

#include "clients/qmctl/toy_node.h"
#include "services/common/errors/error.h"

namespace quartermaster::client {
namespace {

using authority::v1::PollAcknowledgementsResponse;

class AcknowledgementPollTest : public ::testing::Test {
 protected:
  AcknowledgementPollTest() {
    node_ = *NodeConnection::Open(*LoadCredential(toy_.credentials()), absl::Seconds(5));
    for (int i = 0; i < 3; ++i) AddPage(absl::StrCat("SN", i));
  }

  void AddPage(const std::string& serial_number) {
    PollAcknowledgementsResponse& page = toy_.poll_pages.emplace_back();
    page.set_status(PollAcknowledgementsResponse::STATUS_COMPLETE);
    page.add_acknowledgements()->mutable_udi()->set_serial_number(serial_number);
  }

  absl::StatusOr<PollEnd> Read() {
    return ReadEveryPage(*node_, {"", 77}, [&](const PollAcknowledgementsResponse& page) {
      for (const auto& one : page.acknowledgements()) seen_.push_back(one.udi().serial_number());
      return absl::OkStatus();
    });
  }

  qmctl::ToyNode toy_;
  std::unique_ptr<NodeConnection> node_;
  std::vector<std::string> seen_;
};

TEST_F(AcknowledgementPollTest, EveryPageIsReadOnceAndInOrder) {
  const auto end = Read();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->complete);
  EXPECT_EQ(seen_, (std::vector<std::string>{"SN0", "SN1", "SN2"}));
}

TEST_F(AcknowledgementPollTest, OnePageThatIsNotCompleteKeepsTheWholeOpen) {
  toy_.poll_pages[1].set_status(PollAcknowledgementsResponse::STATUS_POLL);
  toy_.poll_pages[1].set_poll_interval_s(9);
  const auto end = Read();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_FALSE(end->complete);
  EXPECT_EQ(end->poll_interval_s, 9);
  EXPECT_EQ(seen_.size(), 3u);
}

TEST_F(AcknowledgementPollTest, APageThatFailsForAMomentIsAskedForAgain) {
  toy_.calls_to_fail = 2;
  ASSERT_TRUE(Read().ok());
  EXPECT_EQ(seen_.size(), 3u);
}

TEST_F(AcknowledgementPollTest, PagesThatLeadNowhereAreAnError) {
  toy_.poll_pages_repeat = true;
  EXPECT_EQ(errors::ErrorId(Read().status()), "client.answer_malformed");
}

TEST_F(AcknowledgementPollTest, AnErrorOfTheReaderEndsIt) {
  const auto end = ReadEveryPage(*node_, {"", 77}, [&](const PollAcknowledgementsResponse&) {
    return absl::InternalError("the disk is full");
  });
  EXPECT_EQ(end.status().message(), "the disk is full");
  EXPECT_EQ(toy_.calls, 1);
}

}  // namespace
}  // namespace quartermaster::client
