#include "services/ledger/storage/administration/catalog_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define TAG_COLUMNS                                                                                      \
  "t.tag, t.display_name, t.description, t.enforcement, t.term, t.known,"                                \
  " array_to_string(ARRAY(SELECT l.tag FROM license_substitutions s"                                     \
  "  JOIN license_tags l ON l.tag_id = s.substitutes_for_tag_id WHERE s.tag_id = t.tag_id ORDER BY 1), " \
  "E'\\n')"

constexpr char kLockCatalog[] = "SELECT pg_advisory_xact_lock(hashtext('ledger_catalog'))";
constexpr char kListTags[] = "SELECT " TAG_COLUMNS
                             " FROM license_tags t WHERE t.tag > $1 AND (NOT $2 OR NOT t.known)"
                             " ORDER BY t.tag LIMIT $3";
constexpr char kFindTags[] = "SELECT " TAG_COLUMNS " FROM license_tags t WHERE t.tag = ANY ($1::text[])";
constexpr char kInsertUnknownTags[] =
    "INSERT INTO license_tags (tag, known, first_seen_at)"
    " SELECT DISTINCT tag, false, $2::timestamptz FROM unnest($1::text[]) AS t (tag) ORDER BY tag"
    " ON CONFLICT (tag) DO NOTHING";
constexpr char kSelectTagIds[] = "SELECT tag, tag_id FROM license_tags WHERE tag = ANY ($1::text[])";
constexpr char kUpsertTags[] =
    "INSERT INTO license_tags (tag, display_name, description, enforcement, term, known, first_seen_at)"
    " SELECT tag, display_name, description, enforcement, term, true, $6::timestamptz"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::smallint[])"
    " AS t (tag, display_name, description, enforcement, term) ORDER BY tag"
    " ON CONFLICT (tag) DO UPDATE SET display_name = excluded.display_name,"
    "  description = excluded.description, enforcement = excluded.enforcement, term = excluded.term, known = "
    "true";
constexpr char kDeleteSubstitutions[] =
    "DELETE FROM license_substitutions WHERE tag_id IN"
    " (SELECT tag_id FROM license_tags WHERE tag = ANY ($1::text[]))";
constexpr char kInsertSubstitutions[] =
    "INSERT INTO license_substitutions (tag_id, substitutes_for_tag_id)"
    " SELECT DISTINCT h.tag_id, l.tag_id FROM unnest($1::text[], $2::text[]) AS s (higher, lower)"
    " JOIN license_tags h ON h.tag = s.higher JOIN license_tags l ON l.tag = s.lower ORDER BY 1, 2";

// Kind 4: unknown tag.

CatalogTag TagOf(const pqxx::row& row) {
  CatalogTag tag{row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>(),
                 row[3].as<int>(),         row[4].as<int>(),         {},
                 row[5].as<bool>()};
  const std::string lower = row[6].as<std::string>();
  // A tag has no control characters, so a line feed separates.
  for (size_t at = 0; at < lower.size();) {
    const size_t end = std::min(lower.find('\n', at), lower.size());
    tag.substitutes_for.push_back(lower.substr(at, end - at));
    at = end + 1;
  }
  return tag;
}

}  // namespace

void LockCatalog(pqxx::transaction_base& transaction) { transaction.exec(kLockCatalog); }

std::vector<CatalogTag> ListTags(pqxx::transaction_base& transaction, const std::string& after_tag,
                                 bool unknown_only, int limit) {
  std::vector<CatalogTag> tags;
  for (const auto& row : transaction.exec_params(kListTags, after_tag, unknown_only, limit)) {
    tags.push_back(TagOf(row));
  }
  return tags;
}

std::map<std::string, CatalogTag> FindTags(pqxx::transaction_base& transaction,
                                           const std::vector<std::string>& tags) {
  std::map<std::string, CatalogTag> found;
  for (const auto& row : transaction.exec_params(kFindTags, TextArray(tags))) {
    found.emplace(row[0].as<std::string>(), TagOf(row));
  }
  return found;
}

std::map<std::string, int32_t> EnsureTagIds(pqxx::transaction_base& transaction,
                                            const std::vector<std::string>& tags, absl::Time now) {
  transaction.exec_params(kInsertUnknownTags, TextArray(tags), TimeText(now));
  return FindTagIds(transaction, tags);
}

std::map<std::string, int32_t> FindTagIds(pqxx::transaction_base& transaction,
                                          const std::vector<std::string>& tags) {
  std::map<std::string, int32_t> ids;
  for (const auto& row : transaction.exec_params(kSelectTagIds, TextArray(tags))) {
    ids[row[0].as<std::string>()] = row[1].as<int32_t>();
  }
  return ids;
}

void WriteTags(pqxx::transaction_base& transaction, const std::vector<CatalogTag>& tags, absl::Time now) {
  std::vector<std::string> names, display_names, descriptions, higher, lower;
  std::vector<int64_t> enforcements, terms;
  for (const CatalogTag& tag : tags) {
    names.push_back(tag.tag);
    display_names.push_back(tag.display_name);
    descriptions.push_back(tag.description);
    enforcements.push_back(tag.enforcement);
    terms.push_back(tag.term);
    for (const std::string& covered : tag.substitutes_for) {
      higher.push_back(tag.tag);
      lower.push_back(covered);
    }
  }
  EnsureTagIds(transaction, lower, now);
  transaction.exec_params(kUpsertTags, TextArray(names), TextArray(display_names), TextArray(descriptions),
                          IntArray(enforcements), IntArray(terms), TimeText(now));
  transaction.exec_params(kDeleteSubstitutions, TextArray(names));
  transaction.exec_params(kInsertSubstitutions, TextArray(higher), TextArray(lower));
}

SubstitutionHierarchy LoadHierarchy(pqxx::transaction_base& transaction) {
  SubstitutionHierarchy hierarchy;
  for (const auto& row :
       transaction.exec("SELECT tag_id, substitutes_for_tag_id FROM license_substitutions")) {
    hierarchy.Add(row[0].as<int32_t>(), row[1].as<int32_t>());
  }
  return hierarchy;
}

}  // namespace quartermaster::ledger
