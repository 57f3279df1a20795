#include "services/ledger/fsck/json_tree.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace quartermaster::ledger::fsck {
namespace {

using nlohmann::json;
using Kind = JsonValue::Kind;

constexpr size_t kLevelsMax = 32;

class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  JsonValue TakeRoot() { return std::move(root_); }
  const std::string& error() const { return error_; }

  bool null() override { return Add({}); }
  bool boolean(bool) override { return Add(OfKind(Kind::kBool)); }
  bool number_integer(int64_t number) override { return AddInteger(number); }
  bool number_unsigned(uint64_t number) override {
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Add(OfKind(Kind::kNumber));
    }
    return AddInteger(static_cast<int64_t>(number));
  }
  bool number_float(double, const std::string& literal) override {
    if (literal.find_first_of(".eE") == std::string::npos) return Fail("a number beyond 64 bits");
    return Add(OfKind(Kind::kNumber));
  }
  bool string(std::string& text) override {
    JsonValue value = OfKind(Kind::kText);
    value.text = std::move(text);
    return Add(std::move(value));
  }
  bool binary(json::binary_t&) override { return Fail("binary"); }
  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool start_array(size_t) override { return Open(Kind::kList); }
  bool key(std::string& name) override {
    open_.back()->names.push_back(std::move(name));
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const json::exception& error) override {
    return Fail(error.what());
  }

 private:
  static JsonValue OfKind(Kind kind) {
    JsonValue value;
    value.kind = kind;
    return value;
  }

  bool Fail(std::string why) {
    error_ = std::move(why);
    return false;
  }

  bool AddInteger(int64_t number) {
    JsonValue value = OfKind(Kind::kInteger);
    value.integer = number;
    return Add(std::move(value));
  }

  bool Add(JsonValue value) {
    // What stands empty at the deepest level is still in order.
    if (open_.size() > kLevelsMax) return Fail("nested more than 32 levels deep");
    last_ = open_.empty() ? &root_ : &open_.back()->items.emplace_back();
    *last_ = std::move(value);
    return true;
  }

  // An open value does not move: nothing is added to its parents meanwhile.
  bool Open(Kind kind) {
    if (!Add(OfKind(kind))) return false;
    open_.push_back(last_);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  JsonValue* last_ = nullptr;
  std::vector<JsonValue*> open_;
  std::string error_;
};

}  // namespace

JsonValue ParseJson(std::string_view text) {
  TreeBuilder builder;
  if (!json::sax_parse(text.begin(), text.end(), &builder)) throw std::invalid_argument(builder.error());
  return builder.TakeRoot();
}

}  // namespace quartermaster::ledger::fsck
