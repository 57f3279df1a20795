// Reading named fields out of a JSON object, with errors that say the path: "meta.ha_udi[1].role:
// got number 3, want a string". A field that is null counts as absent. A field that is read may
// stand only once: two readers could otherwise each believe another of the two.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FIELDS_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FIELDS_H_

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::ingest {

// A step on the way to a field; steps stand on the stack, each one below its parent. Builds its text
// only when something is wrong.
class FieldPath {
 public:
  // Which text the field stands in decides the ids of errors.
  enum class Text { kReport, kPayload };
  explicit FieldPath(Text text) : text_(text) {}
  FieldPath(const FieldPath& parent, std::string_view name)
      : parent_(&parent), text_(parent.text_), name_(name) {}
  FieldPath(const FieldPath& parent, size_t index) : parent_(&parent), text_(parent.text_), index_(index) {}

  absl::Status Missing(std::string_view want) const;
  absl::Status Invalid(std::string_view got, std::string_view want) const;
  absl::Status Invalid(simdjson::dom::element got, std::string_view want) const;
  std::string ToString() const;

 private:
  const FieldPath* parent_ = nullptr;
  Text text_;
  std::string_view name_;
  size_t index_ = 0;
};

// "number 2", "string \"x\"", "a list", …
std::string Describe(simdjson::dom::element value);

// The number that a text of digits means, or `most + 1` when it is more than `most` (which is less
// than UINT64_MAX); nothing when it holds anything but digits or is empty.
std::optional<uint64_t> ParseDigits(std::string_view text, uint64_t most);

// Some text that people will read: no control characters, `bytes_min` to `bytes_max` long.
absl::Status ReadText(const FieldPath& path, simdjson::dom::element value, size_t bytes_min, size_t bytes_max,
                      std::string& text);

// A whole number from 0 to `most`, as JSON number or as string of digits.
absl::StatusOr<int64_t> ReadNumber(const FieldPath& path, simdjson::dom::element value, int64_t most);

// The fields with these names of one object; others are ignored. Use an enum as index.
template <size_t N>
class Fields {
 public:
  using Names = std::array<std::string_view, N>;

  // `names` and `path` must outlive this.
  Fields(const Names& names, const FieldPath& path) : names_(names), path_(path) {}

  absl::Status Read(simdjson::dom::element value) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return path_.Invalid(value, "an object");
    for (const simdjson::dom::key_value_pair field : object) {
      for (size_t i = 0; i < N; ++i) {
        if (field.key != names_[i]) continue;
        if (seen_ >> i & 1) return Path(i).Invalid("this field twice", "it once");
        seen_ |= 1u << i;
        values_[i] = field.value;
        if (!field.value.is_null()) present_ |= 1u << i;
        break;
      }
    }
    return absl::OkStatus();
  }

  bool Has(size_t i) const { return present_ >> i & 1; }
  simdjson::dom::element operator[](size_t i) const { return values_[i]; }
  FieldPath Path(size_t i) const { return FieldPath(path_, names_[i]); }

  absl::Status Require(size_t i, std::string_view want) const {
    return Has(i) ? absl::OkStatus() : Path(i).Missing(want);
  }

  absl::Status RequiredText(size_t i, size_t bytes_max, std::string& text) const {
    if (!Has(i)) return Path(i).Missing("a string");
    return ReadText(Path(i), values_[i], 1, bytes_max, text);
  }

  // Empty when absent.
  absl::Status OptionalText(size_t i, size_t bytes_max, std::string& text) const {
    text.clear();
    if (!Has(i)) return absl::OkStatus();
    return ReadText(Path(i), values_[i], 0, bytes_max, text);
  }

 private:
  static_assert(N <= 32);
  const Names& names_;
  const FieldPath& path_;
  std::array<simdjson::dom::element, N> values_;
  uint32_t seen_ = 0;
  uint32_t present_ = 0;
};

// Keeps simdjson's buffers between texts. Not thread-safe.
class JsonText {
 public:
  // Parses `text`, whose capacity grows to what the parser may read beyond its end. The element
  // lives until the next call. Errors are ingest.report_malformed or ingest.payload_malformed (by
  // `kind`) and ingest.nesting_too_deep, with the offset of the first bad byte.
  absl::StatusOr<simdjson::dom::element> Parse(std::string& text, FieldPath::Text kind);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FIELDS_H_
