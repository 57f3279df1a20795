#include "services/authority/api/acknowledgement_api.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/authority/api/field_checks.h"
#include "services/authority/domain/acknowledgement_document.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// A page of a poll ends with the file that reaches this, well below a message's limit (a file has
// at most kListedReportsMax reports, some 250 KiB).
constexpr size_t kPageBytesMax = 3 << 20;
constexpr int kPageSendersMax = 200;
// A young poll id is asked for again at once; the older it gets, the less that helps.
constexpr int kPollIntervalMaxS = 60;

int PollIntervalS(absl::Duration age) {
  const int64_t seconds = absl::ToInt64Seconds(age) / 10;
  return static_cast<int>(std::clamp<int64_t>(seconds, 1, kPollIntervalMaxS));
}

// Index of the first sender of the page.
absl::StatusOr<size_t> FirstOfPage(const v1::PollAcknowledgementsRequest& request, uint64_t filter_hash) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   ids::ParsePageToken(request.page_token(), filter_hash));
  if (keys.empty()) return 0;
  uint64_t index = 0;
  if (keys.size() != 1 || !absl::SimpleAtoi(keys[0], &index)) {
    return FieldInvalid("page_token", "another one", "the next_page_token of this poll id");
  }
  return index;
}

}  // namespace

grpc::Status AcknowledgementApi::GetAcknowledgement(grpc::ServerContext* context,
                                                    const v1::GetAcknowledgementRequest* request,
                                                    v1::Acknowledgement* response) {
  return rpc::ToGrpc(Get(*context, *request, *response));
}

grpc::Status AcknowledgementApi::PollAcknowledgements(grpc::ServerContext* context,
                                                      const v1::PollAcknowledgementsRequest* request,
                                                      v1::PollAcknowledgementsResponse* response) {
  return rpc::ToGrpc(Poll(*context, *request, *response));
}

grpc::Status AcknowledgementApi::GetAuthorityCertificates(grpc::ServerContext*,
                                                          const v1::GetAuthorityCertificatesRequest*,
                                                          v1::GetAuthorityCertificatesResponse* response) {
  const std::shared_ptr<const SigningKeys> keys = keys_();
  for (const crypto::Certificate& certificate : keys->certificates()) {
    response->add_pem(certificate.ToPem());
  }
  return grpc::Status::OK;
}

absl::StatusOr<std::optional<int64_t>> AcknowledgementApi::AccountOf(const grpc::ServerContext& context,
                                                                     const std::string& named) {
  ASSIGN_OR_RETURN(const std::string account, rpc::AccountOfCall(rpc::ReadCaller(context), named));
  if (account.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const int64_t smart_account_id, accounts_.FindSmartAccount(account));
  return smart_account_id;
}

absl::Status AcknowledgementApi::Get(const grpc::ServerContext& context,
                                     const v1::GetAcknowledgementRequest& request,
                                     v1::Acknowledgement& response) {
  RETURN_IF_ERROR(CheckUdiPart("product_id", request.product_id()));
  RETURN_IF_ERROR(CheckUdiPart("serial_number", request.serial_number()));
  const crypto::SubjectUdi udi = {request.product_id(), request.serial_number()};

  ASSIGN_OR_RETURN(const std::optional<int64_t> account, AccountOf(context, request.smart_account()));
  ASSIGN_OR_RETURN(const std::optional<ProductInstanceRow> found, store_.FindProductInstance(udi));
  // Another account's product instance is not told from one that nobody knows.
  if (!found.has_value() || (account.has_value() && *account != found->smart_account_id)) {
    return ProductInstanceUnknown(udi.product_id, udi.serial_number);
  }
  if (found->sender_id == 0) return AcknowledgementNotReady(udi.product_id, udi.serial_number);

  ASSIGN_OR_RETURN(const bool composed, Compose(found->smart_account_id, found->sender_id, udi, response));
  if (composed) return absl::OkStatus();
  ASSIGN_OR_RETURN(const AcknowledgementStore::Reports reports,
                   store_.ExamineReports(found->smart_account_id, found->sender_id));
  if (reports == AcknowledgementStore::Reports::kUnverifiableOnly) {
    return VendorAcknowledgementRequired(udi.product_id, udi.serial_number);
  }
  return AcknowledgementNotReady(udi.product_id, udi.serial_number);
}

absl::StatusOr<bool> AcknowledgementApi::Compose(int64_t smart_account_id, int64_t sender_id,
                                                 const crypto::SubjectUdi& udi,
                                                 v1::Acknowledgement& response) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const StoredAcknowledgement stored,
                   store_.ReadAcknowledgement(smart_account_id, sender_id, now - kListedFor));
  if (stored.rounds.empty()) return false;
  ASSIGN_OR_RETURN(const AcknowledgementContent content, CollectAcknowledgement(udi, stored, now));
  ASSIGN_OR_RETURN(std::string file, ComposeAcknowledgementFile(content, *keys_()));
  SetUdi(udi, *response.mutable_udi());
  response.set_sequence(content.sequence);
  *response.mutable_issued_at() = ToTimestampProto(content.issued_at);
  response.set_acknowledged_reports(content.report_count);
  response.set_smart_license(std::move(file));
  return true;
}

absl::Status AcknowledgementApi::Poll(const grpc::ServerContext& context,
                                      const v1::PollAcknowledgementsRequest& request,
                                      v1::PollAcknowledgementsResponse& response) {
  const uint64_t filter_hash = ids::FilterHash({"PollAcknowledgements", std::to_string(request.poll_id())});
  ASSIGN_OR_RETURN(const size_t first, FirstOfPage(request, filter_hash));
  ASSIGN_OR_RETURN(const std::optional<int64_t> account, AccountOf(context, request.smart_account()));
  ASSIGN_OR_RETURN(const std::optional<PolledTicket> ticket, store_.ReadTicket(account, request.poll_id()));
  if (!ticket.has_value()) return PollUnknown(request.poll_id());

  const std::vector<PolledSender>& senders = ticket->senders;
  const bool complete = std::all_of(senders.begin(), senders.end(),
                                    [](const PolledSender& sender) { return sender.processed; });
  response.set_status(complete ? v1::PollAcknowledgementsResponse::STATUS_COMPLETE
                               : v1::PollAcknowledgementsResponse::STATUS_POLL);
  if (!complete) response.set_poll_interval_s(PollIntervalS(clock_.Now() - ticket->created_at));

  size_t bytes = 0;
  size_t next = first;
  for (; next < senders.size() && next - first < kPageSendersMax && bytes < kPageBytesMax; ++next) {
    const PolledSender& sender = senders[next];
    if (!sender.processed) continue;
    if (!sender.acknowledged) {
      SetUdi(sender.udi, *response.add_vendor_acknowledgement_required());
      continue;
    }
    ASSIGN_OR_RETURN(const bool composed, Compose(ticket->smart_account_id, sender.sender_id, sender.udi,
                                                  *response.add_acknowledgements()));
    if (!composed) return StoredRowDamaged("acknowledgements: a row went away");
    bytes += response.acknowledgements(response.acknowledgements_size() - 1).smart_license().size();
  }
  if (next < senders.size()) {
    response.set_next_page_token(ids::MakePageToken({std::to_string(next)}, filter_hash));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::authority
