// completion
#include "clients/command_line/completion.h"
#include "clients/command_line/registration.h"

namespace quartermaster::command_line {
namespace {

struct CompletionOptions {
  std::string shell;
};

}  // namespace

void AddCompletionCommand(CLI::App& app, Invocation& invocation) {
  auto leaf = AddLeaf<CompletionOptions>(
      app, "completion", "Shell completion, for example: source <(qmctl completion bash)", invocation,
      [&app](Invocation& run, const CompletionOptions& options) -> absl::StatusOr<ExitCode> {
        // The parser admits these three words only.
        run.streams().out << CompletionScript(app, options.shell).value();
        return ExitCode::kOk;
      });
  leaf.app.add_option("SHELL", leaf.options->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace quartermaster::command_line
