#include "services/ledger/fsck/body_reader.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr size_t kBodyBytesMax = 16u << 20;

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

std::string PayloadHash(const std::string& payload) {
  const crypto::Sha256Digest digest = crypto::Sha256(payload);
  std::string hex = crypto::HexEncode({reinterpret_cast<const char*>(digest.data()), 16});
  for (int at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

// The parts of a digest as text, one each: what differs is named, and the rest is not.
std::vector<std::string> Describe(const usage::Digest& digest) {
  std::vector<std::string> parts;
  for (const Measurement& m : digest.measurements) {
    parts.push_back(absl::StrCat(
        "[", m.start_s, ", ", m.end_s, "] ", m.flags & kNotCounted ? "not counted" : absl::StrCat(m.count),
        m.flags & kEndExplained ? " explained" : "", m.flags & kEndedByReload ? " restart" : ""));
  }
  parts.push_back(absl::StrCat("software version ", digest.software_version));
  parts.push_back(absl::StrCat("previous report ", digest.previous_report_id));
  for (const usage::DigestHaMember& member : digest.ha_members) {
    parts.push_back(absl::StrCat("HA ", member.product_id, ":", member.serial_number, " ", member.role));
  }
  return parts;
}

// What should be beside the body. The sender and repeated members of its HA set do not stand there.
usage::Digest DigestOf(const RereadReport& report) {
  usage::Digest digest;
  for (const RereadMeasurement& m : report.measurements) {
    digest.measurements.push_back({m.start_s, m.end_s, static_cast<uint32_t>(m.count),
                                   (m.counts ? 0u : kNotCounted) | (m.end_explained ? kEndExplained : 0u) |
                                       (m.ended_by_reload ? kEndedByReload : 0u)});
  }
  digest.software_version = report.software_version;
  digest.previous_report_id = report.previous_report_id;
  std::vector<UdiPair> named = {report.udi};
  for (const RereadHaMember& member : report.ha_members) {
    if (std::find(named.begin(), named.end(), member.udi) != named.end()) continue;
    named.push_back(member.udi);
    digest.ha_members.push_back({member.udi.first, member.udi.second, member.role});
  }
  return digest;
}

// Whether the clock was suspect depends on the receipt and is judged apart.
bool Same(const usage::Digest& got, const usage::Digest& want) {
  const auto same = [](const Measurement& a, const Measurement& b) {
    return a.start_s == b.start_s && a.end_s == b.end_s && a.count == b.count &&
           (a.flags & ~kClockSuspect) == (b.flags & ~kClockSuspect);
  };
  return std::equal(got.measurements.begin(), got.measurements.end(), want.measurements.begin(),
                    want.measurements.end(), same) &&
         got.software_version == want.software_version && got.previous_report_id == want.previous_report_id &&
         got.ha_members == want.ha_members;
}

void CheckDigest(const std::string& name, const std::string& bytes, const RereadReport& report,
                 usage::Digest& digest, const FindingSink& sink) {
  const usage::Digest want = DigestOf(report);
  if (!usage::DecodeDigest(bytes, digest).ok()) {
    sink({"digest_differs", name, "unreadable", absl::StrCat(want.measurements.size(), " measurements")});
    digest = {};
    return;
  }
  if (Same(digest, want)) return;
  const std::vector<std::string> got_parts = Describe(digest), want_parts = Describe(want);
  size_t at = 0;
  while (at < got_parts.size() && at < want_parts.size() && got_parts[at] == want_parts[at]) ++at;
  sink({"digest_differs", name, at < got_parts.size() ? got_parts[at] : "none",
        at < want_parts.size() ? want_parts[at] : "none"});
}

// A clock is judged when its report arrives, which may be a while before the report is stored: a
// measurement that ends in between is suspect though it no longer looks so.
constexpr int64_t kStoringTakesAtMostS = 600;

void CheckSuspicion(const std::string& name, const usage::Digest& digest, int64_t received_s,
                    const FindingSink& sink) {
  for (const Measurement& measurement : digest.measurements) {
    const int64_t ahead_s = measurement.end_s - received_s;
    const bool suspect = (measurement.flags & kClockSuspect) != 0;
    const bool may_be = ahead_s > kClockSuspectAfterS - kStoringTakesAtMostS;
    const bool must_be = ahead_s > kClockSuspectAfterS;
    if (suspect ? may_be : !must_be) continue;
    sink({"clock_suspect_differs", absl::StrCat(name, " measurement that ends at ", measurement.end_s),
          suspect ? "suspect" : "not suspect", absl::StrCat(ahead_s, " s ahead of its receipt")});
  }
}

}  // namespace

std::string ReportSubject(const pqxx::row& row) {
  return absl::StrCat("report ", row["name"].as<std::string>(), " (", row["udi_pid"].as<std::string>(), ":",
                      row["udi_sn"].as<std::string>(), ", ", row["entitlement_tag"].as<std::string>(), ")");
}

BodyReader::BodyReader(pqxx::transaction_base& transaction) : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  for (const auto& row :
       transaction.exec("SELECT dictionary_id, dictionary FROM ingest_v1_body_dictionaries")) {
    const std::string bytes = Bytes(row[1]);
    dictionaries_.emplace(row[0].as<int32_t>(),
                          ZstdPtr<ZSTD_DDict>(ZSTD_createDDict(bytes.data(), bytes.size()), &ZSTD_freeDDict));
  }
}

