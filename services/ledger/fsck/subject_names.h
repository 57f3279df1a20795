// What people call the rows that a finding names by their ids.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_SUBJECT_NAMES_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_SUBJECT_NAMES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <pqxx/pqxx>

namespace quartermaster::ledger::fsck {

// Of "account 1 virtual account 2 product instance 3 tag id 4 source 5 …", each id after its word and none of
// them twice.
struct SubjectIds {
  std::optional<int64_t> account, virtual_account, product_instance, tag, source;
};
SubjectIds IdsIn(std::string_view subject);

// Not thread-safe; reads in the transaction of the check, and each row once.
class SubjectNames {
 public:
  explicit SubjectNames(pqxx::transaction_base& transaction) : transaction_(transaction) {}

  // The subject, which stays unique by its ids, with the names behind it: "account 1 virtual account 2 tag id
  // 4 (corp.example.com, Lab, regid.…)". A row that is not there has no name.
  std::string WithNames(const std::string& subject);

 private:
  std::string NameOf(const char* query, int64_t account, int64_t id);

  pqxx::transaction_base& transaction_;
  std::map<std::pair<const char*, std::pair<int64_t, int64_t>>, std::string> names_;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_SUBJECT_NAMES_H_
