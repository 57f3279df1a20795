#include "clients/command_line/usage_error.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "clients/connection/client_errors.h"
#include "clients/output/text_width.h"

namespace quartermaster::command_line {
namespace {

// The command that the parser had come to.
const CLI::App& LastCommand(const CLI::App& app) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().back();
  return *last;
}

// "qmctl usage import".
std::string PathOf(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return absl::StrCat(PathOf(*command.get_parent()), " ", command.get_name());
}

std::string CommandsOf(const CLI::App& command) {
  return absl::StrJoin(command.get_subcommands([](const CLI::App*) { return true; }), ", ",
                       [](std::string* out, const CLI::App* one) { absl::StrAppend(out, one->get_name()); });
}

// The option with this name, of the command or of one above it.
const CLI::Option* FindOption(const CLI::App* command, const std::string& name) {
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_name() == name || option->check_name(name)) return option;
    }
  }
  return nullptr;
}

std::string Quoted(const std::string& value) { return absl::StrCat("'", value, "'"); }

std::string Refusal(std::string_view field, std::string_view got, std::string_view want) {
  return absl::StrCat(absl::string_view(field.data(), field.size()), ": got ",
                      absl::string_view(got.data(), got.size()), ", want ",
                      absl::string_view(want.data(), want.size()));
}

// A name or an argument that nothing asked for.
std::string Unexpected(const CLI::App& command, const std::string& argument) {
  const std::string path = PathOf(command);
  if (absl::StartsWith(argument, "-")) {
    return Refusal("option", Quoted(argument), absl::StrCat("one that `", path, " --help` shows"));
  }
  if (const std::string commands = CommandsOf(command); !commands.empty()) {
    return Refusal("command", Quoted(argument), absl::StrCat("one of ", commands));
  }
  return Refusal("argument", Quoted(argument), absl::StrCat("no more of them for `", path, "`"));
}

std::string Required(const CLI::App& command, const std::vector<std::string>& left, absl::string_view what) {
  if (!absl::ConsumeSuffix(&what, " is required"))
    return Refusal("command line", std::string(what), "another one");
  if (what != "A subcommand") return Refusal(std::string(what), "nothing", "a value");
  if (!left.empty()) return Unexpected(command, left.front());
  return Refusal("command", "nothing", absl::StrCat("one of ", CommandsOf(command)));
}

// What the validators of this project say when they refuse: the words of CLI11, as a wish.
std::string WishOf(absl::string_view complaint, const std::string& type, const std::string& got) {
  const size_t set = complaint.find(" not in {");
  if (set != absl::string_view::npos) {
    absl::string_view words = complaint.substr(set + 9);
    absl::ConsumeSuffix(&words, "}");
    return absl::StrCat("one of ", absl::StrReplaceAll(words, {{",", ", "}}));
  }
  if (const size_t range = complaint.find(" not in range "); range != absl::string_view::npos) {
    const absl::string_view bounds = complaint.substr(range + 14);
    // The largest of all numbers stands for no bound.
    if (!absl::StrContains(bounds, " to 1797693")) return std::string(bounds);
    return absl::StrContains(type, "POSITIVE") ? "more than 0" : "0 or more";
  }
  return absl::StrCat("another value than ", got, " (", complaint, ")");
}

std::string Invalid(const CLI::App& command, const std::string& what) {
  const size_t colon = what.find(": ");
  if (colon == std::string::npos) return Refusal("command line", what, "another one");
  const std::string name = what.substr(0, colon);
  const CLI::Option* option = FindOption(&command, name);
  const std::string got =
      option == nullptr ? "what stands there" : Quoted(absl::StrJoin(option->results(), " "));
  const std::string type = option == nullptr ? "" : option->get_type_name();
  std::string wish = WishOf(absl::string_view(what).substr(colon + 2), type, got);
  // A transformer's list shows what the words stand for.
  if (name == "--output") wish = "one of table, json, csv";
  return Refusal(name, got, wish);
}

std::string Unconvertible(const CLI::App& command, absl::string_view what) {
  const size_t equals = what.find(" = ");
  if (!absl::ConsumePrefix(&what, "Could not convert: ") || equals == absl::string_view::npos) {
    return Refusal("command line", std::string(what), "a value of the option's kind");
  }
  const size_t at = what.find(" = ");
  const std::string name(what.substr(0, at));
  const CLI::Option* option = FindOption(&command, name);
  const std::string type = option == nullptr ? "" : option->get_type_name();
  const bool whole = absl::StartsWith(type, "INT") || absl::StartsWith(type, "UINT");
  return Refusal(name, Quoted(std::string(what.substr(at + 3))), whole ? "a whole number" : "a number");
}

// "--profile: 1 required TEXT missing".
std::string Mismatched(absl::string_view what) {
  const size_t colon = what.find(": ");
  if (colon == absl::string_view::npos)
    return Refusal("command line", std::string(what), "another number of values");
  const bool missing = absl::EndsWith(what, " missing");
  return Refusal(std::string(what.substr(0, colon)), missing ? "nothing" : "another number of values",
                 missing ? "a value" : std::string(what.substr(colon + 2)));
}

std::string Words(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = LastCommand(app);
  const std::string what = error.what();
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  // The name of an error may be that of the program.
  switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
    case CLI::ExitCodes::RequiredError:
      return Required(command, left, what);
    case CLI::ExitCodes::ExtrasError:
      if (!left.empty()) return Unexpected(command, left.front());
      break;
    case CLI::ExitCodes::ValidationError:
      return Invalid(command, what);
    case CLI::ExitCodes::ConversionError:
      return Unconvertible(command, what);
    case CLI::ExitCodes::ArgumentMismatch:
      return Mismatched(what);
    default:
      break;
  }
  return Refusal("command line", what, absl::StrCat("what `", PathOf(command), " --help` shows"));
}

}  // namespace

absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error) {
  return client::Usage(Words(app, error));
}

absl::Status CheckArguments(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (output::IsUtf8(argument) || access(argument.c_str(), F_OK) == 0) continue;
    return client::Usage(Refusal("argument", absl::StrCat("bytes that are not UTF-8 in ", Quoted(argument)),
                                 "UTF-8, or the name of a file that is there"));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::command_line
