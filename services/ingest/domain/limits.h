// Every limit on what comes from outside in a usage document. A report beyond one of them is
// refused with the limit in the message; nothing is cut off silently.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_LIMITS_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace quartermaster::ingest {

// Text of one report, as it stands in <RUMReport> or as JSON object.
inline constexpr size_t kReportBytesMax = size_t{1} << 20;
// Reports, and system infos, of one submitted document: its answer names each report and must fit
// into one message. ImportUsage takes any number.
inline constexpr size_t kReportsPerDocumentMax = 10'000;
// Elements or brackets inside each other, in the document and in either JSON of a report.
inline constexpr int kNestingDepthMax = 32;
// One XML tag, comment or instruction: expat holds it whole and looks at it again with each piece
// that comes, so it bounds memory and work.
inline constexpr size_t kMarkupBytesMax = size_t{64} << 10;
// Different element and attribute names in one document: expat remembers each of them.
inline constexpr size_t kDistinctNamesMax = 1000;

inline constexpr size_t kProductIdBytesMax = 64;
inline constexpr size_t kSerialNumberBytesMax = 64;
inline constexpr size_t kEntitlementTagBytesMax = 255;
inline constexpr size_t kSoftwareVersionBytesMax = 255;
inline constexpr size_t kHostnameBytesMax = 255;
inline constexpr size_t kSignatureKeyBytesMax = 255;
inline constexpr size_t kSignatureValueBytesMax = 4096;
// signing_type, role, metric_name, the reasons of a measurement.
inline constexpr size_t kWordBytesMax = 64;

inline constexpr size_t kMeasurementsMax = 10'000;
inline constexpr size_t kHaMembersMax = 64;
inline constexpr int64_t kCountMax = 2'147'483'647;
// The last second of the year 9999: what PostgreSQL and protobuf timestamps can hold, and a time
// in milliseconds cannot pass for one in seconds.
inline constexpr int64_t kTimeMaxS = 253'402'300'799;

// How far the clocks of a product instance and of this node may differ where a certificate's
// validity is checked.
inline constexpr int64_t kClockSkewS = 3600;

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_LIMITS_H_
