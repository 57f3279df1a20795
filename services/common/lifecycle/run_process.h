// main() of every server binary. A service's own binary is:
//
//   #include "services/common/lifecycle/run_process.h"
//   #include "services/ledger/ledger_service.h"
//
//   int main(int argc, char** argv) {
//     return quartermaster::RunProcess(
//         argc, argv, "ledger", {{"ledger", quartermaster::MakeLedgerService}});
//   }
//
// Command line: <process> [--config FILE] [--data-directory DIR] [migrate | check-config]
//               <process> --version | --help
// Without --config every field has its default. `migrate` applies the migrations and ends;
// `check-config` reads and checks the file and ends.
//
// Order of a start: configuration, logs, clock; embedded PostgreSQL (started or adopted) and
// migrations where this process owns them; durability check; factories in the order of the list;
// RegisterWith; internal server listens; Start() in the order of the list; metrics and /readyz from
// the beginning; READY=1 to systemd. A failing step undoes those before it.
//
// SIGTERM or SIGINT, also during a start: health says NOT_SERVING, Stop() in reverse order, the
// internal server drains, all within limits.shutdown_grace; then the embedded PostgreSQL stops
// unless another process uses it, within 25 s. What hangs is cut 30 s after the grace, and a second
// signal ends the process at once (exit code 1 for both): nothing answered is lost by that.
//
// While it runs, the embedded PostgreSQL is watched and started again when it is gone, and each
// Service::Health() is asked once a second on a thread of its own.
//
// Which listeners: a process that hosts one service listens at services.<name>.listen (default
// DefaultListen); one that hosts several only where `listen` is set, because its services meet over
// in-process channels. The gateway has no internal listener of its own. With internal_tls set every
// internal listener that is no Unix socket speaks mTLS, and so does every channel to one. A listener beyond
// loopback needs mTLS (internal_tls with certificate, key and CA), else the process refuses to start.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RUN_PROCESS_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RUN_PROCESS_H_

#include <string_view>
#include <vector>

#include "services/common/lifecycle/exit_code.h"
#include "services/common/lifecycle/service.h"

namespace quartermaster {

// `process` is the binary's name: "allinone", or the one service that it hosts. Answers an ExitCode.
int RunProcess(int argc, char** argv, std::string_view process, std::vector<HostedService> services);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RUN_PROCESS_H_
