// Any text as one report: answered, never a crash; and what is read must be sound.
#include <simdjson.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "services/common/errors/error.h"
#include "services/common/usage/digest.h"
#include "services/ingest/domain/json_fault.h"
#include "services/ingest/domain/report_digest.h"
#include "services/ingest/domain/report_parser.h"

namespace quartermaster {
namespace {

constexpr int64_t kReceivedS = 1'750'000'000;

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void CheckReadReport(const ingest::ParsedReport& report, std::string_view text) {
  Check(report.raw == text, "the text is kept as it came");
  Check(!report.udi.product_id.empty() && !report.udi.serial_number.empty(), "it has a UDI");
  Check(!report.entitlement_tag.empty() && report.report_id >= 0, "it has an identity");
  Check(!report.measurements.empty(), "it has a measurement");
  for (const Measurement& measurement : report.measurements) {
    Check(measurement.start_s <= measurement.end_s, "no measurement ends before it starts");
  }
  usage::Digest digest;
  Check(usage::DecodeDigest(ingest::DigestOf(report), digest).ok(), "its digest decodes");
  Check(digest.measurements.size() == report.measurements.size(), "the digest holds all of it");
}

// The slow reading, which explains refusals, must refuse what the fast parser refuses.
void CheckFaults(std::string_view text) {
  static simdjson::dom::parser parser;
  simdjson::dom::element root;
  const bool fast = parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS;
  const auto fault = ingest::FindJsonFault(text);
  if (fault.has_value() && fault->too_deep) return;
  Check(fast == !fault.has_value(), "both JSON readings agree");
  Check(fast || fault->offset <= text.size(), "the fault lies in the text");
}

}  // namespace
}  // namespace quartermaster

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quartermaster;
  static ingest::ReportParser parser;  // shared, as a thread does
  static ingest::ParsedReport report;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::Status status = parser.Parse(text, kReceivedS, report);
  if (status.ok()) {
    CheckReadReport(report, text);
  } else {
    Check(errors::ErrorId(status).rfind("ingest.", 0) == 0, "a refusal has a reason of its own");
  }
  CheckFaults(text);
  return 0;
}
