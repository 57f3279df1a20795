// The file that `save usage` writes: docs/reference/formats.md, "RUM reports".
#ifndef QUARTERMASTER_CLIENTS_AGENT_USAGE_FILE_H_
#define QUARTERMASTER_CLIENTS_AGENT_USAGE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clients/agent/agent_state.h"

namespace quartermaster::agent {

// Which closed reports go into a file.
struct UsageSelection {
  enum class Kind { kAll, kUnreported, kDays } kind = Kind::kAll;
  // kDays: whose interval ends within so many days before the instance's clock.
  int64_t days = 0;
};

std::vector<ClosedReport> SelectReports(const AgentState& state, const UsageSelection& selection);

// <smartLicenseSystemInfo> of the instance, with a line break behind it.
std::string SystemInfoElement(const AgentState& state);

// Beginning of a <smartLicense> with its system info; reports in <RUMReport> follow, then
// kUsageFileEnd. Data-centre switches put an XML declaration before it.
std::string UsageFileBegin(const AgentState& state);
inline constexpr std::string_view kUsageFileEnd = "</smartLicense>\n";

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_USAGE_FILE_H_
