// The words of command_line and output that every command of qmctl uses.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_WORDS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_WORDS_H_

#include "clients/command_line/invocation.h"
#include "clients/command_line/registration.h"

namespace quartermaster::qmctl {

using client::ExitCode;
using client::ExitCodeFor;
using command_line::AddGroup;
using command_line::AddLeaf;
using command_line::AddLimit;
using command_line::Invocation;
using command_line::ListOptions;
using command_line::NewRequestId;
using command_line::NoOptions;
using command_line::ParseUdi;
using command_line::Streams;
using output::CellKind;
using output::Json;
using output::Output;
using output::OutputFormat;
using output::RowSpec;
using output::Section;
using output::TableText;

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_WORDS_H_
