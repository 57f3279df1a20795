#include "services/ledger/fsck/subject_names.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace quartermaster::ledger::fsck {
namespace {

// $1: the account, $2: the row in it.
constexpr char kSelectAccount[] = "SELECT domain FROM smart_accounts WHERE smart_account_id = $1 AND $2 = 0";
constexpr char kSelectVirtualAccount[] =
    "SELECT name FROM virtual_accounts WHERE smart_account_id = $1 AND virtual_account_id = $2";
constexpr char kSelectInstance[] =
    "SELECT format('%s:%s', udi_pid, udi_sn) FROM product_instances"
    " WHERE smart_account_id = $1 AND product_instance_id = $2";
constexpr char kSelectTag[] = "SELECT tag FROM license_tags WHERE $1 >= 0 AND tag_id = $2";
constexpr char kSelectSource[] =
    "SELECT format('%s:%s, %s', udi_pid, udi_sn, entitlement_tag) FROM ingest_v1_sources"
    " WHERE smart_account_id = $1 AND source_id = $2";

// The number behind the first " word " of the text.
std::optional<int64_t> NumberAfter(absl::string_view text, absl::string_view word) {
  const std::string wanted = absl::StrCat(" ", word, " ");
  const size_t at = text.find(wanted);
  if (at == absl::string_view::npos) return std::nullopt;
  const absl::string_view rest = text.substr(at + wanted.size());
  int64_t number = 0;
  if (!absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &number)) return std::nullopt;
  return number;
}

}  // namespace

SubjectIds IdsIn(std::string_view subject) {
  SubjectIds ids;
  const std::string text = absl::StrCat(" ", absl::string_view(subject.data(), subject.size()));
  // " virtual account" ends like an account, which stands first.
  if (text.compare(0, 9, " account ") == 0) ids.account = NumberAfter(text, "account");
  ids.virtual_account = NumberAfter(text, "virtual account");
  ids.product_instance = NumberAfter(text, "product instance");
  ids.tag = NumberAfter(text, "tag id");
  ids.source = NumberAfter(text, "source");
  return ids;
}

std::string SubjectNames::NameOf(const char* query, int64_t account, int64_t id) {
  const auto key = std::make_pair(query, std::make_pair(account, id));
  if (const auto known = names_.find(key); known != names_.end()) return known->second;
  const pqxx::result rows = transaction_.exec_params(query, account, id);
  return names_[key] = rows.empty() ? "" : rows[0][0].as<std::string>();
}

std::string SubjectNames::WithNames(const std::string& subject) {
  const SubjectIds ids = IdsIn(subject);
  if (!ids.account.has_value()) return subject;
  std::vector<std::string> names = {NameOf(kSelectAccount, *ids.account, 0)};
  const std::pair<const char*, std::optional<int64_t>> parts[] = {
      {kSelectVirtualAccount, ids.virtual_account},
      {kSelectInstance, ids.product_instance},
      {kSelectTag, ids.tag},
      {kSelectSource, ids.source}};
  for (const auto& [query, id] : parts) {
    if (id.has_value()) names.push_back(NameOf(query, *ids.account, *id));
  }
  std::erase(names, "");
  return names.empty() ? subject : absl::StrCat(subject, " (", absl::StrJoin(names, ", "), ")");
}

}  // namespace quartermaster::ledger::fsck
