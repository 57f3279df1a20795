#include "services/ledger/storage/administration/authorization_store.h"

#include "absl/strings/escaping.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define MICROS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define AUTHORIZATION_COLUMNS \
  "a.authorization_id, a.product_instance_id, p.udi_pid, p.udi_sn, a.virtual_account_id, a.kind, a.state,"   \
  " a.sequence, a.replaces_authorization_id, a.requested_by, " MICROS("a.requested_at") ", a.decided_by, "   \
  MICROS("a.decided_at") ", " MICROS("a.hold_expires_at") ", " MICROS("a.granted_at") ", "                   \
  MICROS("a.confirmed_at") ", " MICROS("a.ended_at") ", a.confirmation_hash, a.removal_hash"
#define FROM_AUTHORIZATIONS                         \
  " FROM authorizations a JOIN product_instances p" \
  " ON (p.smart_account_id, p.product_instance_id) = (a.smart_account_id, a.product_instance_id)"

constexpr char kFindAuthorization[] = "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
                                      " WHERE a.smart_account_id = $1 AND a.authorization_id = $2";
constexpr char kLiveAuthorizations[] =
    "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
    " WHERE a.smart_account_id = $1 AND a.product_instance_id = $2 AND a.state IN (1, 2, 3, 4, 5)"
    " ORDER BY a.authorization_id";
constexpr char kFindReturned[] =
    "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
    " WHERE a.smart_account_id = $1 AND a.product_instance_id = $2 AND a.state = 7 AND a.removal_hash = $3"
    " ORDER BY a.authorization_id DESC LIMIT 1";
constexpr char kListAuthorizations[] =
    "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
    " WHERE a.smart_account_id = $1 AND a.authorization_id > $2 AND (a.kind <> 1) = $3"
    " ORDER BY a.authorization_id LIMIT $4";
constexpr char kListOfInstance[] =
    "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
    " WHERE a.smart_account_id = $1 AND a.authorization_id > $2 AND (a.kind <> 1) = $3"
    " AND a.product_instance_id = $5 AND ($6 = 0 OR a.state = $6) ORDER BY a.authorization_id LIMIT $4";
constexpr char kListInState[] =
    "SELECT " AUTHORIZATION_COLUMNS FROM_AUTHORIZATIONS
    " WHERE a.smart_account_id = $1 AND a.authorization_id > $2 AND (a.kind <> 1) = $3 AND a.state = $5"
    " ORDER BY a.authorization_id LIMIT $4";
constexpr char kLastSequence[] =
    "SELECT coalesce(max(sequence), 0) FROM authorizations WHERE smart_account_id = $1 AND "
    "product_instance_id = $2";
#undef FROM_AUTHORIZATIONS
#undef AUTHORIZATION_COLUMNS
#undef MICROS
static_assert(static_cast<int>(AuthorizationState::kAwaitingApproval) == 1 &&
              static_cast<int>(AuthorizationState::kReturnPending) == 5 &&
              static_cast<int>(AuthorizationState::kReturned) == 7);

constexpr char kReadLines[] =
    "SELECT l.authorization_id, l.tag_id, l.quantity, t.tag FROM authorization_lines l"
    " JOIN license_tags t USING (tag_id)"
    " WHERE l.smart_account_id = $1 AND l.authorization_id = ANY ($2::bigint[]) ORDER BY 1, 2";

constexpr char kInsertAuthorization[] = R"sql(
  INSERT INTO authorizations (smart_account_id, product_instance_id, virtual_account_id, kind, state, sequence,
    replaces_authorization_id, requested_by, requested_at, hold_expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::timestamptz, $10::timestamptz) RETURNING authorization_id)sql";
constexpr char kInsertLines[] =
    "INSERT INTO authorization_lines (smart_account_id, authorization_id, tag_id, quantity)"
    " SELECT $1, $2, tag_id, quantity FROM unnest($3::int[], $4::bigint[]) AS n (tag_id, quantity)";
constexpr char kUpdateAuthorization[] = R"sql(
  UPDATE authorizations SET state = $3, decided_by = $4, decided_at = $5::timestamptz,
    hold_expires_at = $6::timestamptz, granted_at = $7::timestamptz, confirmed_at = $8::timestamptz,
    ended_at = $9::timestamptz, confirmation_hash = $10::bytea, removal_hash = $11::bytea
  WHERE smart_account_id = $1 AND authorization_id = $2)sql";

