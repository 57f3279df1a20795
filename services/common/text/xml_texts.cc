#include "services/common/text/xml_texts.h"

#include <expat.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace quartermaster::text {
namespace {

class Reader {
 public:
  explicit Reader(const XmlLimits& limits)
      : limits_(limits), parser_(XML_ParserCreate(nullptr), &XML_ParserFree) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Reader::OnStart, &Reader::OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), &Reader::OnText);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &Reader::OnDoctype);
  }

  absl::StatusOr<std::vector<XmlText>> Read(std::string_view file) {
    const XML_Status status =
        XML_Parse(parser_.get(), file.data(), static_cast<int>(file.size()), /*isFinal=*/1);
    if (status == XML_STATUS_OK) return std::move(texts_);
    const std::string why = refusal_.empty() ? XML_ErrorString(XML_GetErrorCode(parser_.get())) : refusal_;
    return absl::InvalidArgumentError(absl::StrCat("line ", XML_GetCurrentLineNumber(parser_.get()),
                                                   ", column ", XML_GetCurrentColumnNumber(parser_.get()),
                                                   ": ", why));
  }

 private:
  static void OnStart(void* self, const XML_Char* name, const XML_Char**) {
    static_cast<Reader*>(self)->Start(name);
  }
  static void OnEnd(void* self, const XML_Char*) { static_cast<Reader*>(self)->End(); }
  static void OnText(void* self, const XML_Char* text, int size) {
    static_cast<Reader*>(self)->text_.append(text, static_cast<size_t>(size));
  }
  static void OnDoctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    static_cast<Reader*>(self)->Stop("got a DOCTYPE, want none");
  }

  void Start(std::string_view name) {
    if (++depth_ > limits_.depth_max)
      return Stop(absl::StrCat("want at most ", limits_.depth_max, " levels"));
    if (++elements_ > limits_.elements_max) {
      return Stop(absl::StrCat("want at most ", limits_.elements_max, " elements"));
    }
    path_ += '/';
    path_ += name;
    text_.clear();
    innermost_ = true;
  }

  void End() {
    // Expat still ends an empty element at whose start it was stopped.
    if (!refusal_.empty()) return;
    if (innermost_) texts_.push_back({path_, std::move(text_)});
    text_.clear();
    innermost_ = false;
    --depth_;
    path_.resize(path_.rfind('/'));
  }

  void Stop(std::string why) {
    if (refusal_.empty()) refusal_ = std::move(why);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  const XmlLimits& limits_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser_;
  std::vector<XmlText> texts_;
  std::string path_, text_, refusal_;
  int depth_ = 0;
  size_t elements_ = 0;
  bool innermost_ = false;
};

}  // namespace

absl::StatusOr<std::vector<XmlText>> ReadXmlTexts(std::string_view file, const XmlLimits& limits) {
  if (file.size() > limits.bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", file.size(), " bytes, want at most ", limits.bytes_max));
  }
  return Reader(limits).Read(file);
}

std::string XmlEscape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '\'':
        escaped += "\xe2\x80\x99";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    }
  }
  return escaped;
}

}  // namespace quartermaster::text
