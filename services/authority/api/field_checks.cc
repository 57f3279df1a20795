#include "services/authority/api/field_checks.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/authority/domain/authority_errors.h"

namespace quartermaster::authority {
namespace {

constexpr size_t kUdiPartBytesMax = 64;

}  // namespace

absl::Status CheckUdiPart(const char* field, const std::string& value) {
  if (!value.empty() && value.size() <= kUdiPartBytesMax) return absl::OkStatus();
  return FieldInvalid(field, absl::StrCat(value.size(), " bytes"), absl::StrCat("1 to ", kUdiPartBytesMax));
}

google::protobuf::Timestamp ToTimestampProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

void SetUdi(const crypto::SubjectUdi& udi, common::v1::Udi& proto) {
  proto.set_product_id(udi.product_id);
  proto.set_serial_number(udi.serial_number);
}

}  // namespace quartermaster::authority
