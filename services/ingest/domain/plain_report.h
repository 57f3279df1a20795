// The fast way past the XML parser for the form that nearly all reports have:
//   <RUMReport><![CDATA[…]]></RUMReport>, plain ASCII, whole in memory.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_PLAIN_REPORT_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_PLAIN_REPORT_H_

#include <cstddef>
#include <string_view>

namespace quartermaster::ingest {

struct PlainReport {
  std::string_view text;  // of the CDATA section
  size_t start = 0;       // of the tag, after white space
  size_t end = 0;         // after the end tag; 0 = `bytes` does not start with a plain report
};

// Looks only for what an XML parser would read as exactly the same: after optional white space the
// two tags without attributes, one CDATA section of at most kReportBytesMax, and in it no byte
// that XML forbids or changes (control characters, carriage returns, anything but ASCII).
PlainReport FindPlainReport(std::string_view bytes);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_PLAIN_REPORT_H_
