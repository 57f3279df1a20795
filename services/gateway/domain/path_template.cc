#include "services/gateway/domain/path_template.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::gateway {
namespace {

absl::Status Malformed(std::string_view text, const char* why) {
  return absl::InvalidArgumentError(
      absl::StrCat("path template: got ", absl::string_view(text.data(), text.size()), ", want ", why));
}

// Where the segment at the start of `text` ends: at a slash that is in no variable.
size_t SegmentEnd(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}') --depth;
    if (text[i] == '/' && depth == 0) return i;
  }
  return std::string_view::npos;
}

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  PathTemplate parsed;
  parsed.text_ = text;
  if (text.empty() || text.front() != '/') return Malformed(text, "a leading slash");
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find_first_of("/}", colon) == text.npos) {
    parsed.verb_ = text.substr(colon);
    if (parsed.verb_.size() == 1) return Malformed(text, "a verb after the colon");
    text = text.substr(0, colon);
  }
  RETURN_IF_ERROR(parsed.ParsePieces(text.substr(1), false));
  for (size_t i = 0; i + 1 < parsed.pieces_.size(); ++i) {
    if (parsed.pieces_[i].kind == Piece::Kind::kRest) return Malformed(text, "** at the end only");
  }
  return parsed;
}

absl::Status PathTemplate::ParsePieces(std::string_view text, bool inside_variable) {
  while (true) {
    const size_t end = SegmentEnd(text);
    const std::string_view segment = text.substr(0, end);
    if (segment.empty()) return Malformed(text_, "no empty segment");
    if (segment == "*" || segment == "**") {
      pieces_.push_back({segment.size() == 1 ? Piece::Kind::kOne : Piece::Kind::kRest, ""});
    } else if (segment.front() == '{' && !inside_variable) {
      RETURN_IF_ERROR(ParseVariable(segment));
    } else if (segment.find_first_of("{}*=") != std::string_view::npos) {
      return Malformed(text_, "plain segments, *, ** and {field} or {field=…}");
    } else {
      pieces_.push_back({Piece::Kind::kLiteral, std::string(segment)});
    }
    if (end == std::string_view::npos) return absl::OkStatus();
    text.remove_prefix(end + 1);
  }
}

absl::Status PathTemplate::ParseVariable(std::string_view text) {
  if (text.back() != '}') return Malformed(text_, "a closing brace");
  text = text.substr(1, text.size() - 2);
  const size_t equals = text.find('=');
  Variable variable;
  variable.field = text.substr(0, equals);
  if (variable.field.empty()) return Malformed(text_, "a field name");
  variable.begin = pieces_.size();
  RETURN_IF_ERROR(ParsePieces(equals == std::string_view::npos ? "*" : text.substr(equals + 1), true));
  variable.end = pieces_.size();
  variables_.push_back(std::move(variable));
  return absl::OkStatus();
}

bool PathTemplate::PieceMatches(const Piece& piece, std::string_view segment) {
  return piece.kind == Piece::Kind::kLiteral ? piece.literal == segment : !segment.empty();
}

std::optional<std::vector<PathTemplate::Binding>> PathTemplate::Match(
    std::span<const std::string> segments) const {
  const bool open_ended = pieces_.back().kind == Piece::Kind::kRest;
  if (open_ended ? segments.size() < pieces_.size() : segments.size() != pieces_.size()) {
    return std::nullopt;
  }
  // The verb is the tail of the last segment.
  std::string_view last = segments.back();
  if (!last.ends_with(verb_)) return std::nullopt;
  last.remove_suffix(verb_.size());
  auto segment = [&](size_t i) -> std::string_view {
    return i + 1 == segments.size() ? last : std::string_view(segments[i]);
  };
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!PieceMatches(pieces_[std::min(i, pieces_.size() - 1)], segment(i))) return std::nullopt;
  }
  std::vector<Binding> bindings;
  for (const Variable& variable : variables_) {
    const bool to_the_end = open_ended && variable.end == pieces_.size();
    Binding binding{variable.field, std::string(segment(variable.begin))};
    for (size_t i = variable.begin + 1; i < (to_the_end ? segments.size() : variable.end); ++i) {
      const std::string_view next = segment(i);
      absl::StrAppend(&binding.value, "/", absl::string_view(next.data(), next.size()));
    }
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

std::vector<std::string> PathTemplate::fields() const {
  std::vector<std::string> names;
  for (const Variable& variable : variables_) names.push_back(variable.field);
  return names;
}

int PathTemplate::specificity() const {
  int figure = verb_.empty() ? 0 : 1;
  for (const Piece& piece : pieces_) figure += piece.kind == Piece::Kind::kLiteral ? 2 : 0;
  return figure;
}

}  // namespace quartermaster::gateway
