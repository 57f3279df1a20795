#include "services/ingest/domain/udi_fields.h"

#include "services/common/status/status_macros.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

enum UdiField { kPid, kSerialNumber };
constexpr Fields<2>::Names kUdiNames = {"udi_pid", "udi_serial_number"};

}  // namespace

absl::Status ReadUdi(const FieldPath& path, simdjson::dom::element value, Udi& udi) {
  Fields<2> fields(kUdiNames, path);
  RETURN_IF_ERROR(fields.Read(value));
  RETURN_IF_ERROR(fields.RequiredText(kPid, kProductIdBytesMax, udi.product_id));
  return fields.RequiredText(kSerialNumber, kSerialNumberBytesMax, udi.serial_number);
}

absl::Status ReadUnsignedUdi(const FieldPath& path, simdjson::dom::element value, Udi& udi) {
  Fields<2> fields(kUdiNames, path);
  RETURN_IF_ERROR(fields.Read(value));
  RETURN_IF_ERROR(fields.OptionalText(kPid, kProductIdBytesMax, udi.product_id));
  return fields.OptionalText(kSerialNumber, kSerialNumberBytesMax, udi.serial_number);
}

}  // namespace quartermaster::ingest
