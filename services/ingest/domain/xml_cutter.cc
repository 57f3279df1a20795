#include "services/ingest/domain/xml_cutter.h"

#include <expat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/plain_report.h"

namespace quartermaster::ingest {
namespace {

constexpr std::string_view kReportTag = "RUMReport";
constexpr std::string_view kDocumentTag = "smartLicense";
constexpr std::string_view kSystemInfoTag = "smartLicenseSystemInfo";
constexpr std::string_view kDataTag = "data";
constexpr std::string_view kReportEnd = "</RUMReport>";
constexpr std::string_view kDoctype = "<!DOCTYPE";

std::string_view WithoutPrefix(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

// What expat calls. A parser that was stopped may still call for what it had already read, so
// nothing is heard after an error.
struct XmlCutter::Callbacks {
  template <typename Hear>
  static void Tell(void* data, Hear hear) {
    XmlCutter& cutter = *static_cast<XmlCutter*>(data);
    if (cutter.error_.ok()) hear(cutter);
  }
  static void Start(void* data, const char* name, const char** attributes) {
    Tell(data, [&](XmlCutter& cutter) { cutter.StartElement(name, attributes); });
  }
  static void End(void* data, const char*) {
    Tell(data, [](XmlCutter& cutter) { cutter.EndElement(); });
  }
  static void Text(void* data, const char* text, int size) {
    Tell(data, [&](XmlCutter& cutter) { cutter.Text({text, static_cast<size_t>(size)}); });
  }
  static void Comment(void* data, const char*) {
    Tell(data, [](XmlCutter& cutter) { cutter.Markup(); });
  }
  static void Instruction(void* data, const char*, const char*) {
    Tell(data, [](XmlCutter& cutter) { cutter.Markup(); });
  }
  static void Doctype(void* data, const char*, const char*, const char*, int) {
    Tell(data, [](XmlCutter& cutter) { cutter.Doctype(); });
  }
};

XmlCutter::XmlCutter(int64_t offset, Way way)
    // Whatever the declaration says, the bytes are UTF-8.
    : way_(way), parser_(XML_ParserCreate("UTF-8")), shift_(offset) {
  XML_SetUserData(parser_, this);
  XML_SetElementHandler(parser_, &Callbacks::Start, &Callbacks::End);
  XML_SetCharacterDataHandler(parser_, &Callbacks::Text);
  XML_SetCommentHandler(parser_, &Callbacks::Comment);
  XML_SetProcessingInstructionHandler(parser_, &Callbacks::Instruction);
  XML_SetStartDoctypeDeclHandler(parser_, &Callbacks::Doctype);
}

XmlCutter::~XmlCutter() { XML_ParserFree(parser_); }

absl::Status XmlCutter::Feed(std::string_view bytes, ItemSink on_item) {
  on_item_ = &on_item;
  while (!bytes.empty() && error_.ok()) {
    if (const size_t taken = TakePlainReports(bytes); taken > 0) {
      bytes.remove_prefix(taken);
      continue;
    }
    // Up to the end of a report, where the fast way may begin again.
    const size_t end = way_ == Way::kFast ? bytes.find(kReportEnd) : std::string_view::npos;
    const size_t size = end == std::string_view::npos ? bytes.size() : end + kReportEnd.size();
    FeedExpat(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  on_item_ = nullptr;
  return error_;
}

absl::Status XmlCutter::Finish(ItemSink on_item) {
  on_item_ = &on_item;
  if (error_.ok()) Parse({}, /*is_last=*/true);
  on_item_ = nullptr;
  return error_;
}

size_t XmlCutter::TakePlainReports(std::string_view bytes) {
  size_t taken = 0;
  while (way_ == Way::kFast && clean_at_ == fed_) {
    const PlainReport report = FindPlainReport(bytes.substr(taken));
    if (report.end == 0) break;
    const int64_t offset = fed_ + shift_ + static_cast<int64_t>(report.start);
    (*on_item_)({DocumentItem::Kind::kReport, report.text, offset, absl::OkStatus()});
    taken += report.end;
    shift_ += static_cast<int64_t>(report.end);
  }
  return taken;
}

void XmlCutter::FeedExpat(std::string_view bytes) {
  // expat counts in int.
  constexpr size_t kPieceMax = size_t{1} << 20;
  while (!bytes.empty() && error_.ok()) {
    const std::string_view piece = bytes.substr(0, kPieceMax);
    bytes.remove_prefix(piece.size());
    fed_ += static_cast<int64_t>(piece.size());
    Parse(piece, /*is_last=*/false);
  }
}

void XmlCutter::Parse(std::string_view bytes, bool is_last) {
  const XML_Status status = XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), is_last);
  if (!error_.ok()) return;
  if (status != XML_STATUS_OK) {
    RefuseAsExpatDoes();
    return;
  }
  // What is left is the start of a tag, comment or instruction. Without a place expat has not even
  // looked: it waits until there is twice as much, so that many small pieces cost no more.
  const int64_t place = XML_GetCurrentByteIndex(parser_);
  if (place >= 0) CheckMarkupSize(fed_ - place);
}

void XmlCutter::RefuseAsExpatDoes() {
  const XML_Error code = XML_GetErrorCode(parser_);
  switch (code) {
    case XML_ERROR_UNCLOSED_TOKEN:
      if (!CheckMarkupSize(fed_ - XML_GetCurrentByteIndex(parser_))) return;
      [[fallthrough]];
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
    case XML_ERROR_PARTIAL_CHAR: {
      const int64_t size = fed_ + shift_;
      Refuse(DocumentMalformed("the end of the document", size, "the end of what was begun"), size);
      return;
    }
    default:
      Refuse(DocumentMalformed(XML_ErrorString(code), TokenOffset(), "well-formed XML in UTF-8"),
             TokenOffset());
  }
}

int64_t XmlCutter::TokenOffset() const { return XML_GetCurrentByteIndex(parser_) + shift_; }

void XmlCutter::Refuse(absl::Status status, int64_t offset) {
  error_ = std::move(status);
  error_offset_ = offset;
  XML_StopParser(parser_, XML_FALSE);
}

bool XmlCutter::CheckMarkupSize(int64_t bytes) {
  if (bytes <= static_cast<int64_t>(kMarkupBytesMax)) return true;
  const int64_t offset = TokenOffset();
  Refuse(DocumentMalformed("a longer tag, comment or instruction", offset,
                           absl::StrCat("at most ", kMarkupBytesMax, " bytes")),
         offset);
  return false;
}

bool XmlCutter::RememberName(std::string_view name) {
  if (names_.contains(name)) return true;
  if (names_.size() == kDistinctNamesMax) {
    const int64_t offset = TokenOffset();
    Refuse(DocumentMalformed("one more name", offset,
                             absl::StrCat("at most ", kDistinctNamesMax, " different names")),
           offset);
    return false;
  }
  names_.emplace(name);
  return true;
}

void XmlCutter::StartElement(const char* name, const char** attributes) {
  if (!CheckMarkupSize(XML_GetCurrentByteCount(parser_))) return;
  if (depth_ == kNestingDepthMax) {
    Refuse(NestingTooDeep("document", TokenOffset()), TokenOffset());
    return;
  }
  if (!RememberName(name)) return;
  for (; *attributes != nullptr; attributes += 2) {
    if (!RememberName(*attributes)) return;
  }
  ++depth_;

  const std::string_view tag = WithoutPrefix(name);
  switch (place_) {
    case Place::kOutside:
      if (tag == kDocumentTag) {
        Enter(Place::kDocument);
        clean_at_ = XML_GetCurrentByteIndex(parser_) + XML_GetCurrentByteCount(parser_);
      } else if (tag == kReportTag) {
        BeginItem();
        Enter(Place::kReport);
      } else {
        Refuse(DocumentNotUsage(absl::StrCat("<", Quoted(name), ">"), TokenOffset()), TokenOffset());
      }
      return;
    case Place::kDocument:
      if (tag == kReportTag) {
        BeginItem();
        Enter(Place::kReport);
      } else if (tag == kSystemInfoTag) {
        Enter(Place::kSystemInfo);
      } else {
        EnterSkipped();
      }
      return;
    case Place::kSystemInfo:
      if (tag == kDataTag) {
        BeginItem();
        Enter(Place::kData);
      } else {
        EnterSkipped();
      }
      return;
    case Place::kReport:
    case Place::kData:
      has_children_ = true;
      return;
    case Place::kSkipped:
      return;
  }
}

void XmlCutter::EndElement() {
  const int depth = depth_--;
  if (depth != place_depth_) return;
  switch (place_) {
    case Place::kReport:
      EmitReport();
      Enter(depth_ == 0 ? Place::kOutside : Place::kDocument);
      if (depth_ > 0) clean_at_ = XML_GetCurrentByteIndex(parser_) + XML_GetCurrentByteCount(parser_);
      return;
    case Place::kData:
      EmitSystemInfo();
      Enter(Place::kSystemInfo);
      return;
    case Place::kSystemInfo:
      Enter(Place::kDocument);
      return;
    case Place::kSkipped:
      Enter(place_before_skipped_);
      return;
    case Place::kDocument:
    case Place::kOutside:
      clean_at_ = -1;
      Enter(Place::kOutside);
      return;
  }
}

void XmlCutter::Enter(Place place) {
  place_ = place;
  place_depth_ = depth_;
}

void XmlCutter::EnterSkipped() {
  place_before_skipped_ = place_;
  Enter(Place::kSkipped);
}

void XmlCutter::Text(std::string_view text) {
  const bool wanted = place_ == Place::kReport || place_ == Place::kData;
  if (!wanted || too_large_) return;
  too_large_ = text_.size() + text.size() > kReportBytesMax;
  if (too_large_) {
    text_.clear();
  } else {
    text_ += text;
  }
}

void XmlCutter::Markup() { CheckMarkupSize(XML_GetCurrentByteCount(parser_)); }

void XmlCutter::Doctype() {
  // expat stands somewhere behind the word; it is still in the bytes that expat keeps for context.
  int64_t offset = TokenOffset();
  int at = 0;
  int size = 0;
  if (const char* context = XML_GetInputContext(parser_, &at, &size); context != nullptr) {
    const size_t start = std::string_view(context, static_cast<size_t>(std::min(at, size))).rfind(kDoctype);
    if (start != std::string_view::npos) offset -= at - static_cast<int64_t>(start);
  }
  Refuse(DoctypeRefused(offset), offset);
}

void XmlCutter::BeginItem() {
  text_.clear();
  too_large_ = false;
  has_children_ = false;
  item_offset_ = TokenOffset();
}

void XmlCutter::EmitReport() {
  DocumentItem item{DocumentItem::Kind::kReport, text_, item_offset_, absl::OkStatus()};
  if (has_children_) {
    item.status = ReportMalformed("RUMReport", "elements inside", "text only");
  } else if (too_large_) {
    item.status = ReportTooLarge("report", kReportBytesMax + 1);
  }
  if (!item.status.ok()) {
    item.kind = DocumentItem::Kind::kUnreadableReport;
    item.text = {};
  }
  (*on_item_)(item);
}

void XmlCutter::EmitSystemInfo() {
  // What stands beside the reports is good to have; what nobody can read is left out.
  if (has_children_ || too_large_) return;
  (*on_item_)({DocumentItem::Kind::kSystemInfo, text_, item_offset_, absl::OkStatus()});
}

}  // namespace quartermaster::ingest
