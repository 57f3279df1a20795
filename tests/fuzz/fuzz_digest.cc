// Any bytes as a stored digest: damage is answered as such, and what decodes comes back the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/common/usage/digest.h"

namespace {

using quartermaster::Measurement;
using quartermaster::usage::Digest;

bool Same(const Digest& a, const Digest& b) {
  const auto same = [](const Measurement& x, const Measurement& y) {
    return x.start_s == y.start_s && x.end_s == y.end_s && x.count == y.count && x.flags == y.flags;
  };
  return std::equal(a.measurements.begin(), a.measurements.end(), b.measurements.begin(),
                    b.measurements.end(), same) &&
         a.software_version == b.software_version && a.ha_members == b.ha_members &&
         a.previous_report_id == b.previous_report_id;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Digest digest;  // shared, as a reader does
  static Digest again;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!quartermaster::usage::DecodeDigest(bytes, digest).ok()) return 0;
  const bool decodes =
      quartermaster::usage::DecodeDigest(quartermaster::usage::EncodeDigest(digest), again).ok();
  if (!decodes || !Same(digest, again)) std::abort();
  return 0;
}