// In the order of domain/rights_book.h.
constexpr char kReadShares[] = R"sql(
  SELECT s.virtual_account_id, s.tag_id, s.lot_id, s.quantity
  FROM authorization_lots s JOIN entitlements e USING (smart_account_id, lot_id)
  WHERE s.smart_account_id = $1 AND s.authorization_id = $2
    AND ($3::timestamptz IS NULL OR e.end_at IS NULL OR e.end_at > $3)
  ORDER BY s.tag_id, e.end_at DESC NULLS FIRST, e.start_at, s.lot_id, s.virtual_account_id)sql";
constexpr char kAddShares[] = R"sql(
  INSERT INTO authorization_lots AS s (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id, quantity)
  SELECT $1, $2, tag_id, lot_id, virtual_account_id, sum(quantity)::bigint
  FROM unnest($3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS n (tag_id, lot_id, virtual_account_id, quantity)
  GROUP BY 3, 4, 5
  ON CONFLICT (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id)
  DO UPDATE SET quantity = s.quantity + excluded.quantity)sql";
constexpr char kDeleteShares[] =
    "DELETE FROM authorization_lots WHERE smart_account_id = $1 AND authorization_id = $2"
    " AND ($3::bigint[] IS NULL OR lot_id = ANY ($3))";

constexpr char kDueHolds[] =
    "SELECT smart_account_id, authorization_id FROM authorizations WHERE hold_expires_at <= $1::timestamptz"
    " ORDER BY hold_expires_at LIMIT $2";

constexpr char kFactsOfTags[] =
    "SELECT tag_id, tag, display_name, description, enforcement FROM license_tags"
    " WHERE tag_id = ANY ($1::int[])";
constexpr char kFactsOfLots[] =
    "SELECT lot_id, term, (extract(epoch FROM start_at) * 1000000)::bigint,"
    " (extract(epoch FROM end_at) * 1000000)::bigint, subscription_id FROM entitlements"
    " WHERE smart_account_id = $1 AND lot_id = ANY ($2::bigint[])";

constexpr char kReadRule[] = R"sql(
  SELECT r.export_allowed, r.country, r.approval,
         EXISTS (SELECT FROM restricted_countries c WHERE c.country = r.country)
  FROM authorization_rules r WHERE r.smart_account_id = $1)sql";
constexpr int kAutomatic = 1;
constexpr int kFourEyes = 2;
constexpr char kWriteRule[] = R"sql(
  INSERT INTO authorization_rules (smart_account_id, export_allowed, country, approval, changed_at)
  VALUES ($1, $2, $3, $4, $5::timestamptz)
  ON CONFLICT (smart_account_id) DO UPDATE SET export_allowed = excluded.export_allowed,
    country = excluded.country, approval = excluded.approval, changed_at = excluded.changed_at)sql";
constexpr char kRestrictedCountries[] = "SELECT country FROM restricted_countries ORDER BY country";
constexpr char kDeleteCountries[] = "DELETE FROM restricted_countries WHERE country <> ALL ($1::text[])";
constexpr char kInsertCountries[] =
    "INSERT INTO restricted_countries (country, added_at)"
    " SELECT DISTINCT country, $2::timestamptz FROM unnest($1::text[]) AS n (country) ORDER BY 1"
    " ON CONFLICT (country) DO NOTHING";

std::string BytesOf(const pqxx::field& field) {
  return field.is_null() ? std::string() : pqxx::binarystring(field).str();
}

Authorization AuthorizationOf(const pqxx::row& row) {
  Authorization authorization;
  authorization.id = row[0].as<int64_t>();
  authorization.product_instance_id = row[1].as<int64_t>();
  authorization.udi = {row[2].as<std::string>(), row[3].as<std::string>()};
  authorization.virtual_account_id = row[4].as<int64_t>();
  authorization.kind = static_cast<AuthorizationKind>(row[5].as<int>());
  authorization.state = static_cast<AuthorizationState>(row[6].as<int>());
  authorization.sequence = row[7].as<int64_t>();
  if (!row[8].is_null()) authorization.replaces = row[8].as<int64_t>();
  authorization.requested_by = row[9].as<std::string>();
  authorization.requested_at = MicrosAt(row[10]);
  authorization.decided_by = row[11].as<std::string>();
  authorization.decided_at = OptionalMicrosAt(row[12]);
  authorization.hold_expires_at = OptionalMicrosAt(row[13]);
  authorization.granted_at = OptionalMicrosAt(row[14]);
  authorization.confirmed_at = OptionalMicrosAt(row[15]);
  authorization.ended_at = OptionalMicrosAt(row[16]);
  authorization.confirmation_hash = BytesOf(row[17]);
  authorization.removal_hash = BytesOf(row[18]);
  return authorization;
}

