// Writes one JSON document as it becomes known, so that a list of any length takes constant memory.
// Structure is indented; each item of an array stands on one line, so that grep and diff work.
#ifndef QUARTERMASTER_CLIENTS_OUTPUT_JSON_WRITER_H_
#define QUARTERMASTER_CLIENTS_OUTPUT_JSON_WRITER_H_

#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <vector>

namespace quartermaster::output {

using Json = nlohmann::ordered_json;

// Not thread-safe. `out` outlives it. Calls must nest properly; Key() only inside an object.
class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view key);
  void Value(const Json& value);
  // How many objects and arrays are open.
  size_t depth() const { return levels_.size(); }

 private:
  struct Level {
    bool empty = true;
  };
  void StartItem();
  void Begin(char bracket);
  void End(char bracket);

  std::ostream& out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace quartermaster::output

#endif  // QUARTERMASTER_CLIENTS_OUTPUT_JSON_WRITER_H_
