#include "services/ingest/storage/body_dictionaries.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/storage/built_in_dictionary.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

// All are in the memory of every process that reads bodies, some 150 kB each.
constexpr int32_t kDictionariesMax = 32;

}  // namespace

BodyDictionaries::BodyDictionaries(pg::Pool& pool) : pool_(pool) {
  known_.emplace(0, BodyDictionary::Make(0, ""));
}

constexpr char kInsertBuiltIn[] = R"(
INSERT INTO body_dictionaries (dictionary_id, dictionary) VALUES ($1, $2)
ON CONFLICT (dictionary_id) DO NOTHING)";

constexpr char kReadDictionaries[] =
    "SELECT dictionary_id, dictionary FROM body_dictionaries ORDER BY dictionary_id";

absl::Status BodyDictionaries::Load() {
  using Rows = std::vector<std::pair<int32_t, std::string>>;
  ASSIGN_OR_RETURN(
      const Rows rows,
      pool_.Transact(
          "ingest_load_dictionaries", [](pqxx::transaction_base& transaction) -> absl::StatusOr<Rows> {
            const std::string built_in(BuiltInDictionary());
            transaction.exec_params(kInsertBuiltIn, kBuiltInDictionaryId, pqxx::binarystring(built_in));
            Rows rows;
            for (const auto& row : transaction.exec(kReadDictionaries)) {
              rows.emplace_back(row[0].as<int32_t>(), pqxx::binarystring(row[1]).str());
            }
            return rows;
          }));
  for (const auto& [id, bytes] : rows) {
    if (id == kBuiltInDictionaryId && bytes != BuiltInDictionary()) return DictionaryMismatch(id);
    if (Knows(id)) continue;
    // Takes milliseconds, in which others go on compressing.
    std::shared_ptr<const BodyDictionary> made = BodyDictionary::Make(id, bytes);
    absl::MutexLock lock(&mutex_);
    known_.emplace(id, std::move(made));
  }
  return absl::OkStatus();
}

bool BodyDictionaries::Knows(int32_t dictionary_id) const {
  absl::MutexLock lock(&mutex_);
  return known_.contains(dictionary_id);
}

std::shared_ptr<const BodyDictionary> BodyDictionaries::Newest() const {
  absl::MutexLock lock(&mutex_);
  return known_.rbegin()->second;
}

constexpr char kReadNewestChange[] = R"(
SELECT concat_ws('/', incarnation, xid, change_id) FROM ingest_changes
ORDER BY incarnation DESC, xid DESC, change_id DESC LIMIT 1)";

absl::StatusOr<std::string> BodyDictionaries::NewestReports() {
  return pool_.Read("ingest_read_newest_change",
                    [](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
                      const pqxx::result rows = transaction.exec(kReadNewestChange);
                      return rows.empty() ? std::string() : rows[0][0].as<std::string>();
                    });
}

// Some of each change, so that a bulk import of one device does not stand for all.
constexpr char kReadRecentBodies[] = R"(
SELECT r.dictionary_id, r.body
FROM (SELECT smart_account_id, received_at, change_id FROM ingest_changes
      ORDER BY incarnation DESC, xid DESC, change_id DESC LIMIT $1) c
CROSS JOIN LATERAL (
  SELECT b.dictionary_id, b.body FROM ingest_v1_stored_reports b
  WHERE b.smart_account_id = c.smart_account_id AND b.received_at = c.received_at
    AND b.change_id = c.change_id
  LIMIT 256) r
LIMIT $1)";

absl::StatusOr<std::vector<std::string>> BodyDictionaries::RecentTexts(int count) {
  using Rows = std::vector<std::pair<int32_t, std::string>>;
  ASSIGN_OR_RETURN(const Rows rows,
                   pool_.Read("ingest_read_recent_bodies",
                              [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Rows> {
                                Rows rows;
                                for (const auto& row : transaction.exec_params(kReadRecentBodies, count)) {
                                  rows.emplace_back(row[0].as<int32_t>(), pqxx::binarystring(row[1]).str());
                                }
                                return rows;
                              }));
  BodyCodec codec;
  std::vector<std::string> texts;
  for (const auto& [dictionary_id, body] : rows) {
    ASSIGN_OR_RETURN(const auto dictionary, Find(dictionary_id));
    ASSIGN_OR_RETURN(std::string text, codec.Decompress(*dictionary, body));
    texts.push_back(std::move(text));
  }
  return texts;
}

// The id decides between replicas: the second one inserts nothing.
constexpr char kInsertDictionary[] = R"(
INSERT INTO body_dictionaries (dictionary_id, dictionary)
SELECT $1::int, $2::bytea WHERE $1::int <= $3::int
ON CONFLICT (dictionary_id) DO NOTHING)";

absl::Status BodyDictionaries::Add(std::string_view dictionary) {
  const int32_t id = Newest()->id() + 1;
  const std::string bytes(dictionary);
  RETURN_IF_ERROR(pool_.Transact("ingest_add_dictionary", [&](pqxx::transaction_base& transaction) {
    transaction.exec_params(kInsertDictionary, id, pqxx::binarystring(bytes), kDictionariesMax);
    return absl::OkStatus();
  }));
  return Load();
}

absl::StatusOr<std::shared_ptr<const BodyDictionary>> BodyDictionaries::Find(int32_t dictionary_id) {
  for (const bool loaded : {false, true}) {
    {
      absl::MutexLock lock(&mutex_);
      const auto known = known_.find(dictionary_id);
      if (known != known_.end()) return known->second;
    }
    if (!loaded) RETURN_IF_ERROR(Load());
  }
  return BodyUnreadable(absl::StrCat("dictionary ", dictionary_id, ", which is not stored"));
}

}  // namespace quartermaster::ingest
