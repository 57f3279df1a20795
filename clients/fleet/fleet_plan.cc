#include "clients/fleet/fleet_plan.h"

#include <array>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/connection/client_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

constexpr std::array<const char*, 4> kProductIds = {"C9300-24UX", "C9500-48Y4C", "C8300-1N1S-6T",
                                                    "C9800-40-K9"};
constexpr char kAssetName[] =
    "regid.2026-01.example.quartermaster.C9K,1.0_5a1c3f0e-8d27-4b6e-9c41-2f7d0b9e6a10";
constexpr int64_t kDay = 86400;
// The count that a measurement says is 1 to this.
constexpr uint64_t kCountRange = 20;

// splitmix64: the same everywhere and for ever, which no generator of the standard library's
// distributions promises.
uint64_t Mix(std::initializer_list<uint64_t> parts) {
  uint64_t state = 0x9E3779B97F4A7C15u;
  for (const uint64_t part : parts) {
    state += part + 0x9E3779B97F4A7C15u;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    state ^= state >> 31;
  }
  return state;
}

absl::Status CheckRange(const char* name, int64_t got, int64_t least, int64_t most) {
  if (got >= least && got <= most) return absl::OkStatus();
  return client::Usage(absl::StrCat(name, ": got ", got, ", want ", least, " to ", most));
}

}  // namespace

absl::Status CheckParameters(const FleetParameters& parameters) {
  RETURN_IF_ERROR(CheckRange("instances", parameters.instances, 1, 10'000'000));
  RETURN_IF_ERROR(CheckRange("tags", parameters.tags, 1, 1000));
  RETURN_IF_ERROR(CheckRange("reports-per-tag", parameters.reports_per_tag, 1, 10'000));
  RETURN_IF_ERROR(CheckRange("measurements", parameters.measurements_per_report, 1, 1000));
  RETURN_IF_ERROR(CheckRange("keys", parameters.keys, 1, 100'000));
  RETURN_IF_ERROR(CheckRange("days-per-report", parameters.days_per_report, 1, 3650));
  const int64_t days = parameters.days_per_report * parameters.reports_per_tag;
  return CheckRange("end", parameters.end_s, days * kDay, 253'402'300'799);
}

agent::Udi FleetPlan::UdiOf(int64_t instance) const {
  const uint64_t mixed = Mix({parameters_.seed, static_cast<uint64_t>(instance)});
  // The number makes the serial unique, the letters keep fleets of different seeds apart.
  std::string letters;
  uint64_t rest = Mix({parameters_.seed, 0x5E1A1u});
  for (int i = 0; i < 6; ++i, rest /= 26) letters += static_cast<char>('A' + rest % 26);
  return {kProductIds[mixed % kProductIds.size()], absl::StrFormat("Q%s%08d", letters, instance)};
}

std::string FleetPlan::TagName(int64_t tag) const {
  const uint64_t high = Mix({0x7A6u, static_cast<uint64_t>(tag)});
  const uint64_t low = Mix({high});
  return absl::StrFormat(
      "regid.2026-01.example.quartermaster.FLEET_FEATURE_%d,1.0_%08x-%04x-4%03x-8%03x-%012x", tag + 1,
      high >> 32, high & 0xFFFF, (high >> 16) & 0xFFF, low & 0xFFF, low >> 16);
}

FleetPlan::Place FleetPlan::PlaceOf(int64_t index) const {
  if (parameters_.in_time_order) {
    const int64_t of_round = parameters_.instances * parameters_.tags;
    const int64_t in_round = index % of_round;
    return {in_round / parameters_.tags, in_round % parameters_.tags, index / of_round};
  }
  const int64_t of_instance = parameters_.tags * parameters_.reports_per_tag;
  const int64_t in_instance = index % of_instance;
  return {index / of_instance, in_instance / parameters_.reports_per_tag,
          in_instance % parameters_.reports_per_tag};
}

int64_t FleetPlan::CountOf(const Place& place, int64_t measurement) const {
  const uint64_t mixed =
      Mix({parameters_.seed, static_cast<uint64_t>(place.instance), static_cast<uint64_t>(place.tag),
           static_cast<uint64_t>(place.round), static_cast<uint64_t>(measurement)});
  return static_cast<int64_t>(1 + mixed % kCountRange);
}

// The measurements of a report share its time evenly and join without a gap.
agent::MeasuredInterval FleetPlan::IntervalOf(const Place& place, int64_t measurement) const {
  const int64_t length_s = parameters_.days_per_report * kDay;
  const int64_t start_s = parameters_.end_s - (parameters_.reports_per_tag - place.round) * length_s;
  const int64_t measurements = parameters_.measurements_per_report;
  agent::MeasuredInterval interval;
  interval.start_s = start_s + length_s * measurement / measurements;
  interval.end_s = start_s + length_s * (measurement + 1) / measurements;
  interval.log_s = interval.start_s;
  interval.count = CountOf(place, measurement);
  return interval;
}

agent::ReportContent FleetPlan::ReportAt(int64_t index) const {
  const Place place = PlaceOf(index);
  agent::ReportContent content;
  content.form = parameters_.form;
  content.asset_name = kAssetName;
  content.udi = UdiOf(place.instance);
  content.product_instance_identifier =
      absl::StrFormat("%08x-0000-4000-8000-%012x", parameters_.seed & 0xFFFFFFFF, place.instance);
  content.entitlement_tag = TagName(place.tag);
  content.software_version = "17.12.04";
  content.ha_units = {{"Active", content.udi}};
  for (int64_t i = 0; i < parameters_.measurements_per_report; ++i) {
    content.measurements.push_back(IntervalOf(place, i));
  }
  content.report_id = content.measurements.front().start_s;
  if (place.round > 0) {
    content.previous_report_id = IntervalOf({place.instance, place.tag, place.round - 1}, 0).start_s;
  }
  return content;
}

}  // namespace quartermaster::fleet
