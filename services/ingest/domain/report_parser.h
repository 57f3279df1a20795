// Reads one report's text. The only place that knows the v2, v1 and switch forms.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_PARSER_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_PARSER_H_

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {

// Keeps its buffers between reports; one per thread. Not thread-safe.
class ReportParser {
 public:
  ReportParser();
  ~ReportParser();

  // `raw` is the text inside <RUMReport> (surrounding white space allowed) or a JSON object with
  // `payload` and `signature`. Errors are ingest.* with "field: got, want" and name what and where:
  // ingest.report_too_large, ingest.report_malformed, ingest.payload_malformed,
  // ingest.payload_field_missing, ingest.payload_field_invalid, ingest.count_out_of_range,
  // ingest.signature_malformed (bad base64), ingest.nesting_too_deep. The identity (UDI, tag, id) is
  // filled as far as it could be read; on success everything but `offset` is.
  // received_s (Unix seconds) decides kClockSuspect.
  absl::Status Parse(std::string_view raw, int64_t received_s, ParsedReport& report);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_PARSER_H_
