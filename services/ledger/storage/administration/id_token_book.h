// Rows of id_tokens and id_token_redemptions.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ID_TOKEN_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ID_TOKEN_BOOK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/id_token.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

// The value of a token as it is stored.
struct SealedValue {
  std::string digest;
  std::string envelope;
};

struct RedeemingMember {
  UdiText udi;
  std::string key_id;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// `token` without its id, which is answered.
int64_t InsertIdToken(pqxx::transaction_base& transaction, const IdToken& token, const SealedValue& value);
std::optional<IdToken> FindIdToken(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t id);
std::optional<SealedValue> ReadIdTokenValue(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            int64_t id);
// The newest first, those with an id below `before_id`.
std::vector<IdToken> ListIdTokens(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                  std::optional<int64_t> virtual_account_id, int64_t before_id, int limit);
// No effect on one that is revoked already.
void MarkIdTokenRevoked(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t id,
                        absl::Time now);

// Locks it: whoever redeems the same token waits until this transaction ends.
std::optional<IdToken> LockIdTokenByDigest(pqxx::transaction_base& transaction, const std::string& digest);
// Locks the UDIs, in one order everywhere, against a redemption for another Smart Account meanwhile.
void LockRedeemingUdis(pqxx::transaction_base& transaction, const std::vector<RedeemingMember>& members);
// Of these the ones that redeemed this token already, with the key that they had then.
std::map<UdiText, std::string> FindRedemptions(pqxx::transaction_base& transaction, const IdToken& token,
                                               const std::vector<RedeemingMember>& members);
// Of these one that redeemed a token of another Smart Account, or has a trust code there.
std::optional<UdiText> EnrolledElsewhere(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         const std::vector<RedeemingMember>& members);
// What it redeemed is forgotten; the tokens that it had redeemed. Their uses stay counted.
std::vector<int64_t> ForgetRedemptions(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       const UdiText& udi);
// Adds the redemptions, and as many uses.
void InsertRedemptions(pqxx::transaction_base& transaction, const IdToken& token,
                       const std::vector<RedeemingMember>& members, absl::Time now);

// Product instances that are only known from the inventory move to the home that their trust code names:
// no report has placed them yet. Waits for the lock of the usage books when there are any.
void PlaceInventory(pqxx::transaction_base& transaction, const IdToken& token,
                    const std::vector<RedeemingMember>& members, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ID_TOKEN_BOOK_H_
