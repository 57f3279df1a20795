// Names in requests and answers, read for a whole group at once.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_NAMES_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_NAMES_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "services/ledger/api/movements/movement_call.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {

// What the names in requests stand for.
struct RequestNames {
  std::map<std::string, int64_t> virtual_accounts;
  std::map<std::string, int32_t> tags;
  std::map<std::string, int64_t> lots;
};
// Of all transfers among `calls`. Names that are no names are left out.
RequestNames ReadRequestNames(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              std::span<MovementCall* const> calls);

// The lines of a transfer; refuses by field.
absl::StatusOr<std::vector<TransferLine>> LinesOf(const RequestNames& names,
                                                  const v1::TransferEntitlementsRequest& request);
std::string TransferField(size_t line, const char* field);

// Lots never change their names, so they are kept between groups.
using KnownLots = std::map<int64_t, LotNames>;

// Names for the answers of one group.
class AnswerNames {
 public:
  // Of everything that `changes` moved. Adds to `lots` what it lacks; `lots` outlives this.
  AnswerNames(pqxx::transaction_base& transaction, int64_t smart_account_id,
              std::span<const RightsChange> changes, KnownLots& lots);
  void Fill(int64_t movement_id, const RightsChange& change, v1::Movement* response) const;

 private:
  // Empty for what lies in no Virtual Account.
  std::string NameOf(const RightsPlace& place) const;

  const KnownLots& lots_;
  std::map<int64_t, std::string> virtual_accounts_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_NAMES_H_