std::vector<Authorization> WithLines(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     const pqxx::result& rows) {
  std::vector<Authorization> authorizations;
  std::vector<int64_t> ids;
  std::map<int64_t, size_t> places;
  for (const auto& row : rows) {
    authorizations.push_back(AuthorizationOf(row));
    ids.push_back(authorizations.back().id);
    places[ids.back()] = ids.size() - 1;
  }
  if (ids.empty()) return authorizations;
  for (const auto& row : transaction.exec_params(kReadLines, smart_account_id, IntArray(ids))) {
    authorizations[places.at(row[0].as<int64_t>())].lines.push_back(
        {row[1].as<int32_t>(), row[2].as<int64_t>(), row[3].as<std::string>()});
  }
  return authorizations;
}

std::vector<LotShare> SharesOf(const pqxx::result& rows) {
  std::vector<LotShare> shares;
  for (const auto& row : rows) {
    shares.push_back({.pool = {row[0].as<int64_t>(), row[1].as<int32_t>()},
                      .lot_id = row[2].as<int64_t>(),
                      .quantity = row[3].as<int64_t>()});
  }
  return shares;
}

std::optional<Authorization> OnlyOne(std::vector<Authorization> found) {
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace

int64_t InsertAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            const Authorization& authorization) {
  const int64_t id =
      transaction
          .exec_params1(kInsertAuthorization, smart_account_id, authorization.product_instance_id,
                        authorization.virtual_account_id, static_cast<int>(authorization.kind),
                        static_cast<int>(authorization.state), authorization.sequence, authorization.replaces,
                        authorization.requested_by, TimeText(authorization.requested_at),
                        TimeText(authorization.hold_expires_at))[0]
          .as<int64_t>();
  std::vector<int64_t> tags, quantities;
  for (const AuthorizationLine& line : authorization.lines) {
    tags.push_back(line.tag_id);
    quantities.push_back(line.quantity);
  }
  transaction.exec_params(kInsertLines, smart_account_id, id, IntArray(tags), IntArray(quantities));
  return id;
}

void UpdateAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         const Authorization& authorization) {
  const auto bytes = [](const std::string& hash) {
    return hash.empty() ? std::nullopt : std::optional("\\x" + absl::BytesToHexString(hash));
  };
  transaction.exec_params(kUpdateAuthorization, smart_account_id, authorization.id,
                          static_cast<int>(authorization.state), authorization.decided_by,
                          TimeText(authorization.decided_at), TimeText(authorization.hold_expires_at),
                          TimeText(authorization.granted_at), TimeText(authorization.confirmed_at),
                          TimeText(authorization.ended_at), bytes(authorization.confirmation_hash),
                          bytes(authorization.removal_hash));
}

std::optional<Authorization> FindAuthorization(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                               int64_t authorization_id) {
  return OnlyOne(WithLines(transaction, smart_account_id,
                           transaction.exec_params(kFindAuthorization, smart_account_id, authorization_id)));
}

std::vector<Authorization> LiveAuthorizations(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                              int64_t product_instance_id) {
  return WithLines(transaction, smart_account_id,
                   transaction.exec_params(kLiveAuthorizations, smart_account_id, product_instance_id));
}

std::optional<Authorization> FindReturned(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          int64_t product_instance_id, const std::string& removal_hash) {
  return OnlyOne(WithLines(transaction, smart_account_id,
                           transaction.exec_params(kFindReturned, smart_account_id, product_instance_id,
                                                   pqxx::binarystring(removal_hash))));
}

int64_t LastSequence(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     int64_t product_instance_id) {
  return transaction.exec_params1(kLastSequence, smart_account_id, product_instance_id)[0].as<int64_t>();
}

std::vector<Authorization> ListAuthorizations(pqxx::transaction_base& transaction,
                                              const AuthorizationFilter& filter) {
  const int state = filter.state.has_value() ? static_cast<int>(*filter.state) : 0;
  const auto list = [&] {
    if (filter.product_instance_id.has_value()) {
      return transaction.exec_params(kListOfInstance, filter.smart_account_id, filter.after_id,
                                     filter.reservations, filter.limit, *filter.product_instance_id, state);
    }
    if (state != 0) {
      return transaction.exec_params(kListInState, filter.smart_account_id, filter.after_id,
                                     filter.reservations, filter.limit, state);
    }
    return transaction.exec_params(kListAuthorizations, filter.smart_account_id, filter.after_id,
                                   filter.reservations, filter.limit);
  };
  return WithLines(transaction, filter.smart_account_id, list());
}

