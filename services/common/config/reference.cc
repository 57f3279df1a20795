#include "absl/strings/str_cat.h"
#include "services/common/config/schema.h"

namespace quartermaster::config {
namespace {

constexpr char kIntroduction[] =
    R"(# Configuration

One YAML file for every process, given with `--config FILE`; the installed node reads
`/etc/quartermaster/quartermaster.yaml`. Every field is optional: an empty file is a node on loopback with
its own PostgreSQL below `data_directory`.

- An unknown field is an error. All mistakes in fields are reported together, one a line:
  `quartermaster.yaml:7: log.level: got "loud", want one of debug, info, warning, error`; when the fields are right, all
  that do not fit together.
  `allinone --config FILE check-config` checks a file, and the certificates and secrets that it names, and ends.
- Paths are relative to the directory of the file.
- Sizes are bytes, or carry `KiB`, `MiB`, `GiB`. Durations carry `ms`, `s`, `m`, `h`, `d`.
- Secrets stand in a file that only its owner and group can read (`{file: PATH}`) or in the environment
  (`{environment: NAME}`), never here and never in arguments.
- With a section `database.external` the node uses that PostgreSQL; without, it starts its own.
- A listener of a service beyond loopback needs `internal_tls` with all three files (mTLS); a metrics
  listener beyond loopback needs `metrics.token`. A process refuses to start otherwise.

This page is made from the schema in `services/common/config/schema.cc`; a test compares them.

| field | takes | default | meaning |
|---|---|---|---|
)";

}  // namespace

std::string ConfigurationReference() {
  Draft draft{DefaultNodeConfig(), {}};
  std::string page = kIntroduction;
  for (const FieldSchema& field : Schema(draft)) {
    absl::StrAppend(&page, "| `", field.path, "` | ", field.takes, " | ",
                    field.default_value.empty() ? "" : absl::StrCat("`", field.default_value, "`"), " | ",
                    field.meaning, " |\n");
  }
  return page;
}

}  // namespace quartermaster::config
