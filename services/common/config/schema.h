// Every field of the configuration file, once: its path, what it takes, its default, its meaning,
// and where it goes. Loading and docs/reference/configuration.md are both made from this table.
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_SCHEMA_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_SCHEMA_H_

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <vector>

#include "services/common/config/node_config.h"
#include "services/common/config/reading.h"

namespace quartermaster::config {

struct FieldSchema {
  std::string path;           // "database.external.user_prefix"
  std::string takes;          // "text", "1 to 1000", "duration", …
  std::string default_value;  // as it would stand in the file; empty = not set
  std::string meaning;
  // Reads a node that is present and not null; `line` is that of its key.
  std::function<void(const YAML::Node& node, int line, Reading& reading)> read;
};

// What a file is read into: `external` counts only when the file has that section.
struct Draft {
  NodeConfig config;
  ExternalDatabase external;
};

// The fields, bound to `draft`, in the order of the reference. `draft` outlives them.
std::vector<FieldSchema> Schema(Draft& draft);

// What no field can check alone; notes mistakes in `reading`.
void CheckTogether(const Draft& draft, Reading& reading);

// docs/reference/configuration.md.
std::string ConfigurationReference();

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_SCHEMA_H_
