// The floor of bulk import: what must be done for a usage file by anyone, and nothing else.
// Cuts and parses the file, verifies and hashes on all cores, compresses bodies alike, and writes
// the very rows that our own import ended with, in every table, by binary COPY in transactions of
// 500 rows over 4 connections: no RPC, no de-duplication, no rules.
//
// usage: ingest_floor --usage FILE [--certificates PEM] --from CONNECTION --to CONNECTION [--quick]
// `from` is the database that our import filled, `to` an empty one of the same schema on the same
// server. Prints each stage alone (rates against the raw figures of this kind of machine), then
// all together, as one JSON object.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_parser.h"
#include "services/ingest/storage/body_codec.h"
#include "tests/bench/copy_rows.h"

namespace quartermaster::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kRowsPerTransaction = 500;
constexpr int kWriters = 4;
constexpr int kReportsPerBatch = 256;
constexpr size_t kBatchesAhead = 64;

// Parents before children: these have foreign keys and are small; written before the clock starts.
constexpr const char* kParents[] = {"smart_accounts", "virtual_accounts", "unverifiable_policies"};
// What an import writes, in the order of its foreign keys.
constexpr const char* kTables[] = {
    "report_senders",    "report_sources", "license_tags",    "product_instances",     "rum_reports",
    "report_identities", "ingest_changes", "usage_positions", "usage_timeline_chunks", "ledger_changes",
    "ledger_entries",    "license_pools",  "report_findings", "report_system_infos",   "acknowledgements",
    "authority_changes", "poll_tickets"};
constexpr size_t kTablesInOrder = 4;

double Seconds(SteadyClock::time_point from) {
  return std::chrono::duration<double>(SteadyClock::now() - from).count();
}

struct Options {
  std::string usage, certificates, from, to;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "ingest_floor: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

using Keys = absl::flat_hash_map<std::string, crypto::PublicKey>;

Keys ReadKeys(const std::string& path) {
  Keys keys;
  if (path.empty()) return keys;  // unsigned reports
  const std::string pem = ReadFile(path);
  auto certificates = crypto::ParseCertificateBundle(pem);
  if (!certificates.ok()) {
    std::fprintf(stderr, "ingest_floor: %s\n", std::string(certificates.status().message()).c_str());
    std::exit(2);
  }
  for (const auto& entry : *certificates) {
    if (!entry.certificate.ok()) continue;
    auto key = crypto::PublicKey::FromCertificateDer(entry.certificate->der());
    if (key.ok()) keys.emplace(key->key_id(), *key);
  }
  return keys;
}

// What one core does for a report.
class ReportWork {
 public:
  ReportWork(const Keys& keys, const ingest::BodyDictionary& dictionary)
      : keys_(keys), dictionary_(dictionary) {}

  bool Parse(const std::string& text) { return parser_.Parse(text, received_s_, report_).ok(); }

  bool Verify() {
    auto key = keys_.find(report_.signature.key);
    if (key == keys_.end()) return report_.signature.signing_type == "builtin";
    auto signature = crypto::Base64Decode(report_.signature.value);
    return signature.ok() && key->second.Verify(report_.payload, *signature);
  }

  void HashAndCompress() {
    hashed_ += crypto::Sha256(report_.payload)[0];
    compressed_bytes_ += codec_.Compress(dictionary_, report_.raw).size();
  }

 private:
  const Keys& keys_;
  const int64_t received_s_ = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  ingest::ReportParser parser_;
  ingest::ParsedReport report_;
  const ingest::BodyDictionary& dictionary_;
  ingest::BodyCodec codec_;
  uint64_t hashed_ = 0, compressed_bytes_ = 0;
};

using Batch = std::vector<std::string>;

// Batches of report texts between the thread that cuts and those that work.
class BatchQueue {
 public:
  void Push(Batch batch) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return batches_.size() < kBatchesAhead; });
    batches_.push_back(std::move(batch));
    some_.notify_one();
  }
  bool Pop(Batch& batch) {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return !batches_.empty() || closed_; });
    if (batches_.empty()) return false;
    batch = std::move(batches_.front());
    batches_.pop_front();
    room_.notify_one();
    return true;
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    some_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_, some_;
  std::deque<Batch> batches_;
  bool closed_ = false;
};

