// Cuts JSON documents by their brackets and strings, without reading what is inside: one report
// object, {"usage":[…]}, or any number of either, one after another (newline-delimited).
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_CUTTER_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_CUTTER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/ingest/domain/document_cutter.h"

namespace quartermaster::ingest {

class JsonCutter final : public DocumentCutter {
 public:
  // `offset` of the first byte that will be fed.
  explicit JsonCutter(int64_t offset) : chunk_offset_(offset) {}

  absl::Status Feed(std::string_view bytes, ItemSink on_item) override;
  absl::Status Finish(ItemSink on_item) override;
  int64_t error_offset() const override { return error_offset_; }
  // {}, or a digit and its comma.
  size_t shortest_report_bytes() const override { return 2; }

 private:
  enum class Place {
    kBetween,        // outside of everything
    kObject,         // in a top-level object: a report, or what turns out to hold "usage"
    kBeforeElement,  // in the list of "usage", before an element or the list's end
    kElement,        // in an element
    kAfterElement,   // before a comma or the list's end
    kTail,           // after the list, in the object around it
  };

  // Each starts with the byte at `at` and answers how many bytes it took; 0 when only the place
  // changed, or after an error.
  size_t Step(std::string_view bytes, size_t at, ItemSink on_item);
  size_t Between(std::string_view bytes, size_t at);
  size_t BeforeElement(std::string_view bytes, size_t at);
  size_t AfterElement(std::string_view bytes, size_t at);
  size_t InValue(std::string_view bytes, size_t at, ItemSink on_item);
  size_t InString(std::string_view bytes, size_t at, ItemSink on_item);
  size_t InScalar(std::string_view bytes, size_t at, ItemSink on_item);

  bool Open(std::string_view bytes, size_t at);
  bool Close(std::string_view bytes, size_t at);
  bool AtNames() const { return depth_ == 1 && place_ != Place::kElement; }
  // A byte between the strings of a top-level object.
  void FollowNames(char c);
  bool NameEnds(size_t at);

  void StartCapture(std::string_view bytes, size_t at);
  // What was captured is complete, up to `end`.
  void EmitCapture(std::string_view bytes, size_t end, ItemSink on_item);
  void KeepOpenCapture(std::string_view bytes);
  void DropCapture();
  void EnterUsage();
  size_t Refuse(std::string_view bytes, size_t at, const char* want);

  Place place_ = Place::kBetween;
  int64_t chunk_offset_;
  absl::Status error_;
  int64_t error_offset_ = 0;

  int depth_ = 0;
  uint64_t objects_ = 0;  // a bit a level, the lowest for the innermost: 1 = object
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_scalar_ = false;

  // Names directly in the top-level object.
  enum class Name { kOther, kUsage, kPayload };
  bool name_expected_ = false;
  bool in_name_ = false;
  std::string name_text_;
  Name name_ = Name::kOther;
  bool payload_seen_ = false;
  bool colon_was_last_ = false;
  bool after_comma_ = false;  // in the list of "usage": an element must follow

  // The report that is being cut: what earlier chunks held of it is in text_.
  bool capturing_ = false;
  bool too_large_ = false;
  size_t capture_start_ = 0;  // in the current chunk
  int64_t item_offset_ = 0;
  char item_first_ = '\0';
  int64_t element_index_ = 0;
  std::string text_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_CUTTER_H_
