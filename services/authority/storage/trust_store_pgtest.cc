#include "services/authority/storage/trust_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/authority/testing/authority_database.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::PrivateKey;
using crypto::Validity;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const Validity kValid = {kNow - absl::Hours(24), kNow + absl::Hours(24 * 365)};
const AuditEntry kAudit = {"admin", "request-1", "ImportTrustCertificates", R"({"accepted":1})"};

PrivateKey NewKey() { return *PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256); }

class TrustStoreTest : public testing::Test {
 protected:
  TrustCertificateRow Row(const std::string& sn, const PrivateKey& key = NewKey(),
                          Validity validity = kValid) const {
    return {
        {"C9300", sn}, *ca_.IssueProductInstance(key.Public(), {"C9300", sn}, validity), "ECDSA-P256-SHA256"};
  }
  std::vector<std::string> Serials(const TrustCertificateFilter& filter = {},
                                   std::optional<TrustCertificateKey> after = {}, int limit = 100) {
    std::vector<std::string> serials;
    const auto summaries = store_.ListTrustCertificates(filter, after, limit);
    for (const TrustCertificateSummary& summary : *summaries) {
      serials.push_back(summary.udi.serial_number);
    }
    return serials;
  }
  static TrustCertificateFilter Filter(const std::string& product_id, const std::string& serial_number) {
    return {std::nullopt, product_id, serial_number};
  }
  static TrustCertificateFilter OfAccount(int64_t smart_account_id) { return {smart_account_id, "", ""}; }

  AuthorityDatabase database_;
  pg::Pool pool_{database_.options()};
  TrustStore store_{&pool_};
  const CertificateAuthority ca_ = *CertificateAuthority::Create(NewKey(), "Maker", kValid);
};

TEST_F(TrustStoreTest, StoresWhatIsNewAndChangesNothingTheSecondTime) {
  const std::vector<TrustCertificateRow> rows = {Row("1"), Row("2")};
  EXPECT_EQ(*store_.StoreTrustCertificates(rows, kAudit, kNow), 2);
  EXPECT_EQ(*store_.StoreTrustCertificates(rows, kAudit, kNow), 0);
  const auto summaries = store_.ListTrustCertificates({}, {}, 10);
  ASSERT_EQ(summaries->size(), 2u);
  const TrustCertificateSummary& first = summaries->front();
  EXPECT_EQ(first.key_id, rows[0].certificate.key_id());
  EXPECT_EQ(first.udi, (crypto::SubjectUdi{"C9300", "1"}));
  EXPECT_EQ(first.issuer, "CN=Maker");
  EXPECT_EQ(first.algorithm, "ECDSA-P256-SHA256");
  EXPECT_EQ(first.not_before, kValid.not_before);
  EXPECT_EQ(first.not_after, kValid.not_after);
  EXPECT_FALSE(first.revoked);
  EXPECT_EQ(database_.Text("SELECT actor || ' ' || request_id || ' ' || method || ' ' || after"
                           " FROM authority_audit"),
            "admin request-1 ImportTrustCertificates {\"accepted\": 1}")
      << "one row, for the import that changed something";
}

TEST_F(TrustStoreTest, ARenewedCertificateOfTheSameKeyReplacesTheOlderOne) {
  const PrivateKey key = NewKey();
  const TrustCertificateRow late = Row("1", key, {kNow, kValid.not_after});
  const TrustCertificateRow early = Row("1", key, {kNow, kNow + absl::Hours(2)});
  EXPECT_EQ(*store_.StoreTrustCertificates({early}, kAudit, kNow), 1);
  EXPECT_EQ(*store_.StoreTrustCertificates({late}, kAudit, kNow), 1);
  EXPECT_EQ(*store_.StoreTrustCertificates({early}, kAudit, kNow), 0);
  EXPECT_EQ(store_.ListTrustCertificates({}, {}, 10)->front().not_after, kValid.not_after);
}

TEST_F(TrustStoreTest, BothOfOneKeyInOneImportAreNoConflict) {
  const PrivateKey key = NewKey();
  EXPECT_EQ(*store_.StoreTrustCertificates(
                {Row("1", key, {kNow, kNow + absl::Hours(2)}), Row("1", key), Row("1", key)}, kAudit, kNow),
            1);
  EXPECT_EQ(store_.ListTrustCertificates({}, {}, 10)->front().not_after, kValid.not_after);
}

TEST_F(TrustStoreTest, ARevokedCertificateDoesNotComeBackByImport) {
  const PrivateKey key = NewKey();
  ASSERT_EQ(*store_.StoreTrustCertificates({Row("1", key, {kNow, kNow + absl::Hours(2)})}, kAudit, kNow), 1);
  database_.Run("UPDATE trust_certificates SET revoked_at = '2030-01-01'");
  EXPECT_EQ(*store_.StoreTrustCertificates({Row("1", key)}, kAudit, kNow), 0);
  EXPECT_TRUE(store_.ListTrustCertificates({}, {}, 10)->front().revoked);
}

