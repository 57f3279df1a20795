// reservation reserve, update, return, list
#include <string>
#include <vector>

#include "clients/qmctl/commands/authorization_rows.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/reservations.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Authorization;
using ledger::v1::ReservationService;

struct ProofOptions {
  std::string udi, code;
};
struct ReservationOptions {
  std::string udi, virtual_account, type, code, file;
  std::vector<std::string> lines;
};

template <typename Wanted>
absl::Status Fill(const Invocation& invocation, const ReservationOptions& options, Wanted& request) {
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  RETURN_IF_ERROR(AddLines(options.lines, request));
  request.set_type(options.type == "universal" ? ledger::v1::RESERVATION_TYPE_UNIVERSAL
                                               : ledger::v1::RESERVATION_TYPE_SPECIFIC);
  request.set_request_id(NewRequestId());
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Reserve(Invocation& invocation, const ReservationOptions& options) {
  ledger::v1::ReserveLicensesRequest request;
  RETURN_IF_ERROR(Fill(invocation, options, request));
  request.set_virtual_account(options.virtual_account);
  ASSIGN_OR_RETURN(const Authorization answer,
                   invocation.Call<ReservationService>(&ReservationService::Stub::ReserveLicenses, request));
  return ShowAuthorization(invocation, answer, options.file);
}

absl::StatusOr<ExitCode> Update(Invocation& invocation, const ReservationOptions& options) {
  ledger::v1::UpdateReservationRequest request;
  RETURN_IF_ERROR(Fill(invocation, options, request));
  request.set_confirmation_code(options.code);
  ASSIGN_OR_RETURN(const Authorization answer, invocation.Call<ReservationService>(
                                                   &ReservationService::Stub::UpdateReservation, request));
  return ShowAuthorization(invocation, answer, options.file);
}

absl::StatusOr<ExitCode> ReturnReservation(Invocation& invocation, const ProofOptions& options) {
  ledger::v1::ReturnReservationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  request.set_return_code(options.code);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Authorization answer, invocation.Call<ReservationService>(
                                                   &ReservationService::Stub::ReturnReservation, request));
  return ShowAuthorization(invocation, answer, "");
}

absl::StatusOr<ExitCode> ListReservations(Invocation& invocation, const ListOptions& options) {
  ledger::v1::ListReservationsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  return ListRows<ReservationService>(
      invocation, {"reservations", ""}, AuthorizationSpec(), &ReservationService::Stub::ListReservations,
      request, [](const auto& page) -> const auto& { return page.reservations(); }, options.limit);
}

void AddReservationOptions(CLI::App& app, ReservationOptions& options) {
  app.add_option("--product-instance", options.udi, "PID:SN")->required();
  app.add_option("--license", options.lines, "TAG=COUNT; may be repeated")->required();
  app.add_option("--type", options.type, "specific (the default) or universal, which is permanent")
      ->check(CLI::IsMember({"specific", "universal"}));
  app.add_option("--file", options.file, "Where the reservation code goes");
}

}  // namespace

void AddReservationCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group =
      AddGroup(app, "reservation", "Licenses set aside for product instances that report nothing");
  auto reserve =
      AddLeaf<ReservationOptions>(group, "reserve", "Reserve, and write the code", invocation, Reserve);
  AddReservationOptions(reserve.app, *reserve.options);
  reserve.app.add_option("--virtual-account", reserve.options->virtual_account,
                         "Home of one that is not known yet");
  auto update =
      AddLeaf<ReservationOptions>(group, "update", "Reserve others in their place", invocation, Update);
  AddReservationOptions(update.app, *update.options);
  update.app.add_option("--confirmation-code", update.options->code, "Of the code that is installed")
      ->required();
  auto back = AddLeaf<ProofOptions>(group, "return", "Take the return code; without one, ask for the return",
                                    invocation, ReturnReservation);
  back.app.add_option("--product-instance", back.options->udi, "PID:SN")->required();
  back.app.add_option("CODE", back.options->code, "Return code that the product instance shows");
  auto list = AddLeaf<ListOptions>(group, "list", "Reservations, oldest first", invocation, ListReservations);
  AddLimit(list.app, *list.options);
}

}  // namespace quartermaster::qmctl
