// What a page of product instances costs does not depend on what other accounts have.
#include <gtest/gtest.h>

#include <functional>
#include <pqxx/pqxx>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/ledger/storage/administration/instance_search.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr char kRowsRead[] =
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'product_instances'";

class ListInstancesTest : public ::testing::Test {
 protected:
  ListInstancesTest() {
    other_ = database_.AddAccount("other.example.com");
    Add(other_, "A", 5000);
    Add(database_.account(), "Z", 20);
    database_.Run("ANALYZE product_instances");
  }

  void Add(int64_t account, const std::string& product_id, int count) {
    database_.Run(absl::StrCat(
        "INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
        " virtual_account_id, ha_lead_id, created_at) OVERRIDING SYSTEM VALUE SELECT id, ",
        account, ", '", product_id,
        "', id::text, (SELECT min(virtual_account_id) FROM virtual_accounts WHERE",
        " smart_account_id = ", account, "), id, now() FROM (SELECT nextval(",
        "'product_instances_product_instance_id_seq') AS id FROM generate_series(1, ", count, ")) ids"));
  }

  // How many rows of product_instances `body` reads.
  int64_t RowsReadBy(const std::function<void(pqxx::transaction_base&)>& body) {
    pg::Pool pool(database_.options());
    const auto rows = pool.Read("test", [&](pqxx::transaction_base& tx) -> absl::StatusOr<int64_t> {
      const int64_t before = tx.exec1(kRowsRead)[0].as<int64_t>();
      body(tx);
      return tx.exec1(kRowsRead)[0].as<int64_t>() - before;
    });
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.value_or(-1);
  }

  LedgerDatabase database_;
  int64_t other_ = 0;
};

TEST_F(ListInstancesTest, APageOfASmallAccountReadsNobodyElsesRows) {
  EXPECT_LE(RowsReadBy([&](pqxx::transaction_base& tx) {
              InstanceFilter filter;
              filter.smart_account_id = database_.account();
              EXPECT_EQ(SearchInstances(tx, filter, {}, 100).instances.size(), 20u);
            }),
            40);
}

TEST_F(ListInstancesTest, MembersOfHaSetsAreFoundWithoutReadingTheAccount) {
  database_.Run(
      "UPDATE product_instances SET ha_lead_id = 1 WHERE product_instance_id = 2;"
      "UPDATE product_instances SET ha_lead_id = 4 WHERE product_instance_id = 5; ANALYZE product_instances");
  EXPECT_LE(RowsReadBy([&](pqxx::transaction_base& tx) {
              const auto sets = ReadHaSets(tx, other_, {1, 3, 4, 6, 7, 8, 9, 10});
              EXPECT_EQ(sets.size(), 2u);
              EXPECT_EQ(sets.at(1).members.size(), 2u);
            }),
            40);
}

}  // namespace
}  // namespace quartermaster::ledger
