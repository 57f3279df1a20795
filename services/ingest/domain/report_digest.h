// What is stored beside a report's bytes, so that no later reader parses them again.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_DIGEST_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_DIGEST_H_

#include <string>

#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {

// The serialised ReportDigest; services/common/usage/digest.h reads it. HA members that repeat, and
// the sender itself, are left out.
std::string DigestOf(const ParsedReport& report);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_DIGEST_H_
