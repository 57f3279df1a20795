#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/common/config/config_errors.h"
#include "services/common/config/fields.h"
#include "services/common/config/node_config.h"
#include "services/common/config/schema.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::config {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

// Walks the mappings of a file along the schema.
class Walk {
 public:
  Walk(const std::vector<FieldSchema>& fields, Reading& reading) : fields_(fields), reading_(reading) {}

  void Section(const YAML::Node& section, const std::string& prefix) {
    std::set<std::string> seen;
    for (const auto& entry : section) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) {
        reading_.Refuse(line, prefix, Describe(entry.first), "a field name");
        continue;
      }
      const std::string path =
          prefix.empty() ? entry.first.Scalar() : absl::StrCat(prefix, ".", entry.first.Scalar());
      if (!seen.insert(path).second) {
        reading_.Refuse(line, path, "the field a second time", "each field once");
        continue;
      }
      Entry(entry.second, path, prefix, line);
    }
  }

 private:
  void Entry(const YAML::Node& node, const std::string& path, const std::string& prefix, int line) {
    if (const FieldSchema* field = Find(path); field != nullptr) {
      if (node.IsNull()) return reading_.Refuse(line, path, "nothing", field->takes);
      reading_.NoteLine(path, line);
      return field->read(node, line, reading_);
    }
    if (!IsSection(path)) {
      return reading_.Refuse(line, path, "an unknown field", "one of " + NamesBelow(prefix));
    }
    if (!node.IsNull() && !node.IsMap()) {
      return reading_.Refuse(line, path, Describe(node), "a mapping of " + NamesBelow(path));
    }
    reading_.NoteLine(path, line);
    // A section whose fields are all commented out is there all the same: it may decide by that, and
    // lack what it needs.
    if (node.IsNull()) return;
    Section(node, path);
  }

  const FieldSchema* Find(const std::string& path) const {
    for (const FieldSchema& field : fields_) {
      if (field.path == path) return &field;
    }
    return nullptr;
  }

  bool IsSection(const std::string& path) const {
    for (const FieldSchema& field : fields_) {
      if (field.path.starts_with(path + ".")) return true;
    }
    return false;
  }

  std::string NamesBelow(const std::string& prefix) const {
    const std::string start = prefix.empty() ? "" : prefix + ".";
    std::set<std::string> names;
    for (const FieldSchema& field : fields_) {
      if (!field.path.starts_with(start)) continue;
      const std::string rest = field.path.substr(start.size());
      names.insert(rest.substr(0, rest.find('.')));
    }
    std::string text;
    for (const std::string& name : names) absl::StrAppend(&text, text.empty() ? "" : ", ", name);
    return text;
  }

  const std::vector<FieldSchema>& fields_;
  Reading& reading_;
};

void ReadDocument(std::string_view text, const std::vector<FieldSchema>& fields, Reading& reading) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty() || documents[0].IsNull()) return;  // every field has a default
    if (documents.size() > 1) {
      return reading.Refuse(0, "", absl::StrCat(documents.size(), " YAML documents"), "one");
    }
    if (!documents[0].IsMap()) return reading.Refuse(1, "", Describe(documents[0]), "a mapping");
    Walk(fields, reading).Section(documents[0], "");
  } catch (const YAML::Exception& e) {
    reading.Refuse(e.mark.line + 1, "", absl::StrCat("no YAML (", e.msg, ")"), "a YAML mapping");
  }
}

}  // namespace

absl::StatusOr<NodeConfig> ParseNodeConfig(std::string_view text, const std::string& name,
                                           const std::string& base_directory) {
  Draft draft{DefaultNodeConfig(), {}};
  Reading reading(name, base_directory);
  ReadDocument(text, Schema(draft), reading);
  // Only a file whose fields are right can be checked as a whole.
  if (reading.mistakes().empty()) CheckTogether(draft, reading);
  if (!reading.mistakes().empty()) return Invalid(reading.mistakes());
  if (reading.IsSet("database.external")) draft.config.database.external = draft.external;
  return std::move(draft.config);
}

absl::StatusOr<NodeConfig> LoadNodeConfig(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileUnreadable(path, "nothing that can be opened");
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad() || std::filesystem::is_directory(path)) {
    return FileUnreadable(path, "an error while it was read");
  }
  if (text.view().size() > kFileBytesMax) return FileUnreadable(path, "over 1 MiB");
  // A bare file name has no directory of its own.
  return ParseNodeConfig(text.view(), path, std::filesystem::absolute(path).parent_path().string());
}

}  // namespace quartermaster::config
