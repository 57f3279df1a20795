// Packs points of a timeline into 6 to 10 bytes each, and reads them back. The layout, per point:
//   header byte: 1 count differs from the point before, 2 place is not the expected one,
//     4 clock suspect, 8 unverifiable, 16 end explained, 32 ended by reload, 64 release,
//     128 another member than the point before
//   varint       effective time minus the one before
//   [128] varint member
//   a release: [2] varint place (0 expected)
//   else:      signed varint start minus the previous end; signed varint report id minus the
//              previous one; [2] varint place (expected: one more than the previous place within
//              the same report, else 0); [1] varint count; [4] varint end minus effective time
// "Before" is a zero point at the beginning of each pack.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINTS_CODEC_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINTS_CODEC_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/ledger/domain/usage_point.h"

namespace quartermaster::ledger {

// Appends to `out`. `points` are in order.
void PackPoints(std::span<const UsagePoint> points, std::string& out);

// As many of the first `points` as fit into `bytes_max` (at least one); returns how many.
size_t PackPointsUpTo(std::span<const UsagePoint> points, size_t bytes_max, std::string& out);

// Appends to `points`. False when the bytes are not whole points in order.
[[nodiscard]] bool UnpackPoints(std::string_view bytes, std::vector<UsagePoint>& points);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINTS_CODEC_H_
