// Path templates as google.api.http has them: "/v1/usage/{name}", "/v1/{name=things/*}:verb".
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_PATH_TEMPLATE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_PATH_TEMPLATE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::gateway {

// Immutable; thread-safe.
class PathTemplate {
 public:
  // What the path says about one field ("udi.product_id" may be nested).
  struct Binding {
    std::string field;
    std::string value;
  };

  // InvalidArgument when the template is not of the grammar; `**` may only stand at the end.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  // The bindings when the decoded segments are of this form.
  std::optional<std::vector<Binding>> Match(std::span<const std::string> segments) const;

  // The fields that it binds.
  std::vector<std::string> fields() const;
  const std::string& text() const { return text_; }
  // Of two templates that match the same path the one with the higher figure is meant.
  int specificity() const;

 private:
  struct Piece {
    enum class Kind { kLiteral, kOne, kRest } kind;
    std::string literal;
  };
  struct Variable {
    std::string field;
    size_t begin = 0;  // pieces
    size_t end = 0;
  };

  absl::Status ParsePieces(std::string_view text, bool inside_variable);
  absl::Status ParseVariable(std::string_view text);
  static bool PieceMatches(const Piece& piece, std::string_view segment);

  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<Variable> variables_;
  std::string verb_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_PATH_TEMPLATE_H_