std::string BodyReader::Decompress(std::string_view body, int32_t dictionary_id) {
  const unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size > kBodyBytesMax) throw std::runtime_error("body: no zstd frame of a known, sane size");
  std::string raw(size, '\0');
  // 0 = without one.
  const ZSTD_DDict* dictionary = nullptr;
  if (dictionary_id != 0) {
    const auto found = dictionaries_.find(dictionary_id);
    if (found == dictionaries_.end()) throw std::runtime_error("body: its dictionary is missing");
    dictionary = found->second.get();
  }
  const size_t got = ZSTD_decompress_usingDDict(context_.get(), raw.data(), raw.size(), body.data(),
                                                body.size(), dictionary);
  if (ZSTD_isError(got) || got != raw.size()) throw std::runtime_error("body: zstd frame is damaged");
  return raw;
}

void BodyReader::CheckIdentity(const pqxx::row& row, const std::string& name, const RereadReport& report,
                               const FindingSink& sink) const {
  const UdiPair udi = {row["udi_pid"].as<std::string>(), row["udi_sn"].as<std::string>()};
  const auto tag = row["entitlement_tag"].as<std::string>();
  const auto report_id = row["report_id"].as<int64_t>();
  if (report.udi == udi && report.tag == tag && report.report_id == report_id) return;
  const auto describe = [](const UdiPair& of, const std::string& its_tag, int64_t id) {
    return absl::StrCat(of.first, ":", of.second, " tag ", its_tag, " report ", id);
  };
  sink({"identity_differs", name, describe(udi, tag, report_id),
        describe(report.udi, report.tag, report.report_id)});
}

std::optional<ReadBody> BodyReader::Read(const pqxx::row& row, const FindingSink& sink) {
  const std::string name = ReportSubject(row);
  ReadBody body;
  try {
    auto reread = RereadReportBody(Decompress(Bytes(row["body"]), row["dictionary_id"].as<int32_t>()));
    if (!reread.ok()) throw std::runtime_error(std::string(reread.status().message()));
    body.report = *std::move(reread);
  } catch (const std::exception& error) {
    sink({"body_unreadable", name, error.what(), "a RUM report"});
    return std::nullopt;
  }
  body.payload_hash = PayloadHash(body.report.payload);
  CheckIdentity(row, name, body.report, sink);
  CheckDigest(name, Bytes(row["digest"]), body.report, body.digest, sink);
  CheckSuspicion(name, body.digest, row["received_s"].as<int64_t>(), sink);
  return body;
}

}  // namespace quartermaster::ledger::fsck
