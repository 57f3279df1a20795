#include "services/ingest/api/report_preparation.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "services/common/status/status_macros.h"
#include "services/ingest/domain/report_digest.h"

namespace quartermaster::ingest {
namespace {

// Buffers that a few huge reports made are not kept.
constexpr size_t kKeptReportsMax = 512;
constexpr size_t kKeptBytesMax = 16 << 10;
// Of all of them: a batch of an import of ordinary reports keeps about a tenth.
constexpr size_t kKeptInAllMax = 8 << 20;

size_t KeptBytes(const ParsedReport& report) {
  return report.raw.capacity() + report.payload.capacity() + report.signature.value.capacity() +
         report.measurements.capacity() * sizeof(Measurement) +
         report.ha_members.capacity() * sizeof(HaMember);
}

int64_t LatestEnd(const ParsedReport& report) {
  int64_t latest_s = 0;
  for (const Measurement& measurement : report.measurements) {
    latest_s = std::max(latest_s, measurement.end_s);
  }
  return latest_s;
}

}  // namespace

void ReportPreparation::Parse(const std::vector<FoundReport>& found) {
  received_s_ = absl::ToUnixSeconds(context_.clock.Now());
  count_ = found.size();
  if (parsed_.size() < count_) parsed_.resize(count_);
  if (parsed_.size() > kKeptReportsMax && count_ <= kKeptReportsMax) {
    parsed_.resize(kKeptReportsMax);
    parsed_.shrink_to_fit();
  }
  for (size_t i = 0; i < count_; ++i) {
    Parsed& parsed = parsed_[i];
    if (parsed.report.raw.capacity() > kKeptBytesMax) parsed.report = ParsedReport();
    parsed.offset = found[i].offset;
    // Of text that cannot even be taken, the empty one stands for what is known.
    const absl::Status read =
        parser_.Parse(found[i].status.ok() ? found[i].text : std::string_view(), received_s_, parsed.report);
    parsed.status = found[i].status.ok() ? read : found[i].status;
  }
  questions_.clear();
  for (size_t i = 0; i < count_; ++i) {
    if (!parsed_[i].status.ok()) continue;
    const ParsedReport& report = parsed_[i].report;
    questions_.push_back({.key_id = report.signature.key, .udi = &report.udi});
  }
}

bool ReportPreparation::Oversized() const {
  size_t bytes = parsed_.capacity() * sizeof(Parsed);
  for (const Parsed& parsed : parsed_) bytes += KeptBytes(parsed.report);
  return bytes > kKeptInAllMax;
}

bool ReportPreparation::TryFinish(PreparedReports& prepared) {
  if (!context_.trust.TryAnswer(questions_, answers_)) return false;
  Assemble(prepared);
  return true;
}

absl::Status ReportPreparation::Finish(absl::Time deadline, PreparedReports& prepared) {
  if (TryFinish(prepared)) return absl::OkStatus();
  RETURN_IF_ERROR(context_.trust.Answer(questions_, deadline, answers_));
  Assemble(prepared);
  return absl::OkStatus();
}

void ReportPreparation::Assemble(PreparedReports& prepared) {
  size_t question = 0;
  for (size_t i = 0; i < count_; ++i) {
    const Parsed& parsed = parsed_[i];
    PreparedReport result;
    result.offset = parsed.offset;
    result.status = parsed.status;
    const ParsedReport& report = parsed.report;
    result.udi = report.udi;
    result.entitlement_tag = report.entitlement_tag;
    result.report_id = report.report_id;
    if (parsed.status.ok()) {
      result.measurement_count = static_cast<int32_t>(report.measurements.size());
      result.in_use = report.InUse();
      absl::StatusOr<PendingReport> pending = Pend(report, answers_[question++]);
      if (pending.ok()) {
        result.payload_hash = pending->payload_hash;
        prepared.pending.push_back(*std::move(pending));
        prepared.pending_index.push_back(prepared.reports.size());
      } else {
        result.status = pending.status();
      }
    }
    prepared.reports.push_back(std::move(result));
  }
}

absl::StatusOr<PendingReport> ReportPreparation::Pend(const ParsedReport& report, const TrustAnswer& trust) {
  const crypto::Sha256Digest digest = crypto::Sha256(report.payload);
  PendingReport pending;
  ASSIGN_OR_RETURN(pending.verification, Verify(report, digest, received_s_, trust));
  pending.udi = report.udi;
  pending.entitlement_tag = report.entitlement_tag;
  pending.report_id = report.report_id;
  std::memcpy(pending.payload_hash.data(), digest.data(), pending.payload_hash.size());
  const std::shared_ptr<const BodyDictionary> dictionary = context_.dictionaries.Newest();
  pending.dictionary_id = dictionary->id();
  pending.body = codec_.Compress(*dictionary, report.raw);
  pending.digest = DigestOf(report);
  pending.received_s = received_s_;
  pending.latest_end_s = LatestEnd(report);
  return pending;
}

}  // namespace quartermaster::ingest
