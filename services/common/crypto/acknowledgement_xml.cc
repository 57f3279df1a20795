#include "services/common/crypto/acknowledgement_xml.h"

#include <expat.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

constexpr int kDepthMax = 8;

// What one kind of file is made of.
struct Shape {
  std::string_view root;
  std::string_view acknowledgement_path;
  std::string_view policy_path;
  int acknowledgements;
};
constexpr Shape kAcknowledgementShape = {"smartLicense", "/smartLicense/smartLicenseRumAck/data",
                                         "/smartLicense/smartLicensePolicy/data", 1};
constexpr Shape kPolicyShape = {"smartLicensePolicy", "", "/smartLicensePolicy/data", 0};

class Reader {
 public:
  explicit Reader(const Shape& shape)
      : shape_(shape), parser_(XML_ParserCreate("US-ASCII"), &XML_ParserFree) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Reader::OnStart, &Reader::OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), &Reader::OnText);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &Reader::OnDoctype);
  }

  absl::StatusOr<AcknowledgementXml> Read(std::string_view file) {
    const XML_Status status = XML_Parse(parser_.get(), file.data(), static_cast<int>(file.size()),
                                        /*isFinal=*/1);
    if (status != XML_STATUS_OK) {
      return Refusal(refusal_.empty() ? XML_ErrorString(XML_GetErrorCode(parser_.get())) : refusal_.c_str());
    }
    if (acknowledgements_ != shape_.acknowledgements || policies_ != 1) {
      return Refusal(absl::StrCat("got ", acknowledgements_, " acknowledgements and ", policies_,
                                  " policies, want ",
                                  shape_.acknowledgements == 0 ? "one policy" : "one of each"));
    }
    return result_;
  }

 private:
  static void OnStart(void* self, const XML_Char* name, const XML_Char**) {
    static_cast<Reader*>(self)->Start(name);
  }
  static void OnEnd(void* self, const XML_Char*) { static_cast<Reader*>(self)->End(); }
  static void OnText(void* self, const XML_Char* text, int size) {
    auto* reader = static_cast<Reader*>(self);
    if (reader->target_ != nullptr) reader->target_->append(text, static_cast<size_t>(size));
  }
  static void OnDoctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    static_cast<Reader*>(self)->Stop("got a DOCTYPE, want none");
  }

  void Start(std::string_view name) {
    if (++depth_ > kDepthMax) return Stop(absl::StrCat("want at most ", kDepthMax, " levels"));
    if (depth_ == 1 && name != shape_.root) {
      return Stop(absl::StrCat("want <", std::string(shape_.root), ">"));
    }
    path_ += '/';
    path_ += name;
    if (path_ == shape_.acknowledgement_path) {
      ++acknowledgements_;
      target_ = &result_.acknowledgement;
    } else if (path_ == shape_.policy_path) {
      ++policies_;
      target_ = &result_.policy;
    } else {
      target_ = nullptr;
    }
  }

  void End() {
    // Expat still ends an empty element at whose start it was stopped.
    if (!refusal_.empty()) return;
    --depth_;
    path_.resize(path_.rfind('/'));
    target_ = nullptr;
  }

  void Stop(std::string why) {
    if (refusal_.empty()) refusal_ = std::move(why);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  absl::Status Refusal(std::string_view why) const {
    return AcknowledgementFileMalformed(absl::StrCat("file, line ", XML_GetCurrentLineNumber(parser_.get()),
                                                     ", column ", XML_GetCurrentColumnNumber(parser_.get()),
                                                     ": ", std::string(why)));
  }

  const Shape& shape_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser_;
  AcknowledgementXml result_;
  std::string path_;
  std::string refusal_;
  std::string* target_ = nullptr;
  int depth_ = 0;
  int acknowledgements_ = 0;
  int policies_ = 0;
};

}  // namespace

absl::StatusOr<AcknowledgementXml> ReadAcknowledgementXml(std::string_view file) {
  return Reader(kAcknowledgementShape).Read(file);
}

absl::StatusOr<std::string> ReadPolicyXml(std::string_view file) {
  ASSIGN_OR_RETURN(AcknowledgementXml xml, Reader(kPolicyShape).Read(file));
  return std::move(xml.policy);
}

}  // namespace quartermaster::crypto
