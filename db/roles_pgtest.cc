// Who may do what: db/README.md, db/roles.sql and the database must say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "db/migrations.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::db {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kServices = {"qm_ingest", "qm_ledger", "qm_authority", "qm_gateway"};
const std::set<std::string> kWrites = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"};

// (role, privilege, object)
using Grants = std::set<std::tuple<std::string, std::string, std::string>>;

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (absl::string_view word : absl::StrSplit(text, ',')) {
    words.emplace_back(absl::StripAsciiWhitespace(word));
  }
  return words;
}

// What roles.sql grants on tables, views and sequences.
Grants GrantsOfFile() {
  const std::string text = std::regex_replace(std::string(RolesSql()), std::regex("--[^\n]*"), "");
  static const std::regex kGrant(
      R"(GRANT\s+([A-Z, ]+?)\s+ON\s+(SEQUENCE\s+|FUNCTION\s+|SCHEMA\s+)?([^;]+?)\s+TO\s+([^;]+);)");
  Grants grants;
  for (std::sregex_iterator match(text.begin(), text.end(), kGrant), end; match != end; ++match) {
    const std::string kind = (*match)[2];
    if (kind.starts_with("FUNCTION") || kind.starts_with("SCHEMA")) continue;
    for (const std::string& privilege : Words((*match)[1])) {
      for (const std::string& object : Words((*match)[3])) {
        for (const std::string& role : Words((*match)[4])) grants.insert({role, privilege, object});
      }
    }
  }
  return grants;
}

// table -> writer
std::map<std::string, std::string> WritersOfReadme() {
  std::ifstream input("db/README.md");
  EXPECT_TRUE(input.is_open()) << "db/README.md is not in the test's data";
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  static const std::regex kRow(R"(\n\| `([a-z_]+)` \| `(qm_[a-z]+)` \| [^|\n]+ \|)");
  std::map<std::string, std::string> writers;
  for (std::sregex_iterator match(text.begin(), text.end(), kRow), end; match != end; ++match) {
    EXPECT_TRUE(writers.emplace((*match)[1], (*match)[2]).second) << (*match)[1] << " twice";
  }
  return writers;
}

