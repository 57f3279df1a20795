// The default reporting policy: when product instances must report, unless another policy is in
// force. The one place where its numbers stand.
#ifndef QUARTERMASTER_SERVICES_COMMON_POLICY_DEFAULT_POLICY_H_
#define QUARTERMASTER_SERVICES_COMMON_POLICY_DEFAULT_POLICY_H_

#include <array>
#include <cstdint>
#include <optional>

namespace quartermaster::policy {

// A policy has one set of day counts for each of these. The values index `ReportingDays` arrays.
enum class LicenseClass : uint8_t {
  kUnenforcedPerpetual = 0,
  kUnenforcedSubscription = 1,
  kEnforced = 2,
  kExportControlled = 3,
};
inline constexpr int kLicenseClassCount = 4;

// Days; 0 = none required.
struct ReportingDays {
  // From the first use to the first acknowledged report.
  int first_report;
  // From one acknowledgement to the next while the license is in use.
  int ongoing;
  // From a change of consumption to the acknowledgement of a report that shows it.
  int on_change;
  bool operator==(const ReportingDays&) const = default;
};

// The vendor's default policy as product instances show it (`show license all`: "Policy in use:
// Default", attributes of the four classes), in the order of LicenseClass.
inline constexpr std::array<ReportingDays, kLicenseClassCount> kDefaultReportingDays = {{
    {365, 0, 90},
    {90, 90, 90},
    {0, 0, 0},
    {0, 0, 0},
}};

// "Reporting ACK required: yes" of the same policy.
inline constexpr bool kDefaultAcknowledgementRequired = true;

// A product instance pushes its next report this long after its last one.
inline constexpr int kDefaultPushIntervalDays = 30;

// Of a catalogue row: enforcement 1 unenforced, 2 enforced, 3 export-controlled; term 1 perpetual,
// 2 subscription (table license_tags). A tag that the catalogue does not know is an unenforced
// subscription.
constexpr LicenseClass ClassOf(int enforcement, int term) {
  if (enforcement == 3) return LicenseClass::kExportControlled;
  if (enforcement == 2) return LicenseClass::kEnforced;
  return term == 1 ? LicenseClass::kUnenforcedPerpetual : LicenseClass::kUnenforcedSubscription;
}

// The smallest day count above 0 among the classes in use; none when no class requires anything.
// `days_of` chooses the count: &ReportingDays::ongoing and so on.
constexpr std::optional<int> ShortestDays(const std::array<ReportingDays, kLicenseClassCount>& policy,
                                          const std::array<bool, kLicenseClassCount>& in_use,
                                          int ReportingDays::*days_of) {
  std::optional<int> shortest;
  for (int i = 0; i < kLicenseClassCount; ++i) {
    const int days = policy[i].*days_of;
    if (in_use[i] && days > 0 && (!shortest.has_value() || days < *shortest)) shortest = days;
  }
  return shortest;
}

}  // namespace quartermaster::policy

#endif  // QUARTERMASTER_SERVICES_COMMON_POLICY_DEFAULT_POLICY_H_