// Cuts the file; answers how many reports there were.
int64_t Cut(const std::string& path, int64_t reports_max, const std::function<void(Batch)>& on_batch) {
  std::ifstream file(path, std::ios::binary);
  std::string buffer(1 << 20, '\0');
  ingest::DocumentReader reader;
  Batch batch;
  int64_t reports = 0;
  auto on_item = [&](const ingest::DocumentItem& item) {
    if (item.kind != ingest::DocumentItem::Kind::kReport || reports >= reports_max) return;
    ++reports;
    batch.emplace_back(item.text);
    if (batch.size() == kReportsPerBatch) on_batch(std::exchange(batch, {}));
  };
  while (reports < reports_max && (file.read(buffer.data(), buffer.size()), file.gcount() > 0)) {
    if (!reader.Feed({buffer.data(), static_cast<size_t>(file.gcount())}, on_item).ok()) {
      std::fprintf(stderr, "ingest_floor: the usage file is not well-formed\n");
      std::exit(1);
    }
  }
  if (!batch.empty()) on_batch(std::move(batch));
  return reports;
}

// Rate of one stage alone, on one core, over a sample.
struct StageRates {
  double cut, parse, verify, compress;
};
StageRates MeasureStages(const Options& options, const Keys& keys, const ingest::BodyDictionary& dictionary) {
  constexpr int64_t kSample = 20000;
  std::vector<std::string> texts;
  auto started = SteadyClock::now();
  const int64_t reports = Cut(options.usage, kSample, [&](Batch batch) {
    for (std::string& text : batch) texts.push_back(std::move(text));
  });
  StageRates rates{};
  rates.cut = reports / Seconds(started);
  ReportWork work(keys, dictionary);
  std::chrono::duration<double> parse{}, verify{}, compress{};
  for (const std::string& text : texts) {
    const auto t0 = SteadyClock::now();
    if (!work.Parse(text)) std::exit(1);
    const auto t1 = SteadyClock::now();
    if (!work.Verify()) {
      std::fprintf(stderr, "ingest_floor: a signature does not verify\n");
      std::exit(1);
    }
    const auto t2 = SteadyClock::now();
    work.HashAndCompress();
    const auto t3 = SteadyClock::now();
    parse += t1 - t0;
    verify += t2 - t1;
    compress += t3 - t2;
  }
  rates.parse = reports / parse.count();
  rates.verify = reports / verify.count();
  rates.compress = reports / compress.count();
  return rates;
}

// All rows, as slices in the order in which they may be written.
class RowsToWrite {
 public:
  explicit RowsToWrite(const std::string& from) {
    Connection connection = Connect(from);
    for (const char* table : kParents)
      parents_.push_back(ReadTable(connection.get(), table, kRowsPerTransaction));
    for (const char* table : kTables)
      tables_.push_back(ReadTable(connection.get(), table, kRowsPerTransaction));
  }

  void Prepare(const std::string& to) const {
    Connection connection = Connect(to);
    std::string names;
    for (const char* table : kParents) names += std::string(names.empty() ? "" : ",") + table;
    for (const char* table : kTables) names += std::string(",") + table;
    Execute(connection.get(), "TRUNCATE " + names + " CASCADE");
    for (const TableRows& table : parents_) {
      for (const std::string& slice : table.slices) WriteSlice(connection.get(), table, slice);
    }
    Execute(connection.get(), "CHECKPOINT");
  }

