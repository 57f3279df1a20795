// Rows of license_tags and license_substitutions for administrators.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_CATALOG_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_CATALOG_BOOK_H_

#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/substitution.h"

namespace quartermaster::ledger {

struct CatalogTag {
  std::string tag;
  std::string display_name;
  std::string description;
  int enforcement = 1;  // 1 unenforced, 2 enforced, 3 export-controlled
  int term = 2;         // 1 perpetual, 2 subscription
  std::vector<std::string> substitutes_for;
  bool known = false;
  bool operator==(const CatalogTag&) const = default;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// One import of the catalogue at a time.
void LockCatalog(pqxx::transaction_base& transaction);
// In the order of their names, after `after_tag`.
std::vector<CatalogTag> ListTags(pqxx::transaction_base& transaction, const std::string& after_tag,
                                 bool unknown_only, int limit);
std::map<std::string, CatalogTag> FindTags(pqxx::transaction_base& transaction,
                                           const std::vector<std::string>& tags);
// Numbers of tags; what is not there is added with known = false.
std::map<std::string, int32_t> EnsureTagIds(pqxx::transaction_base& transaction,
                                            const std::vector<std::string>& tags, absl::Time now);
// Of those that exist, in the catalogue or in reports.
std::map<std::string, int32_t> FindTagIds(pqxx::transaction_base& transaction,
                                          const std::vector<std::string>& tags);
// Adds or replaces the tags with their substitutions (targets may be unknown tags).
void WriteTags(pqxx::transaction_base& transaction, const std::vector<CatalogTag>& tags, absl::Time now);
// Of the whole catalogue.
SubstitutionHierarchy LoadHierarchy(pqxx::transaction_base& transaction);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_CATALOG_BOOK_H_
