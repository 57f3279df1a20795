// Where and how a JSON text breaks. The fast parser only says that it does; this strict and slow
// second reading (RFC 8259) runs for texts that were refused, to tell people what and where.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FAULT_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FAULT_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace quartermaster::ingest {

struct JsonFault {
  size_t offset = 0;  // of the first bad byte; the text's size when it ends too early
  const char* got = "";
  const char* want = "";
  bool too_deep = false;  // more than kNestingDepthMax levels
};

// Nothing when the text is one well-formed JSON value. Uses constant memory.
std::optional<JsonFault> FindJsonFault(std::string_view text);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_JSON_FAULT_H_
