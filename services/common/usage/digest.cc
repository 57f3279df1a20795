#include "services/common/usage/digest.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "quartermaster/ingest/v1/digest.pb.h"
#include "services/common/errors/error.h"

namespace quartermaster::usage {
namespace {

using ingest::v1::ReportDigest;

// The last second of the year 9999. Nothing later is ever stored.
constexpr int64_t kTimeMaxS = 253'402'300'799;
constexpr uint32_t kCountMax = std::numeric_limits<int32_t>::max();

const errors::ErrorKind kDigestMalformed =
    errors::RegisterErrorKind({"usage.digest_malformed", absl::StatusCode::kDataLoss, /*retryable=*/false});

absl::Status DigestMalformed(std::string_view message) {
  return errors::MakeError(kDigestMalformed, message);
}

// Keeps its memory between calls.
ReportDigest& Scratch() {
  thread_local ReportDigest message;
  message.Clear();
  return message;
}

bool IsTime(int64_t time_s) { return time_s >= 0 && time_s <= kTimeMaxS; }

absl::Status CheckSizes(const ReportDigest& message) {
  const int size = message.end_s_delta_size();
  const bool agree = message.interval_s_size() == size && message.count_size() == size &&
                     (message.flags_size() == size || message.flags_size() == 0);
  if (agree) return absl::OkStatus();
  return DigestMalformed(absl::StrCat("measurements: got ", size, " ends, ", message.interval_s_size(),
                                      " intervals, ", message.count_size(), " counts, ", message.flags_size(),
                                      " flags, want the same number of each"));
}

absl::Status ReadMeasurements(const ReportDigest& message, std::vector<Measurement>& measurements) {
  if (absl::Status status = CheckSizes(message); !status.ok()) return status;
  const int size = message.end_s_delta_size();
  measurements.resize(static_cast<size_t>(size));
  int64_t end_s = 0;
  for (int i = 0; i < size; ++i) {
    Measurement& measurement = measurements[static_cast<size_t>(i)];
    if (__builtin_add_overflow(end_s, message.end_s_delta(i), &end_s) ||
        __builtin_sub_overflow(end_s, message.interval_s(i), &measurement.start_s) || !IsTime(end_s) ||
        !IsTime(measurement.start_s)) {
      return DigestMalformed(absl::StrCat("end_s_delta[", i, "]: got a time out of range"));
    }
    if (message.count(i) > kCountMax) {
      return DigestMalformed(
          absl::StrCat("count[", i, "]: got ", message.count(i), ", want at most ", kCountMax));
    }
    measurement.end_s = end_s;
    measurement.count = message.count(i);
    measurement.flags = message.flags_size() == 0 ? 0 : message.flags(i);
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeDigest(const Digest& digest) {
  ReportDigest& message = Scratch();
  int64_t previous_end_s = 0;
  uint32_t all_flags = 0;
  for (const Measurement& measurement : digest.measurements) {
    message.add_end_s_delta(measurement.end_s - previous_end_s);
    message.add_interval_s(measurement.end_s - measurement.start_s);
    message.add_count(measurement.count);
    previous_end_s = measurement.end_s;
    all_flags |= measurement.flags;
  }
  if (all_flags != 0) {
    for (const Measurement& measurement : digest.measurements) message.add_flags(measurement.flags);
  }
  message.set_software_version(digest.software_version);
  message.set_previous_report_id(digest.previous_report_id);
  for (const DigestHaMember& member : digest.ha_members) {
    ReportDigest::HaMember& added = *message.add_ha_members();
    added.set_product_id(member.product_id);
    added.set_serial_number(member.serial_number);
    added.set_role(member.role);
  }
  return message.SerializeAsString();
}

absl::Status DecodeDigest(std::string_view bytes, Digest& digest) {
  ReportDigest& message = Scratch();
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DigestMalformed(
        absl::StrCat("digest: got ", bytes.size(), " bytes, want a serialised ReportDigest"));
  }
  if (absl::Status status = ReadMeasurements(message, digest.measurements); !status.ok()) {
    return status;
  }
  digest.software_version = message.software_version();
  digest.previous_report_id = message.previous_report_id();
  digest.ha_members.resize(static_cast<size_t>(message.ha_members_size()));
  for (int i = 0; i < message.ha_members_size(); ++i) {
    const ReportDigest::HaMember& read = message.ha_members(i);
    digest.ha_members[static_cast<size_t>(i)] = {read.product_id(), read.serial_number(), read.role()};
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::usage
