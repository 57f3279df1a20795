#include "services/ingest/domain/system_info.h"

#include <utility>

#include "services/common/status/status_macros.h"
#include "services/ingest/domain/json_fields.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/udi_fields.h"

namespace quartermaster::ingest {
namespace {

enum InfoField { kSudi, kHostname };
constexpr Fields<2>::Names kInfoNames = {"sudi", "hostname"};

}  // namespace

absl::StatusOr<SystemInfo> ReadSystemInfo(std::string_view data) {
  thread_local JsonText json;
  std::string text(data);
  ASSIGN_OR_RETURN(const simdjson::dom::element root, json.Parse(text, FieldPath::Text::kPayload));

  const FieldPath root_path(FieldPath::Text::kPayload);
  Fields<2> info(kInfoNames, root_path);
  RETURN_IF_ERROR(info.Read(root));
  RETURN_IF_ERROR(info.Require(kSudi, "an object"));
  SystemInfo result;
  RETURN_IF_ERROR(ReadUdi(info.Path(kSudi), info[kSudi], result.udi));
  RETURN_IF_ERROR(info.OptionalText(kHostname, kHostnameBytesMax, result.hostname));
  return result;
}

}  // namespace quartermaster::ingest