  // Parents within the timed tables one after the other, the rest by kWriters connections.
  double Write(const std::string& to) const {
    const auto started = SteadyClock::now();
    {
      Connection connection = Connect(to);
      for (size_t i = 0; i < kTablesInOrder; ++i) {
        for (const std::string& slice : tables_[i].slices) WriteSlice(connection.get(), tables_[i], slice);
      }
    }
    std::vector<std::pair<const TableRows*, const std::string*>> slices;
    for (size_t i = kTablesInOrder; i < tables_.size(); ++i) {
      for (const std::string& slice : tables_[i].slices) slices.emplace_back(&tables_[i], &slice);
    }
    std::atomic<size_t> next = 0;
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&] {
        Connection connection = Connect(to);
        for (size_t i; (i = next++) < slices.size();)
          WriteSlice(connection.get(), *slices[i].first, *slices[i].second);
      });
    }
    for (std::thread& writer : writers) writer.join();
    return Seconds(started);
  }

  int64_t rows() const {
    int64_t rows = 0;
    for (const TableRows& table : tables_) rows += table.rows;
    return rows;
  }
  const std::vector<TableRows>& tables() const { return tables_; }

 private:
  std::vector<TableRows> parents_, tables_;
};

// Cutting, parsing, verifying and compressing the whole file on all cores.
int64_t WorkThroughFile(const Options& options, const Keys& keys, const ingest::BodyDictionary& dictionary) {
  BatchQueue queue;
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < std::max(1u, std::thread::hardware_concurrency()); ++w) {
    workers.emplace_back([&] {
      ReportWork work(keys, dictionary);
      for (Batch batch; queue.Pop(batch);) {
        for (const std::string& text : batch) {
          if (!work.Parse(text) || !work.Verify()) std::exit(1);
          work.HashAndCompress();
        }
      }
    });
  }
  const int64_t reports = Cut(options.usage, INT64_MAX, [&](Batch batch) { queue.Push(std::move(batch)); });
  queue.Close();
  for (std::thread& worker : workers) worker.join();
  return reports;
}

std::string ReadDictionary(const std::string& from) {
  Connection connection = Connect(from);
  PGresult* result = PQexecParams(
      connection.get(), "SELECT dictionary FROM body_dictionaries ORDER BY dictionary_id DESC LIMIT 1", 0,
      nullptr, nullptr, nullptr, nullptr, 1);
  std::string dictionary;
  if (PQntuples(result) == 1) dictionary.assign(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
  PQclear(result);
  return dictionary;
}

int Main(const Options& options) {
  const Keys keys = ReadKeys(options.certificates);
  const auto dictionary = ingest::BodyDictionary::Make(1, ReadDictionary(options.from));
  const StageRates stages = MeasureStages(options, keys, *dictionary);
  const RowsToWrite rows(options.from);

  rows.Prepare(options.to);
  const double write_alone_s = rows.Write(options.to);

  rows.Prepare(options.to);
  const auto started = SteadyClock::now();
  std::thread writing([&] { rows.Write(options.to); });
  const int64_t reports = WorkThroughFile(options, keys, *dictionary);
  writing.join();
  const double all_s = Seconds(started);

  std::printf(
      "{\"reports\":%lld,\"cut_per_s_core\":%.0f,\"parse_per_s_core\":%.0f,\"verify_per_s_core\":%.0f,"
      "\"compress_per_s_core\":%.0f,\"rows\":%lld,\"rows_per_s\":%.0f,\"write_reports_per_s\":%.0f,"
      "\"seconds\":%.3f,\"reports_per_s\":%.0f,\"rows_by_table\":{",
      static_cast<long long>(reports), stages.cut, stages.parse, stages.verify, stages.compress,
      static_cast<long long>(rows.rows()), rows.rows() / write_alone_s, reports / write_alone_s, all_s,
      reports / all_s);
  const char* separator = "";
  for (const TableRows& table : rows.tables()) {
    std::printf("%s\"%s\":%lld", separator, table.table.c_str(), static_cast<long long>(table.rows));
    separator = ",";
  }
  std::printf("}}\n");
  return 0;
}

}  // namespace
}  // namespace quartermaster::bench

int main(int argc, char** argv) {
  quartermaster::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--usage")
      options.usage = value;
    else if (name == "--certificates")
      options.certificates = value;
    else if (name == "--from")
      options.from = value;
    else if (name == "--to")
      options.to = value;
    else {
      std::fprintf(stderr, "ingest_floor: unknown option %s\n", name.c_str());
      return 2;
    }
  }
  return quartermaster::bench::Main(options);
}
