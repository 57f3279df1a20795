#include "services/ledger/fsck/books_service.h"

#include <algorithm>
#include <pqxx/pqxx>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/fsck/ledger_verifier.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger::fsck {
namespace {

const errors::ErrorKind kCheckRunning =
    errors::RegisterErrorKind({"ledger.check_running", absl::StatusCode::kResourceExhausted, true});

absl::Status CheckRunning() {
  return errors::MakeError(kCheckRunning, "the books are being checked for another caller; try again later");
}

absl::StatusOr<BlockHeadNote> HeadOf(const v1::VerifyLedgerRequest& request) {
  BlockHeadNote head{.block_id = request.expected_block_id()};
  if (head.block_id < 0) return FieldInvalid("expected_block_id", absl::StrCat(head.block_id), "0 or more");
  const std::string& hash = request.expected_block_hash();
  const bool is_hash = hash.size() == 64 && std::all_of(hash.begin(), hash.end(), absl::ascii_isxdigit);
  if (head.block_id == 0 ? !hash.empty() : !is_hash) {
    return FieldInvalid("expected_block_hash", hash,
                        head.block_id == 0 ? "none without expected_block_id" : "64 hex digits");
  }
  head.block_hash = absl::HexStringToBytes(hash);
  return head;
}

// A caller that is bound to an account has no other; the others verify all of them unless they name one.
absl::StatusOr<BlockCheckOptions> OptionsOf(pg::Pool& pool, const rpc::Caller& caller,
                                            const v1::VerifyLedgerRequest& request) {
  BlockCheckOptions options;
  ASSIGN_OR_RETURN(options.expected_head, HeadOf(request));
  ASSIGN_OR_RETURN(const std::string named, rpc::AccountOfCall(caller, request.smart_account()));
  if (named.empty()) return options;
  const absl::StatusOr<SmartAccount> account = pool.Read(
      "ledger_verify_account", [&](pqxx::transaction_base& tx) { return FindSmartAccount(tx, named); });
  RETURN_IF_ERROR(account.status());
  options.smart_account_id = account->id;
  return options;
}

void ToProto(const Verified& verified, v1::VerifyLedgerResponse::Done* out) {
  out->set_blocks_checked(verified.blocks);
  out->set_entries_checked(verified.entries);
  out->set_unsealed_changes(verified.unsealed_changes);
  out->set_findings(verified.findings);
  if (verified.head.block_id == 0) return;
  out->set_head_block_id(verified.head.block_id);
  out->set_head_block_hash(absl::BytesToHexString(verified.head.block_hash));
  out->mutable_head_sealed_at()->set_seconds(verified.head.sealed_us / 1'000'000);
  out->mutable_head_sealed_at()->set_nanos(static_cast<int32_t>(verified.head.sealed_us % 1'000'000) * 1000);
}

}  // namespace

grpc::Status BooksServiceImpl::CheckBooks(grpc::ServerContext* context, const v1::CheckBooksRequest* request,
                                          grpc::ServerWriter<v1::CheckBooksResponse>* writer) {
  if (checking_.exchange(true)) return rpc::ToGrpc(CheckRunning());
  const absl::Cleanup done = [this] { checking_ = false; };
  v1::CheckBooksResponse response;
  auto on_finding = [&](const Finding& finding) {
    v1::CheckBooksResponse::Finding& out = *response.mutable_finding();
    out.set_rule(finding.rule);
    out.set_subject(finding.subject);
    out.set_got(finding.got);
    out.set_want(finding.want);
    writer->Write(response);
  };
  auto on_progress = [&](std::string_view what) {
    response.set_progress(std::string(what));
    return writer->Write(response) && !context->IsCancelled();
  };
  const absl::StatusOr<Totals> totals = fsck::CheckBooks(pool_, on_finding, on_progress);
  if (!totals.ok()) return rpc::ToGrpc(totals.status());
  v1::CheckBooksResponse::Done& out = *response.mutable_done();
  out.set_reports_checked(totals->reports);
  out.set_positions_checked(totals->positions);
  out.set_entries_checked(totals->entries);
  out.set_blocks_checked(totals->blocks);
  out.set_findings(totals->findings);
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status BooksServiceImpl::VerifyLedger(grpc::ServerContext* context,
                                            const v1::VerifyLedgerRequest* request,
                                            grpc::ServerWriter<v1::VerifyLedgerResponse>* writer) {
  const absl::StatusOr<BlockCheckOptions> options = OptionsOf(pool_, rpc::ReadCaller(*context), *request);
  if (!options.ok()) return rpc::ToGrpc(options.status());
  if (verifying_.exchange(true)) return rpc::ToGrpc(CheckRunning());
  const absl::Cleanup done = [this] { verifying_ = false; };
  v1::VerifyLedgerResponse response;
  auto on_finding = [&](const Finding& finding) {
    v1::VerifyLedgerResponse::Finding& out = *response.mutable_finding();
    out.set_rule(finding.rule);
    out.set_subject(finding.subject);
    out.set_got(finding.got);
    out.set_want(finding.want);
    writer->Write(response);
  };
  auto on_progress = [&](std::string_view what) {
    response.set_progress(std::string(what));
    return writer->Write(response) && !context->IsCancelled();
  };
  const absl::StatusOr<Verified> verified = fsck::VerifyLedger(pool_, *options, on_finding, on_progress);
  if (!verified.ok()) return rpc::ToGrpc(verified.status());
  ToProto(*verified, response.mutable_done());
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace quartermaster::ledger::fsck
