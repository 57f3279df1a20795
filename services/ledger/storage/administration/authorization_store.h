// Rows of authorizations, their lines and lots, and of the rules for export-controlled licenses.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/authorization_life.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws. Rows change under LockRights.

struct AuthorizationLine {
  int32_t tag_id = 0;
  int64_t quantity = 0;
  std::string tag;
  auto operator<=>(const AuthorizationLine&) const = default;
};

struct Authorization {
  int64_t id = 0;
  int64_t product_instance_id = 0;
  UdiText udi;
  int64_t virtual_account_id = 0;
  AuthorizationKind kind = AuthorizationKind::kAuthorization;
  AuthorizationState state = AuthorizationState::kHeld;
  int64_t sequence = 0;
  std::optional<int64_t> replaces;
  std::string requested_by;
  absl::Time requested_at;
  std::string decided_by;
  std::optional<absl::Time> decided_at, hold_expires_at, granted_at, confirmed_at, ended_at;
  // 32 bytes; empty until the code is signed.
  std::string confirmation_hash, removal_hash;
  // In the order of tag_id.
  std::vector<AuthorizationLine> lines;
  // Where it has just been signed; not kept here.
  std::string code;
};

// `id` and the times of what comes later are not read. Returns the id.
int64_t InsertAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            const Authorization& authorization);
// Everything that may change: state, decision, hashes, times.
void UpdateAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         const Authorization& authorization);

std::optional<Authorization> FindAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                               int64_t authorization_id);
// Those of a product instance that have not ended, oldest first.
std::vector<Authorization> LiveAuthorizations(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                              int64_t product_instance_id);
// The one of a product instance that this removal code ended.
std::optional<Authorization> FindReturned(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          int64_t product_instance_id, const std::string& removal_hash);
// The greatest that was given to a product instance; 0 = none.
int64_t LastSequence(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     int64_t product_instance_id);

struct AuthorizationFilter {
  int64_t smart_account_id = 0;
  int64_t after_id = 0;
  std::optional<int64_t> product_instance_id;
  std::optional<AuthorizationState> state;
  // Authorizations, or reservations of both kinds.
  bool reservations = false;
  int limit = 0;
};
std::vector<Authorization> ListAuthorizations(pqxx::transaction_base& transaction,
                                              const AuthorizationFilter& filter);

// Lots of one authorization, the longest term first.
std::vector<LotShare> ReadShares(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                 int64_t authorization_id);
// Of these, those whose lot has not ended.
std::vector<LotShare> SharesInForce(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    int64_t authorization_id, absl::Time now);
void AddShares(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id,
               const std::vector<LotShare>& shares);
void DeleteShares(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id);
// Only those of these lots.
void DeleteSharesOf(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id,
                    const std::vector<LotShare>& shares);

struct DueAuthorization {
  int64_t smart_account_id = 0;
  int64_t authorization_id = 0;
};
// Holds that have timed out, the longest due first.
std::vector<DueAuthorization> DueHolds(pqxx::transaction_base& transaction, absl::Time now, int limit);

// What the catalogue says of tags by id.
struct TagFacts {
  std::string tag, display_name, description;
  int enforcement = 1;
};
std::map<int32_t, TagFacts> FactsOfTags(pqxx::transaction_base& transaction,
                                        const std::vector<int64_t>& tag_ids);

struct LotFacts {
  Term term = Term::kPerpetual;
  absl::Time start_at;
  std::optional<absl::Time> end_at;
  std::string subscription_id;
};
std::map<int64_t, LotFacts> FactsOfLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const std::vector<int64_t>& lot_ids);

struct AuthorizationRule {
  ExportStatus export_status;
  bool four_eyes = true;
};
AuthorizationRule ReadAuthorizationRule(pqxx::transaction_base& transaction, int64_t smart_account_id);
void WriteAuthorizationRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            const AuthorizationRule& rule, absl::Time now);
std::vector<std::string> RestrictedCountries(pqxx::transaction_base& transaction);
void ReplaceRestrictedCountries(pqxx::transaction_base& transaction,
                                const std::vector<std::string>& countries, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_STORE_H_
