// Turns the content of a report into the bytes that devices write: docs/reference/formats.md,
// "RUM reports". Fast enough for millions: appends to a string, no document tree.
#ifndef QUARTERMASTER_CLIENTS_AGENT_REPORT_WRITER_H_
#define QUARTERMASTER_CLIENTS_AGENT_REPORT_WRITER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "clients/agent/report_content.h"
#include "clients/agent/report_signer.h"

namespace quartermaster::agent {

// The JSON text that is signed.
std::string WritePayload(const ReportContent& content, const ReportSignature& inner);

// {"payload":"…","signature":{…}}: payload as a JSON string, then its signature.
absl::StatusOr<std::string> WriteReport(const ReportContent& content, const ReportSigner& signer);

// <RUMReport><![CDATA[…]]></RUMReport> around the text of WriteReport.
std::string WrapReport(std::string_view report);

// One string in JSON, quotes included. Escapes ">" too, so that no text can end a CDATA section,
// "<" and "&", so that it may stand in XML, and every control character. `text` is UTF-8.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_REPORT_WRITER_H_
