#include "services/ledger/fsck/opening_checks.h"

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/ledger/fsck/block_keys.h"

namespace quartermaster::ledger::fsck {
namespace {

// The server writes the canonical bytes (services/ledger/openings/README.md).
constexpr char kSelectOpenings[] = R"sql(
  SELECT opening_id, draft_id, source_count, report_count, sources_hash, previous_hash, opening_hash, key_id,
         signature, floor(extract(epoch FROM signed_at))::bigint AS signed_s,
         sha256(convert_to(E'quartermaster.ledger_opening.v1\n', 'UTF8') || int8send(opening_id) || previous_hash
                || int8send((extract(epoch FROM received_from) * 1000000)::bigint)
                || int8send((extract(epoch FROM received_until) * 1000000)::bigint)
                || int8send(source_count) || int8send(report_count) || sources_hash
                || int8send((extract(epoch FROM signed_at) * 1000000)::bigint)) AS want_hash
  FROM report_openings ORDER BY opening_id)sql";
// A draft's number is one of ours: DECLARE takes no parameters.
constexpr char kDeclareSources[] = R"sql(
  DECLARE opening_sources NO SCROLL CURSOR FOR
  SELECT report_count, sha256('\x53'::bytea || int8send(smart_account_id) || int8send(source_id)
                              || int4send(report_count) || reports)
  FROM report_opening_sources WHERE draft_id = )sql";
constexpr char kSourcesOrder[] = " ORDER BY smart_account_id, source_id";

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

struct Sources {
  int64_t sources = 0;
  int64_t reports = 0;
  std::string hash;
};

Sources ReadSources(pqxx::transaction_base& transaction, int64_t draft_id) {
  Sources read;
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  transaction.exec(absl::StrCat(kDeclareSources, draft_id, kSourcesOrder));
  for (pqxx::result rows = transaction.exec("FETCH 5000 FROM opening_sources"); !rows.empty();
       rows = transaction.exec("FETCH 5000 FROM opening_sources")) {
    for (const auto& row : rows) {
      ++read.sources;
      read.reports += row[0].as<int64_t>();
      const std::string leaf = Bytes(row[1]);
      EVP_DigestUpdate(hash.get(), leaf.data(), leaf.size());
    }
  }
  transaction.exec("CLOSE opening_sources");
  read.hash.resize(32);
  EVP_DigestFinal_ex(hash.get(), reinterpret_cast<unsigned char*>(read.hash.data()), nullptr);
  return read;
}

class OpeningCheck {
 public:
  OpeningCheck(pqxx::transaction_base& transaction, const FindingSink& sink)
      : transaction_(transaction), sink_(sink), keys_(transaction) {}

  void Check(const pqxx::row& row) {
    const auto id = row["opening_id"].as<int64_t>();
    const std::string subject = absl::StrCat("opening ", id);
    if (id != last_id_ + 1) {
      Differs("opening_chain_broken", subject, absl::StrCat(id), absl::StrCat(last_id_ + 1));
    }
    CompareHash("opening_chain_broken", absl::StrCat(subject, " previous hash"), Bytes(row["previous_hash"]),
                last_hash_);
    CompareHash("opening_differs", absl::StrCat(subject, " hash"), Bytes(row["opening_hash"]),
                Bytes(row["want_hash"]));
    if (const absl::Status signature = keys_.Verify(row, crypto::kOpeningDomain, Bytes(row["opening_hash"]));
        !signature.ok()) {
      Differs("opening_signature_invalid", absl::StrCat(subject, " key ", row["key_id"].as<std::string>()),
              std::string(signature.message()), "a signature by a block key under our CA");
    }
    CheckSources(row, subject);
    last_id_ = id;
    last_hash_ = Bytes(row["opening_hash"]);
  }

 private:
  void CheckSources(const pqxx::row& row, const std::string& subject) {
    const Sources got = ReadSources(transaction_, row["draft_id"].as<int64_t>());
    const auto sources = row["source_count"].as<int64_t>(), reports = row["report_count"].as<int64_t>();
    if (got.sources != sources || got.reports != reports) {
      Differs("opening_differs", absl::StrCat(subject, " counts"),
              absl::StrCat(got.sources, " sources, ", got.reports, " reports"),
              absl::StrCat(sources, " sources, ", reports, " reports"));
    }
    CompareHash("opening_differs", absl::StrCat(subject, " sources"), got.hash, Bytes(row["sources_hash"]));
  }

  void CompareHash(const char* rule, std::string subject, const std::string& got, const std::string& want) {
    if (got == want) return;
    Differs(rule, std::move(subject), crypto::HexEncode(got), crypto::HexEncode(want));
  }
  void Differs(const char* rule, std::string subject, std::string got, std::string want) {
    sink_({rule, std::move(subject), std::move(got), std::move(want)});
  }

  pqxx::transaction_base& transaction_;
  const FindingSink& sink_;
  const BlockKeys keys_;
  int64_t last_id_ = 0;
  std::string last_hash_ = std::string(32, '\0');
};

}  // namespace

bool CheckOpenings(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress) {
  OpeningCheck check(transaction, sink);
  for (const auto& row : transaction.exec(kSelectOpenings)) {
    if (!progress(absl::StrCat("opening ", row["opening_id"].as<int64_t>()))) return false;
    check.Check(row);
  }
  return true;
}

}  // namespace quartermaster::ledger::fsck
