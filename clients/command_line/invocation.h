// One run of a client program: the global options, where output goes, the connection, and the command that
// the parser chose. Commands are functions that add themselves to the parser and set `command`.
#ifndef QUARTERMASTER_CLIENTS_COMMAND_LINE_INVOCATION_H_
#define QUARTERMASTER_CLIENTS_COMMAND_LINE_INVOCATION_H_

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/connection/exit_code.h"
#include "clients/connection/node_connection.h"
#include "clients/output/output.h"

namespace quartermaster::command_line {

using client::ExitCode;
using output::CellKind;
using output::Json;
using output::Output;
using output::OutputFormat;
using output::RowSpec;

struct GlobalOptions {
  OutputFormat format = OutputFormat::kTable;
  std::string profile;
  std::string credentials;
  std::string endpoint;
  std::string smart_account;
  double timeout_s = 30;
};

struct Streams {
  std::ostream& out;
  std::ostream& err;
  // Columns of the terminal behind `out`; 0 when it is none.
  int out_width = 0;
  bool err_is_terminal = false;
};

// Not thread-safe, except what NodeConnection allows.
class Invocation {
 public:
  Invocation(std::string program, Streams streams) : program_(std::move(program)), streams_(streams) {}

  GlobalOptions options;
  // What to run after parsing.
  std::function<absl::StatusOr<ExitCode>()> command;

  const std::string& program() const { return program_; }
  const Streams& streams() const { return streams_; }
  Output& output();
  // Opens the connection on first use.
  absl::StatusOr<const client::NodeConnection*> Node();

  // One unary call with retries:
  //   Call<ComplianceService>(&ComplianceService::Stub::GetCompliance, request)
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                      Response*),
                                const Request& request) {
    const auto node = Node();
    if (!node.ok()) return node.status();
    const auto stub = Service::NewStub((*node)->channel());
    Response response;
    const absl::Status status = (*node)->Call([&](grpc::ClientContext& context) {
      response.Clear();
      return ((*stub).*method)(&context, request, &response);
    });
    if (!status.ok()) return status;
    return response;
  }

 private:
  absl::StatusOr<std::string> CredentialPath() const;

  const std::string program_;
  const Streams streams_;
  std::optional<Output> output_;
  std::unique_ptr<client::NodeConnection> node_;
};

}  // namespace quartermaster::command_line

#endif  // QUARTERMASTER_CLIENTS_COMMAND_LINE_INVOCATION_H_
