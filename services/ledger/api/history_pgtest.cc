// The history of the books: who moved what, when, and why.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/ledger/api/terms_fixture.h"

namespace quartermaster::ledger {
namespace {

class HistoryTest : public TermsFixture {
 protected:
  absl::StatusOr<v1::ListHistoryResponse> List(const v1::ListHistoryRequest& request = {}) {
    return Call(history_, &HistoryServiceImpl::ListHistory, request);
  }
  // "kind tag quantity from>to entitlement or serial number", one a line.
  std::string Lines(const v1::ListHistoryRequest& request = {}) {
    const auto answer = List(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::string lines;
    if (!answer.ok()) return lines;
    for (const v1::HistoryEntry& entry : answer->entries()) {
      absl::StrAppend(&lines, v1::MovementKind_Name(entry.kind()).substr(14), " ", entry.tag(), " ",
                      entry.quantity(), " ", entry.from_virtual_account(), ">", entry.to_virtual_account(),
                      " ", entry.entitlement_id(), entry.udi().serial_number(), "\n");
    }
    return lines;
  }
  // A purchase, a transfer of two rights and its undoing, a correction, a report, an expiry: a day each.
  void MakeHistory() {
    Buy({{.id = "term", .quantity = 5, .end_at = Day(2026, 6, 6)}, {.id = "perpetual", .quantity = 5}});
    clock_.Advance(absl::Hours(24));
    transfer_ = Transfer("switch", "Default", "Lab", 7)->movement_id();
    clock_.Advance(absl::Hours(24));
    reversal_ = Reverse(transfer_)->movement_id();
    clock_.Advance(absl::Hours(24));
    ASSERT_TRUE(Correct("perpetual", 2).ok());
    clock_.Advance(absl::Hours(24));
    Report("SN1", "router", Day(2026, 6, 4), 3);
    clock_.Advance(absl::Hours(48));
    Expire();
  }

  int64_t transfer_ = 0;
  int64_t reversal_ = 0;
};

TEST_F(HistoryTest, TellsEveryEntryTheLatestFirst) {
  MakeHistory();
  EXPECT_EQ(Lines(),
            "EXPIRY switch 5 Default>Default term\n"
            "REPORTS_APPLIED router 3 Default>Default SN1\n"
            "CORRECTION switch 2 >Default perpetual\n"
            "REVERSAL switch 5 Lab>Default perpetual\n"
            "REVERSAL switch 2 Lab>Default term\n"
            "TRANSFER switch 2 Default>Lab term\n"
            "TRANSFER switch 5 Default>Lab perpetual\n"
            "PURCHASE switch 5 >Default perpetual\n"
            "PURCHASE switch 5 >Default term\n");
}

TEST_F(HistoryTest, AnEntrySaysBothTimesAndWhoAndWhy) {
  MakeHistory();
  const auto answer = List();
  ASSERT_TRUE(answer.ok()) << answer.status();
  const v1::HistoryEntry& expiry = answer->entries(0);
  EXPECT_EQ(expiry.recorded_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(expiry.effective_at().seconds(), absl::ToUnixSeconds(Day(2026, 6, 6)));
  EXPECT_EQ(expiry.actor(), "service:ledger");
  EXPECT_EQ(expiry.from_state(), v1::ENTRY_STATE_AVAILABLE);
  EXPECT_EQ(expiry.to_state(), v1::ENTRY_STATE_EXPIRED);
  const v1::HistoryEntry& use = answer->entries(1);
  EXPECT_EQ(use.report(), database_.Text("SELECT change_id || '-0' FROM ingest_changes"));
  EXPECT_EQ(use.udi().product_id(), "C9300");
  EXPECT_EQ(use.to_state(), v1::ENTRY_STATE_IN_USE);
  EXPECT_EQ(answer->entries(3).reverses_movement_id(), transfer_);
  EXPECT_EQ(answer->entries(3).movement_id(), reversal_);
}

TEST_F(HistoryTest, EveryFilterHolds) {
  MakeHistory();
  v1::ListHistoryRequest request;
  request.set_virtual_account("lab");
  EXPECT_EQ(Lines(request),
            "REVERSAL switch 5 Lab>Default perpetual\nREVERSAL switch 2 Lab>Default term\n"
            "TRANSFER switch 2 Default>Lab term\nTRANSFER switch 5 Default>Lab perpetual\n");
  request.set_entitlement_id("term");
  request.set_kind(v1::MOVEMENT_KIND_TRANSFER);
  EXPECT_EQ(Lines(request), "TRANSFER switch 2 Default>Lab term\n");
  request.Clear();
  request.set_tag("router");
  EXPECT_EQ(Lines(request), "REPORTS_APPLIED router 3 Default>Default SN1\n");
  request.set_product_id("C9300");
  request.set_serial_number("SN1");
  EXPECT_EQ(Lines(request), "REPORTS_APPLIED router 3 Default>Default SN1\n");
  request.set_tag("switch");
  EXPECT_EQ(Lines(request), "");
  request.Clear();
  request.set_movement_id(transfer_);
  EXPECT_EQ(Lines(request), "TRANSFER switch 2 Default>Lab term\nTRANSFER switch 5 Default>Lab perpetual\n");
  request.Clear();
  request.mutable_recorded_from()->set_seconds(absl::ToUnixSeconds(Day(2026, 6, 4)));
  request.mutable_recorded_until()->set_seconds(absl::ToUnixSeconds(Day(2026, 6, 7)));
  EXPECT_EQ(Lines(request),
            "REPORTS_APPLIED router 3 Default>Default SN1\nCORRECTION switch 2 >Default perpetual\n")
      << "from is part of the range, until is not";
}

TEST_F(HistoryTest, PagesAreTheWholeWhateverTheirSizeAndWhateverComesMeanwhile) {
  MakeHistory();
  const std::string whole = Lines();
  for (int size = 1; size <= 10; ++size) {
    v1::ListHistoryRequest request;
    request.set_page_size(size);
    std::string pages;
    do {
      pages += Lines(request);
      request.set_page_token(List(request)->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(pages, whole) << size;
  }
  v1::ListHistoryRequest request;
  request.set_page_size(4);
  std::string pages = Lines(request);
  request.set_page_token(List(request)->next_page_token());
  clock_.Advance(absl::Hours(1));
  Buy({{.id = "meanwhile"}});
  pages += Lines(request);
  request.set_page_token(List(request)->next_page_token());
  EXPECT_EQ(pages + Lines(request), whole);
}

TEST_F(HistoryTest, WrongFiltersAreRefusedByName) {
  MakeHistory();
  const auto error = [&](const std::function<void(v1::ListHistoryRequest&)>& set) {
    v1::ListHistoryRequest request;
    set(request);
    return errors::ErrorId(List(request).status());
  };
  EXPECT_EQ(error([](auto& r) { r.set_virtual_account("Nowhere"); }), "ledger.virtual_account_unknown");
  EXPECT_EQ(error([](auto& r) { r.set_tag("nothing"); }), "ledger.tag_unknown");
  EXPECT_EQ(error([](auto& r) { r.set_entitlement_id("nobody's"); }), "ledger.entitlement_unknown");
  EXPECT_EQ(error([](auto& r) { r.set_product_id("C9300"); }), "ledger.field_missing");
  EXPECT_EQ(error([](auto& r) { r.set_movement_id(123456); }), "ledger.movement_unknown");
  EXPECT_EQ(error([](auto& r) { r.set_page_token("rubbish"); }), "ids.page_token_invalid");
  EXPECT_EQ(error([](auto& r) { r.mutable_recorded_from()->set_seconds(-1); }), "ledger.field_invalid");
}

TEST_F(HistoryTest, ATokenOfAnotherFilterIsRefused) {
  MakeHistory();
  v1::ListHistoryRequest request;
  request.set_page_size(2);
  request.set_page_token(List(request)->next_page_token());
  request.set_tag("switch");
  EXPECT_EQ(errors::ErrorId(List(request).status()), "ids.page_token_of_other_filter");
}

TEST_F(HistoryTest, AnotherAccountsHistoryIsItsOwn) {
  MakeHistory();
  database_.AddAccount("other.example.com");
  v1::ListHistoryRequest request;
  request.set_smart_account("other.example.com");
  EXPECT_EQ(Lines(request), "");
  request.set_movement_id(transfer_);
  EXPECT_EQ(errors::ErrorId(List(request).status()), "ledger.movement_unknown");
}

}  // namespace
}  // namespace quartermaster::ledger
