// Fuzz target: the path and query of HTTP requests. A target that is taken has no zero byte in any
// part, and is taken apart the same way when it is put together again.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "services/gateway/domain/request_target.h"

namespace {

using quartermaster::gateway::ParseRequestTarget;
using quartermaster::gateway::RequestTarget;

void Require(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

std::string Escaped(const std::string& part) {
  std::string escaped;
  for (const char c : part) {
    char text[4];
    snprintf(text, sizeof(text), "%%%02X", static_cast<unsigned char>(c));
    escaped += text;
  }
  return escaped;
}

std::string TargetOf(const RequestTarget& parsed) {
  std::string target;
  for (const std::string& segment : parsed.segments) target += "/" + Escaped(segment);
  char separator = '?';
  for (const auto& [name, value] : parsed.query) {
    target += separator + Escaped(name) + "=" + Escaped(value);
    separator = '&';
  }
  return target;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = ParseRequestTarget({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) return 0;
  for (const std::string& segment : parsed->segments) {
    Require(segment.find('\0') == std::string::npos, "no zero byte in a segment");
  }
  const auto again = ParseRequestTarget(TargetOf(*parsed));
  Require(again.ok(), "an escaped target is taken");
  Require(again->segments == parsed->segments, "the same segments");
  Require(again->query == parsed->query, "the same query");
  return 0;
}