std::vector<LotShare> ReadShares(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                 int64_t authorization_id) {
  return SharesOf(
      transaction.exec_params(kReadShares, smart_account_id, authorization_id, std::optional<std::string>()));
}

std::vector<LotShare> SharesInForce(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    int64_t authorization_id, absl::Time now) {
  return SharesOf(transaction.exec_params(kReadShares, smart_account_id, authorization_id, TimeText(now)));
}

void AddShares(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id,
               const std::vector<LotShare>& shares) {
  std::vector<int64_t> tags, lots, virtual_accounts, quantities;
  for (const LotShare& share : shares) {
    tags.push_back(share.pool.tag_id);
    lots.push_back(share.lot_id);
    virtual_accounts.push_back(share.pool.virtual_account_id);
    quantities.push_back(share.quantity);
  }
  transaction.exec_params(kAddShares, smart_account_id, authorization_id, IntArray(tags), IntArray(lots),
                          IntArray(virtual_accounts), IntArray(quantities));
}

void DeleteShares(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id) {
  transaction.exec_params(kDeleteShares, smart_account_id, authorization_id, std::optional<std::string>());
}

void DeleteSharesOf(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t authorization_id,
                    const std::vector<LotShare>& shares) {
  std::vector<int64_t> lots;
  for (const LotShare& share : shares) lots.push_back(share.lot_id);
  transaction.exec_params(kDeleteShares, smart_account_id, authorization_id, IntArray(lots));
}

std::vector<DueAuthorization> DueHolds(pqxx::transaction_base& transaction, absl::Time now, int limit) {
  std::vector<DueAuthorization> due;
  for (const auto& row : transaction.exec_params(kDueHolds, TimeText(now), limit)) {
    due.push_back({row[0].as<int64_t>(), row[1].as<int64_t>()});
  }
  return due;
}

std::map<int32_t, TagFacts> FactsOfTags(pqxx::transaction_base& transaction,
                                        const std::vector<int64_t>& tag_ids) {
  std::map<int32_t, TagFacts> facts;
  for (const auto& row : transaction.exec_params(kFactsOfTags, IntArray(tag_ids))) {
    facts[row[0].as<int32_t>()] = {row[1].as<std::string>(), row[2].as<std::string>(),
                                   row[3].as<std::string>(), row[4].as<int>()};
  }
  return facts;
}

std::map<int64_t, LotFacts> FactsOfLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const std::vector<int64_t>& lot_ids) {
  std::map<int64_t, LotFacts> facts;
  for (const auto& row : transaction.exec_params(kFactsOfLots, smart_account_id, IntArray(lot_ids))) {
    facts[row[0].as<int64_t>()] = {static_cast<Term>(row[1].as<int>()), MicrosAt(row[2]),
                                   OptionalMicrosAt(row[3]), row[4].as<std::string>()};
  }
  return facts;
}

AuthorizationRule ReadAuthorizationRule(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  const pqxx::result rows = transaction.exec_params(kReadRule, smart_account_id);
  if (rows.empty()) return {};
  return {.export_status = {.allowed = rows[0][0].as<bool>(),
                            .country = rows[0][1].as<std::string>(),
                            .country_restricted = rows[0][3].as<bool>()},
          .four_eyes = rows[0][2].as<int>() == kFourEyes};
}

void WriteAuthorizationRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            const AuthorizationRule& rule, absl::Time now) {
  transaction.exec_params(kWriteRule, smart_account_id, rule.export_status.allowed,
                          rule.export_status.country, rule.four_eyes ? kFourEyes : kAutomatic, TimeText(now));
}

std::vector<std::string> RestrictedCountries(pqxx::transaction_base& transaction) {
  std::vector<std::string> countries;
  for (const auto& row : transaction.exec(kRestrictedCountries))
    countries.push_back(row[0].as<std::string>());
  return countries;
}

void ReplaceRestrictedCountries(pqxx::transaction_base& transaction,
                                const std::vector<std::string>& countries, absl::Time now) {
  transaction.exec_params(kDeleteCountries, TextArray(countries));
  transaction.exec_params(kInsertCountries, TextArray(countries), TimeText(now));
}

}  // namespace quartermaster::ledger
