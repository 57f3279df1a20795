// A RUM report as it was read: views into the bytes that came, never re-serialised.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/common/usage/measurement.h"

namespace quartermaster::ingest {

struct Udi {
  std::string product_id;
  std::string serial_number;
  bool operator==(const Udi&) const = default;
};

struct HaMember {
  Udi udi;
  std::string role;
};

// The outer signature of a report, as it stands beside the payload.
struct ReportSignature {
  Udi udi;                   // signature.sudi; may be empty in some forms
  std::string signing_type;  // "builtin", "CISC123", "SHA-256", "RSA-2048-SHA256", "ECDSA-P256-SHA256"
  std::string key;
  std::string value;  // base64 as it came
};

struct ParsedReport {
  // The report's own text byte for byte: what stood in <RUMReport>, or the JSON object. Stored.
  std::string raw;
  // The payload string after JSON unescaping: exactly the bytes that were signed and are hashed.
  std::string payload;
  ReportSignature signature;

  Udi udi;
  std::string entitlement_tag;
  int64_t report_id = 0;
  std::string software_version;
  int64_t previous_report_id = 0;
  std::vector<HaMember> ha_members;  // all that ha_udi names, the sender included
  std::vector<Measurement> measurements;
  // Byte offset of the report in its document.
  int64_t offset = 0;

  // Count of the latest measurement by (end, place) that counts; 0 when none does. One that is
  // kClockSuspect says something only when all are.
  int64_t InUse() const;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_REPORT_H_