TEST_F(TrustStoreTest, EveryImportIsNewerThanThoseBefore) {
  // Although the clock stands still, or another replica's is late.
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("1")}, kAudit, kNow).ok());
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("2")}, kAudit, kNow).ok());
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("3")}, kAudit, kNow - absl::Seconds(9)).ok());
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("4")}, kAudit, kNow + absl::Seconds(9)).ok());
  EXPECT_EQ(database_.Text("SELECT string_agg(udi_sn || ' ' || to_char(imported_at, 'SS.US'), ', '"
                           " ORDER BY imported_at) FROM trust_certificates"),
            "1 40.000000, 2 40.000001, 3 40.000002, 4 49.000000");
}

TEST_F(TrustStoreTest, ImportsAtOnceAreAllStored) {
  std::vector<TrustCertificateRow> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(Row(absl::StrCat(i)));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      // Overlapping shares, in different orders.
      std::vector<TrustCertificateRow> share(rows.begin() + 8 * i, rows.begin() + 8 * i + 16);
      if (i % 2 == 1) std::reverse(share.begin(), share.end());
      EXPECT_TRUE(store_.StoreTrustCertificates(share, kAudit, kNow).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database_.Number("SELECT count(*) FROM trust_certificates"), 40);
}

TEST_F(TrustStoreTest, StoresThousandsInBatches) {
  const PrivateKey key = NewKey();
  std::vector<TrustCertificateRow> rows;
  for (int i = 0; i < 4100; ++i) rows.push_back(Row(absl::StrCat("S", i), key));
  EXPECT_EQ(*store_.StoreTrustCertificates(rows, kAudit, kNow), 4100);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM trust_certificates"), 4100);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_audit"), 1);
}

TEST_F(TrustStoreTest, ListsInPagesAndByFilter) {
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("1"), Row("2"), Row("3")}, kAudit, kNow).ok());
  EXPECT_EQ(Serials({}, {}, 2), (std::vector<std::string>{"1", "2"}));
  const auto page = store_.ListTrustCertificates({}, {}, 2);
  const TrustCertificateSummary& last = page->back();
  EXPECT_EQ(Serials({}, TrustCertificateKey{"C9300", last.udi.serial_number, last.key_id}, 2),
            (std::vector<std::string>{"3"}));
  EXPECT_EQ(Serials(Filter("", "2")), (std::vector<std::string>{"2"}));
  EXPECT_EQ(Serials(Filter("C9300", "")).size(), 3u);
  EXPECT_EQ(Serials(Filter("C9500", "")).size(), 0u);
}

TEST_F(TrustStoreTest, DoesNotShowTheProductInstancesOfAnotherAccount) {
  ASSERT_TRUE(store_.StoreTrustCertificates({Row("1"), Row("2"), Row("3")}, kAudit, kNow).ok());
  const int64_t other = database_.AddAccount("other.example.com");
  database_.AddProductInstance(database_.account(), "C9300", "1");
  database_.AddProductInstance(other, "C9300", "2");
  EXPECT_EQ(Serials(OfAccount(database_.account())), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(Serials(OfAccount(other)), (std::vector<std::string>{"2", "3"}));
}

TEST_F(TrustStoreTest, AnchorsAreTheManufacturersCas) {
  const AuditEntry audit = {"admin", "", "ImportManufacturerCa", "{}"};
  EXPECT_EQ(*store_.StoreManufacturerCas({ca_.certificate(), ca_.certificate()}, audit, kNow), 1);
  EXPECT_EQ(*store_.StoreManufacturerCas({ca_.certificate()}, audit, kNow), 0);
  const auto anchors = store_.ReadAnchors();
  ASSERT_EQ(anchors->size(), 1u);
  EXPECT_EQ(anchors->front().der(), ca_.certificate().der());
}

TEST_F(TrustStoreTest, FindsASmartAccountByDomainOrName) {
  EXPECT_EQ(*store_.FindSmartAccount("CORP.example.com"), database_.account());
  EXPECT_EQ(*store_.FindSmartAccount("Name of corp.example.com"), database_.account());
  EXPECT_EQ(*store_.FindSmartAccount("NAME OF corp.example.com"), database_.account());
  // A domain goes before another account's name.
  const int64_t other = database_.AddAccount("name of corp.example.com");
  EXPECT_EQ(*store_.FindSmartAccount("Name of Corp.example.com"), other);
  EXPECT_FALSE(store_.FindSmartAccount(std::string("corp.example.com\0x", 18)).ok());
  EXPECT_EQ(errors::ErrorId(store_.FindSmartAccount("nobody").status()), "authority.smart_account_unknown");
}

}  // namespace
}  // namespace quartermaster::authority
