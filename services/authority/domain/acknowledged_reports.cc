#include "services/authority/domain/acknowledged_reports.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"

namespace quartermaster::authority {
namespace {

constexpr char kVersion = 1;

// Differences are taken modulo 2^64, so that every pair of ids has one.
uint64_t Difference(int64_t later, int64_t earlier) {
  return static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier);
}
int64_t Sum(int64_t value, uint64_t difference) {
  return static_cast<int64_t>(static_cast<uint64_t>(value) + difference);
}
uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void PutVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Takes a varint from the front; false when there is none.
bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

absl::Status Damaged(size_t at) {
  return StoredRowDamaged(absl::StrCat("acknowledgements.reports: damaged at byte ", at));
}

}  // namespace

std::string PackAcknowledgedReports(std::vector<AcknowledgedReport>& reports) {
  std::sort(reports.begin(), reports.end());
  reports.erase(std::unique(reports.begin(), reports.end()), reports.end());
  std::string packed(1, kVersion);
  int64_t source_before = 0;
  for (size_t begin = 0; begin < reports.size();) {
    const int64_t source = reports[begin].source_id;
    size_t end = begin;
    while (end < reports.size() && reports[end].source_id == source) ++end;
    PutVarint(Difference(source, source_before), packed);
    PutVarint(end - begin, packed);
    PutVarint(ZigZag(reports[begin].report_id), packed);
    for (size_t i = begin + 1; i < end; ++i) {
      PutVarint(Difference(reports[i].report_id, reports[i - 1].report_id), packed);
    }
    source_before = source;
    begin = end;
  }
  return packed;
}

absl::StatusOr<std::vector<AcknowledgedReport>> UnpackAcknowledgedReports(std::string_view packed) {
  if (packed.empty() || packed.front() != kVersion) return Damaged(0);
  std::vector<AcknowledgedReport> reports;
  std::string_view rest = packed.substr(1);
  int64_t source = 0;
  while (!rest.empty()) {
    uint64_t source_difference = 0;
    uint64_t count = 0;
    uint64_t first = 0;
    if (!TakeVarint(rest, source_difference) || !TakeVarint(rest, count) || !TakeVarint(rest, first)) {
      return Damaged(packed.size() - rest.size());
    }
    // Each further report takes a byte at least: a false count cannot make us allocate.
    if (count == 0 || count - 1 > rest.size()) return Damaged(packed.size() - rest.size());
    source = Sum(source, source_difference);
    int64_t report = UnZigZag(first);
    reports.push_back({source, report});
    for (uint64_t i = 1; i < count; ++i) {
      uint64_t difference = 0;
      if (!TakeVarint(rest, difference) || difference == 0) {
        return Damaged(packed.size() - rest.size());
      }
      report = Sum(report, difference);
      reports.push_back({source, report});
    }
  }
  return reports;
}

}  // namespace quartermaster::authority
