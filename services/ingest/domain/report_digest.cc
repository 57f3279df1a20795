#include "services/ingest/domain/report_digest.h"

#include <algorithm>
#include <utility>

#include "services/common/usage/digest.h"

namespace quartermaster::ingest {

std::string DigestOf(const ParsedReport& report) {
  usage::Digest digest;
  digest.measurements = report.measurements;
  digest.software_version = report.software_version;
  digest.previous_report_id = report.previous_report_id;
  for (const HaMember& member : report.ha_members) {
    usage::DigestHaMember other{member.udi.product_id, member.udi.serial_number, member.role};
    const bool is_sender = member.udi == report.udi;
    const bool repeats =
        std::any_of(digest.ha_members.begin(), digest.ha_members.end(), [&](const auto& known) {
          return known.product_id == other.product_id && known.serial_number == other.serial_number;
        });
    if (!is_sender && !repeats) digest.ha_members.push_back(std::move(other));
  }
  return usage::EncodeDigest(digest);
}

}  // namespace quartermaster::ingest
