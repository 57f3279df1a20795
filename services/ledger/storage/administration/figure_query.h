// Figures of single lots and consumers, as of any time, from the entries alone.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_FIGURE_QUERY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_FIGURE_QUERY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/rights_book.h"

namespace quartermaster::ledger {

// What was effective at `as_of`, as far as it was recorded by `known_at`.
struct FigureTimes {
  absl::Time as_of;
  absl::Time known_at;
};

enum class LotStatus { kPending, kActive, kExpired };

// What of a lot lies in one Virtual Account.
struct LotFigure {
  Lot lot;
  LotStatus status = LotStatus::kActive;
  std::string entitlement_id;
  std::string tag;
  int64_t virtual_account_id = 0;
  int64_t available = 0;
  int64_t held = 0;
  int64_t reserved = 0;
  int64_t expired = 0;

  int64_t entitled() const {
    return status == LotStatus::kActive ? available + held + reserved + expired : 0;
  }
};

// All functions run in the caller's transaction and throw what libpqxx throws.

struct LotFigureFilter {
  int64_t smart_account_id = 0;
  std::optional<int64_t> virtual_account_id;
  std::string tag;  // empty = any
};
// Of which something lies there, by Virtual Account, tag and lot. A lot that has not begun lies where it will
// when it begins; of one that has ended nothing is available, whether its expiry is booked yet or not.
std::vector<LotFigure> ReadLotFigures(pqxx::transaction_base& transaction, const LotFigureFilter& filter,
                                      const FigureTimes& times);

// What is in use in these pools, by (Virtual Account, tag).
std::map<RightsPool, int64_t> ReadUse(pqxx::transaction_base& transaction, const LotFigureFilter& filter,
                                      const FigureTimes& times);

struct UseFigure {
  int64_t virtual_account_id = 0;
  std::string tag;
  std::string display_name;
  int64_t in_use = 0;
};
// Of one consumer, by tag and Virtual Account; tags of which it never used anything by then are left out.
std::vector<UseFigure> ReadUseOfConsumer(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         int64_t consumer_id, const FigureTimes& times);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_FIGURE_QUERY_H_
