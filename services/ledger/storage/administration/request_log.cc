#include "services/ledger/storage/administration/request_log.h"

#include <nlohmann/json.hpp>

#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectAnswers[] = R"sql(
  SELECT c.place, r.content_hash, r.answer
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS c (caller, request_id, place)
  JOIN ledger_requests r USING (caller, request_id))sql";

constexpr char kInsertAnswers[] = R"sql(
  INSERT INTO ledger_requests (caller, request_id, content_hash, answer, recorded_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[]))sql";

constexpr char kInsertAudits[] = R"sql(
  INSERT INTO ledger_audit (smart_account_id, recorded_at, actor, request_id, method, before, after)
  SELECT $1, recorded_at, actor, request_id, method, nullif(before, '')::jsonb, nullif(after, '')::jsonb
  FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS a (recorded_at, actor, request_id, method, before, after))sql";

// Ids are drawn, and come back, in the order of the arrays.
constexpr char kInsertChanges[] = R"sql(
  INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind, entry_count, entries_root,
    actor, request_id, reverses_change_id)
  SELECT $1, (SELECT max(incarnation) FROM database_incarnations), $2::timestamptz, kind, entry_count,
    entries_root, actor, request_id, nullif(reverses_change_id, 0)
  FROM unnest($3::smallint[], $4::int[], $5::bytea[], $6::text[], $7::text[], $8::bigint[]) WITH ORDINALITY
    AS c (kind, entry_count, entries_root, actor, request_id, reverses_change_id, place)
  ORDER BY place
  RETURNING change_id)sql";

}  // namespace

std::vector<KeptAnswer> FindAnswers(pqxx::transaction_base& transaction,
                                    std::span<const LoggedCall* const> calls) {
  std::vector<KeptAnswer> answers(calls.size(), KeptAnswer(std::nullopt));
  std::vector<std::string> callers, request_ids;
  std::vector<size_t> places;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i]->act.request_id.empty()) continue;
    callers.push_back(calls[i]->act.actor);
    request_ids.push_back(calls[i]->act.request_id);
    places.push_back(i);
  }
  if (places.empty()) return answers;
  for (const auto& row :
       transaction.exec_params(kSelectAnswers, TextArray(callers), TextArray(request_ids))) {
    const size_t place = places[row[0].as<size_t>() - 1];
    const LoggedCall& call = *calls[place];
    if (pqxx::binarystring(row[1]).str() != call.content_hash) {
      answers[place] = RequestIdReused(call.act.request_id);
    } else {
      answers[place] = pqxx::binarystring(row[2]).str();
    }
  }
  return answers;
}

void KeepAnswers(pqxx::transaction_base& transaction, std::span<const LoggedCall* const> calls,
                 std::span<const std::string> answers) {
  std::vector<std::string> callers, request_ids, hashes, kept;
  std::vector<std::optional<absl::Time>> times;
  for (size_t i = 0; i < calls.size(); ++i) {
    const Act& act = calls[i]->act;
    if (act.request_id.empty()) continue;
    callers.push_back(act.actor);
    request_ids.push_back(act.request_id);
    hashes.push_back(calls[i]->content_hash);
    kept.push_back(answers[i]);
    times.push_back(act.now);
  }
  if (callers.empty()) return;
  transaction.exec_params(kInsertAnswers, TextArray(callers), TextArray(request_ids), BytesArray(hashes),
                          BytesArray(kept), TimeArray(times));
}

void WriteAudit(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act,
                const std::string& before, const std::string& after) {
  WriteAudits(transaction, smart_account_id, std::vector<AuditRow>{{&act, before, after}});
}

void WriteAudits(pqxx::transaction_base& transaction, int64_t smart_account_id,
                 std::span<const AuditRow> rows) {
  if (rows.empty()) return;
  std::vector<std::optional<absl::Time>> times;
  std::vector<std::string> actors, request_ids, methods, before, after;
  for (const AuditRow& row : rows) {
    times.push_back(row.act->now);
    actors.push_back(row.act->actor);
    request_ids.push_back(row.act->request_id);
    methods.push_back(row.act->method);
    before.push_back(row.before);
    after.push_back(row.after);
  }
  transaction.exec_params(kInsertAudits, smart_account_id, TimeArray(times), TextArray(actors),
                          TextArray(request_ids), TextArray(methods), TextArray(before), TextArray(after));
}

std::vector<int64_t> WriteChanges(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                  absl::Time recorded_at, std::span<const NewChange> changes) {
  std::vector<int64_t> ids, kinds, entry_counts, reversed;
  std::vector<std::string> roots, actors, request_ids;
  for (const NewChange& change : changes) {
    const EntriesSeal seal = Seal(change.entries);
    kinds.push_back(static_cast<int64_t>(change.kind));
    entry_counts.push_back(seal.entry_count);
    roots.emplace_back(View(seal.entries_root));
    actors.push_back(change.act->actor);
    request_ids.push_back(change.act->request_id);
    reversed.push_back(change.reverses.value_or(0));
  }
  for (const auto& row : transaction.exec_params(
           kInsertChanges, smart_account_id, TimeText(recorded_at), IntArray(kinds), IntArray(entry_counts),
           BytesArray(roots), TextArray(actors), TextArray(request_ids), IntArray(reversed))) {
    ids.push_back(row[0].as<int64_t>());
  }
  return ids;
}

int64_t WriteChange(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                    std::span<const EntryLeaf> entries, const Act& act) {
  const NewChange change{.kind = kind, .entries = entries, .act = &act};
  return WriteChanges(transaction, smart_account_id, act.now, {&change, 1}).front();
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quartermaster::ledger
