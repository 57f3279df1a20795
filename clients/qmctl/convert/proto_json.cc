#include "clients/qmctl/convert/proto_json.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace quartermaster::qmctl {
namespace {

// "VerificationState" -> "VERIFICATION_STATE_".
std::string PrefixOf(const std::string& type_name) {
  std::string prefix;
  for (const char c : type_name) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(c);
  }
  return prefix + "_";
}

}  // namespace

Json TimeJson(bool set, const google::protobuf::Timestamp& time) {
  if (!set) return nullptr;
  const absl::Time value = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", value, absl::UTCTimeZone());
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));
  proto.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(proto.seconds()))));
  return proto;
}

std::string UdiText(const common::v1::Udi& udi) {
  if (udi.product_id().empty() && udi.serial_number().empty()) return "";
  return absl::StrCat(udi.product_id(), ":", udi.serial_number());
}

Json EnumWordOf(const google::protobuf::EnumDescriptor* type, int value) {
  if (value == 0) return nullptr;
  const google::protobuf::EnumValueDescriptor* word = type->FindValueByNumber(value);
  // A newer node may know more words than this client.
  if (word == nullptr) return absl::StrCat(value);
  return absl::AsciiStrToLower(word->name().substr(PrefixOf(type->name()).size()));
}

Json TextOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

}  // namespace quartermaster::qmctl
