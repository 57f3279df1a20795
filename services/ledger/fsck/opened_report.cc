#include "services/ledger/fsck/opened_report.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/ledger/domain/varint.h"

namespace quartermaster::ledger::fsck {

ReportHash HashOf(const ReportFacts& facts) {
  std::string text =
      absl::StrCat("quartermaster.opened_report.v1\n", facts.payload_hash, " ", facts.verification, " ",
                   facts.received_s, facts.silent ? " silent\n" : "\n");
  for (const OraclePoint& point : facts.points) {
    absl::StrAppend(&text, point.place, " ", point.start_s, " ", point.end_s, " ", point.effective_s(), " ",
                    point.count, point.verified ? " verified" : "", point.suspect ? " suspect" : "",
                    point.end_explained ? " explained" : "", point.ended_by_reload ? " restart\n" : "\n");
  }
  const crypto::Sha256Digest digest = crypto::Sha256(text);
  ReportHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

std::string HexOf(const ReportHash& hash) { return crypto::HexEncode({hash.data(), hash.size()}); }

std::string PackOpenedReports(const std::vector<OpenedReport>& reports) {
  std::string bytes;
  int64_t last = 0;
  for (const OpenedReport& report : reports) {
    PutSignedVarint(WrappingSubtract(report.report_id, last), bytes);
    bytes.append(report.hash.data(), report.hash.size());
    last = report.report_id;
  }
  return bytes;
}

bool UnpackOpenedReports(std::string_view bytes, std::vector<OpenedReport>& reports) {
  int64_t last = 0;
  for (bool first = true; !bytes.empty(); first = false) {
    VarintReader reader(bytes);
    OpenedReport report;
    report.report_id = WrappingAdd(last, reader.Signed());
    bytes = reader.Rest();
    if (!reader.ok() || bytes.size() < report.hash.size()) return false;
    if (!first && report.report_id <= last) return false;
    std::copy_n(bytes.begin(), report.hash.size(), report.hash.begin());
    bytes.remove_prefix(report.hash.size());
    last = report.report_id;
    reports.push_back(report);
  }
  return true;
}

}  // namespace quartermaster::ledger::fsck