class RolesTest : public ::testing::Test {
 protected:
  std::unique_ptr<pg::RawConnection> Connect(std::string_view role) {
    auto connection = pg::RawConnection::Connect(testing::OptionsFor(role, database_));
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }
  std::vector<std::string> Column(const char* sql) {
    auto admin = Connect("qm_admin");
    const auto result = admin->Execute(sql, pg::Params());
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<std::string> values;
    for (int row = 0; row < result->rows(); ++row) values.emplace_back(result->Bytes(row, 0));
    return values;
  }
  // Partitions are reached through their parents only.
  std::vector<std::string> Tables() {
    return Column(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'quartermaster'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1");
  }
  Grants GrantsOfDatabase() {
    auto admin = Connect("qm_admin");
    const auto result = admin->Execute(
        "SELECT coalesce(r.rolname::text, 'PUBLIC'), a.privilege_type, c.relname::text"
        " FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE c.relnamespace = 'quartermaster'::regnamespace AND a.grantee <> c.relowner",
        pg::Params());
    EXPECT_TRUE(result.ok()) << result.status();
    Grants grants;
    for (int row = 0; row < result->rows(); ++row) {
      grants.insert({std::string(result->Bytes(row, 0)), std::string(result->Bytes(row, 1)),
                     std::string(result->Bytes(row, 2))});
    }
    return grants;
  }

  const std::string database_ = testing::NewDatabase();
};

TEST_F(RolesTest, TheDatabaseGrantsWhatTheFileSays) {
  const Grants file = GrantsOfFile();
  EXPECT_GT(file.size(), 50);
  EXPECT_EQ(GrantsOfDatabase(), file);
}

TEST_F(RolesTest, EveryTableHasExactlyTheWriterThatTheReadmeNames) {
  std::map<std::string, std::string> writers;
  for (const std::string& table : Tables()) writers[table] = "qm_owner";
  for (const auto& [role, privilege, object] : GrantsOfDatabase()) {
    if (!kWrites.contains(privilege)) continue;
    ASSERT_TRUE(writers.contains(object)) << object << " is written by " << role << " but no table";
    std::string& writer = writers[object];
    EXPECT_TRUE(writer == "qm_owner" || writer == role) << object << ": " << writer << ", " << role;
    writer = role;
  }
  EXPECT_EQ(WritersOfReadme(), writers);
}

TEST_F(RolesTest, NobodyReadsATableOfAnotherService) {
  const auto writers = WritersOfReadme();
  for (const auto& [role, privilege, object] : GrantsOfDatabase()) {
    const auto table = writers.find(object);
    if (table == writers.end() || table->second == "qm_owner") continue;
    EXPECT_EQ(table->second, role) << privilege << " on " << object;
  }
}

TEST_F(RolesTest, EveryViewIsReadBySomebodyAndNamesTheServiceWhoseTablesItShows) {
  const Grants grants = GrantsOfDatabase();
  for (const std::string& view :
       Column("SELECT viewname::text FROM pg_views WHERE schemaname = 'quartermaster' ORDER BY 1")) {
    EXPECT_TRUE(std::regex_match(view, std::regex("(ingest|ledger|authority)_v1_[a-z_]+"))) << view;
    bool read = false;
    for (const std::string& role : kServices) read |= grants.contains({role, "SELECT", view});
    EXPECT_TRUE(read) << view;
  }
}

TEST_F(RolesTest, EveryRoleIsRefusedEveryWriteThatItDoesNotHave) {
  const Grants grants = GrantsOfDatabase();
  int refused = 0;
  for (const std::string& role : kServices) {
    auto connection = Connect(role);
    for (const std::string& table : Tables()) {
      const std::map<std::string, std::string> attempts = {
          {"INSERT", absl::StrCat("INSERT INTO ", table, " DEFAULT VALUES")},
          {"DELETE", absl::StrCat("DELETE FROM ", table)},
          {"TRUNCATE", absl::StrCat("TRUNCATE ", table)},
      };
      for (const auto& [privilege, sql] : attempts) {
        if (grants.contains({role, privilege, table})) continue;
        EXPECT_EQ(pg::SqlStateOf(connection->Run(sql.c_str())), "42501") << role << ": " << sql;
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
}

TEST_F(RolesTest, IngestCannotWriteTheBooks) {
  auto ingest = Connect("qm_ingest");
  const absl::Status status = ingest->Run(
      "INSERT INTO ledger_entries (smart_account_id, recorded_at, change_id, effective_at, quantity,"
      " place, tag_id, book, from_state, to_state, lot_id)"
      " VALUES (1, '2024-01-01', 1, '2024-01-01', 1, 0, 1, 1, 1, 2, 1)");
  EXPECT_EQ(pg::SqlStateOf(status), "42501") << status;
}

TEST_F(RolesTest, EntriesReportsAndAuditRowsAreAppendOnlyForTheirOwnWriter) {
  const std::vector<std::pair<std::string, std::string>> append_only = {
      {"qm_ledger", "ledger_entries"},      {"qm_ledger", "ledger_changes"},
      {"qm_ledger", "ledger_blocks"},       {"qm_ledger", "ledger_audit"},
      {"qm_ingest", "rum_reports"},         {"qm_ingest", "ingest_changes"},
      {"qm_authority", "acknowledgements"}, {"qm_authority", "authority_audit"},
      {"qm_gateway", "gateway_audit"},
  };
  for (const auto& [role, table] : append_only) {
    auto connection = Connect(role);
    // Identity columns are refused for another reason.
    const std::string column =
        Column(absl::StrCat("SELECT attname::text FROM pg_attribute WHERE attrelid = '", table,
                            "'::regclass AND attnum > 0 AND attidentity = '' ORDER BY attnum")
                   .c_str())[0];
    const std::string update = absl::StrCat("UPDATE ", table, " SET ", column, " = ", column);
    EXPECT_EQ(pg::SqlStateOf(connection->Run(update.c_str())), "42501") << role << ": " << update;
    const std::string remove = absl::StrCat("DELETE FROM ", table);
    EXPECT_EQ(pg::SqlStateOf(connection->Run(remove.c_str())), "42501") << role << ": " << remove;
  }
}

TEST_F(RolesTest, PartitionsCannotBeWrittenPastTheirParent) {
  EXPECT_EQ(pg::SqlStateOf(Connect("qm_ingest")->Run("DELETE FROM rum_reports_default")), "42501");
  EXPECT_EQ(pg::SqlStateOf(Connect("qm_ledger")->Run("DELETE FROM ledger_entries_default")), "42501");
}

TEST_F(RolesTest, NoServiceCanChangeTheSchemaOrBecomeAnother) {
  for (const std::string& role : kServices) {
    auto connection = Connect(role);
    EXPECT_EQ(pg::SqlStateOf(connection->Run("CREATE TABLE quartermaster.mine (id int)")), "42501");
    EXPECT_EQ(pg::SqlStateOf(connection->Run("SET ROLE qm_owner")), "42501");
    EXPECT_EQ(pg::SqlStateOf(connection->Run("ALTER TABLE smart_accounts ADD COLUMN x int")), "42501");
  }
}

TEST_F(RolesTest, FunctionsRunForTheirServiceOnly) {
  static constexpr char kReports[] =
      "SELECT ingest_make_report_partitions('2024-01-15', '2024-03-01 00:00:00+00')";
  static constexpr char kEntries[] = "SELECT ledger_make_entry_partitions('2024-01-15', '2024-02-01')";
  auto ingest = Connect("qm_ingest");
  auto ledger = Connect("qm_ledger");
  EXPECT_EQ(ingest->Execute(kReports, pg::Params())->Int32(0, 0), 3);
  EXPECT_EQ(ingest->Execute(kReports, pg::Params())->Int32(0, 0), 0);
  EXPECT_EQ(ledger->Execute(kEntries, pg::Params())->Int32(0, 0), 2);
  EXPECT_EQ(pg::SqlStateOf(ingest->Run(kEntries)), "42501");
  EXPECT_EQ(pg::SqlStateOf(ledger->Run(kReports)), "42501");
  EXPECT_THAT(Column("SELECT inhrelid::regclass::text FROM pg_inherits"
                     " WHERE inhparent = 'rum_reports'::regclass ORDER BY 1"),
              ElementsAre("rum_reports_2024_01", "rum_reports_2024_02", "rum_reports_2024_03",
                          "rum_reports_default"));
}

TEST_F(RolesTest, AMonthWhoseRowsLieInTheDefaultPartitionKeepsNoOtherFromHavingOne) {
  static constexpr char kReports[] = "SELECT ingest_make_report_partitions('2024-01-15', '2024-03-01')";
  static constexpr char kEntries[] = "SELECT ledger_make_entry_partitions('2024-01-15', '2024-03-01')";
  auto ingest = Connect("qm_ingest");
  auto ledger = Connect("qm_ledger");
  ASSERT_TRUE(ingest
                  ->Run("INSERT INTO rum_reports (smart_account_id, received_at, change_id, source_id,"
                        " report_id, place, dictionary_id, outcome, verification, digest, body)"
                        " VALUES (1, '2024-02-10', 1, 1, 1, 0, 0, 1, 1, '', '')")
                  .ok());
  ASSERT_TRUE(ledger
                  ->Run("INSERT INTO ledger_entries (smart_account_id, recorded_at, change_id, effective_at,"
                        " quantity, place, tag_id, book, from_state, to_state, lot_id)"
                        " VALUES (1, '2024-01-20', 1, '2024-01-01', 1, 0, 1, 1, 1, 2, 1)")
                  .ok());
  EXPECT_EQ(ingest->Execute(kReports, pg::Params())->Int32(0, 0), 2);
  EXPECT_EQ(ledger->Execute(kEntries, pg::Params())->Int32(0, 0), 2);
  EXPECT_THAT(Column("SELECT inhrelid::regclass::text FROM pg_inherits"
                     " WHERE inhparent IN ('rum_reports'::regclass, 'ledger_entries'::regclass) ORDER BY 1"),
              ElementsAre("ledger_entries_2024_02", "ledger_entries_2024_03", "ledger_entries_default",
                          "rum_reports_2024_01", "rum_reports_2024_03", "rum_reports_default"));
}

TEST_F(RolesTest, MakingPartitionsGivesUpSoonWhenTheTableIsBusy) {
  auto busy = Connect("qm_ledger");
  ASSERT_TRUE(busy->Begin().ok());
  ASSERT_TRUE(busy->Run("SELECT count(*) FROM ledger_entries").ok());
  const absl::Status status =
      Connect("qm_ledger")->Run("SELECT ledger_make_entry_partitions('2024-01-15', '2024-01-16')");
  EXPECT_EQ(pg::SqlStateOf(status), "55P03") << status;
  busy->Rollback();
}

TEST_F(RolesTest, ATemporaryTableOfTheCallerDoesNotDeceiveAFunction) {
  auto ingest = Connect("qm_ingest");
  ASSERT_TRUE(ingest
                  ->Run("CREATE TEMP TABLE rum_reports (received_at timestamptz)"
                        " PARTITION BY RANGE (received_at)")
                  .ok());
  ASSERT_TRUE(ingest->Run("SELECT ingest_make_report_partitions('2024-01-15', '2024-01-16')").ok());
  EXPECT_THAT(Column("SELECT inhparent::regclass::text FROM pg_inherits"
                     " WHERE inhrelid = 'quartermaster.rum_reports_2024_01'::regclass"),
              ElementsAre("rum_reports"));
}

TEST_F(RolesTest, NothingIsGrantedToEverybody) {
  EXPECT_THAT(Column("SELECT proname::text FROM pg_proc"
                     " WHERE pronamespace = 'quartermaster'::regnamespace"
                     " AND (proacl IS NULL OR proacl::text LIKE '%{=X%' OR proacl::text LIKE '%,=X%')"),
              IsEmpty());
  EXPECT_THAT(Column("SELECT nspname::text FROM pg_namespace WHERE nspname = 'quartermaster'"
                     " AND (nspacl::text LIKE '%{=%' OR nspacl::text LIKE '%,=%')"),
              IsEmpty());
  for (const auto& [role, privilege, object] : GrantsOfDatabase()) {
    EXPECT_NE(role, "PUBLIC") << privilege << " on " << object;
  }
}

}  // namespace
}  // namespace quartermaster::db
