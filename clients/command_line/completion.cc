#include "clients/command_line/completion.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace quartermaster::command_line {
namespace {

struct Word {
  std::string text;
  std::string description;
};

// What may follow a command: its subcommands, its options.
struct Command {
  // "usage import", without the program's name.
  std::string path;
  std::vector<Word> subcommands;
  std::vector<Word> options;
  bool takes_files = false;
};

std::vector<Word> OptionsOf(const CLI::App& app) {
  std::vector<Word> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) {
      words.push_back({"-" + name, option->get_description()});
    }
    for (const std::string& name : option->get_lnames()) {
      words.push_back({"--" + name, option->get_description()});
    }
  }
  return words;
}

bool TakesFiles(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && option->get_name(true) == "FILE") return true;
  }
  return false;
}

void Walk(const CLI::App& app, const std::string& path, std::vector<Command>& commands) {
  Command command{path, {}, OptionsOf(app), TakesFiles(app)};
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) {
    command.subcommands.push_back({child->get_name(), child->get_description()});
    for (const std::string& alias : child->get_aliases()) {
      command.subcommands.push_back({alias, child->get_description()});
    }
  }
  commands.push_back(std::move(command));
  for (const CLI::App* child : children) {
    std::vector<std::string> names = child->get_aliases();
    names.insert(names.begin(), child->get_name());
    for (const std::string& name : names) {
      Walk(*child, absl::StrCat(path, path.empty() ? "" : " ", name), commands);
    }
  }
}

std::string Joined(const std::vector<Word>& words) {
  return absl::StrJoin(words, " ", [](std::string* out, const Word& word) { *out += word.text; });
}

std::string Cases(const std::vector<Command>& commands, const std::vector<Word>& global) {
  std::string cases;
  for (const Command& command : commands) {
    std::vector<Word> options = command.options;
    if (!command.path.empty()) options.insert(options.end(), global.begin(), global.end());
    absl::StrAppend(&cases, "    '", command.path, "') words='", Joined(command.subcommands), "' options='",
                    Joined(options), "' files=", command.takes_files ? 1 : 0, " ;;\n");
  }
  return cases;
}

// bash and zsh (through its bash compatibility) share the function.
std::string BashFunction(const std::string& program, const std::vector<Command>& commands) {
  return absl::StrCat("_", program, R"(() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local path='' words options files word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case "$path${path:+ }$word" in
)",
                      absl::StrJoin(commands, "",
                                    [](std::string* out, const Command& command) {
                                      if (!command.path.empty())
                                        absl::StrAppend(out, "      '", command.path, "') path='",
                                                        command.path, "' ;;\n");
                                    }),
                      R"(    esac
  done
  case "$path" in
)",
                      Cases(commands, commands.front().options), R"(  esac
  case "$previous" in
    --credentials | --raw | --folder | --connection-file | --file) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --output | -o)
      if [ "$path" = 'ack export' ]; then
        COMPREPLY=($(compgen -f -- "$current"))
      else
        COMPREPLY=($(compgen -W 'table json csv' -- "$current"))
      fi
      return ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *)
      COMPREPLY=($(compgen -W "$words" -- "$current"))
      [ "$files" = 1 ] && COMPREPLY+=($(compgen -f -- "$current"))
      ;;
  esac
  return 0
}
)");
}

std::string FishQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Words of a path all seen, and none of the words below it.
std::string FishCondition(const Command& command) {
  std::string condition;
  const std::vector<std::string> seen = absl::StrSplit(command.path, ' ', absl::SkipEmpty());
  for (const std::string& word : seen) {
    absl::StrAppend(&condition, condition.empty() ? "" : "; and ", "__fish_seen_subcommand_from ", word);
  }
  if (!command.subcommands.empty()) {
    absl::StrAppend(&condition, condition.empty() ? "" : "; and ", "not __fish_seen_subcommand_from ",
                    Joined(command.subcommands));
  }
  return condition;
}

std::string FishScript(const std::string& program, const std::vector<Command>& commands) {
  std::string script = absl::StrCat("# fish completion for ", program, "\n");
  const std::string complete = absl::StrCat("complete -c ", program);
  for (const Command& command : commands) {
    const std::string condition = FishQuoted(FishCondition(command));
    for (const Word& word : command.subcommands) {
      absl::StrAppend(&script, complete, " -f -n ", condition, " -a ", word.text, " -d ",
                      FishQuoted(word.description), "\n");
    }
    for (const Word& word : command.options) {
      const bool is_long = word.text.size() > 2;
      absl::StrAppend(&script, complete, command.path.empty() ? "" : absl::StrCat(" -n ", condition),
                      is_long ? " -l " : " -s ", word.text.substr(is_long ? 2 : 1), " -d ",
                      FishQuoted(word.description), "\n");
    }
    if (command.takes_files) absl::StrAppend(&script, complete, " -n ", condition, " -F\n");
  }
  return script;
}

}  // namespace

std::optional<std::string> CompletionScript(const CLI::App& app, std::string_view shell) {
  const std::string program = app.get_name();
  std::vector<Command> commands;
  Walk(app, "", commands);
  const std::string bash =
      absl::StrCat(BashFunction(program, commands), "complete -F _", program, " ", program, "\n");
  if (shell == "bash") return absl::StrCat("# bash completion for ", program, "\n", bash);
  if (shell == "zsh") {
    return absl::StrCat("#compdef ", program, "\n# zsh completion for ", program,
                        "\nautoload -U +X bashcompinit && bashcompinit\n", bash);
  }
  if (shell == "fish") return FishScript(program, commands);
  return std::nullopt;
}

}  // namespace quartermaster::command_line
