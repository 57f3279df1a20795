// A node that answers what a test tells it to: for exit codes, retries and output, without services.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_TOY_NODE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_TOY_NODE_H_

#include <grpcpp/server.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "quartermaster/ledger/v1/books.pb.h"
#include "quartermaster/ledger/v1/compliance.pb.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "quartermaster/ledger/v1/policies.pb.h"

namespace quartermaster::qmctl {

// Plaintext on loopback. What it answers is set before the call.
class ToyNode {
 public:
  // port: 0 = a free one.
  explicit ToyNode(int port = 0);
  ~ToyNode();

  // Path of a credential file for it.
  const std::string& credentials() const { return credentials_; }
  int port() const { return port_; }
  void Stop();

  // This many calls (of any kind) answer UNAVAILABLE first.
  std::atomic<int> calls_to_fail = 0;
  // Import streams break after this many bytes, as many times as calls_to_break.
  std::atomic<int> imports_to_break = 0;
  std::atomic<int> calls = 0;
  std::string authorization;

  ledger::v1::GetComplianceResponse compliance;
  grpc::Status compliance_status = grpc::Status::OK;
  ledger::v1::ExplainDeadlinesResponse explanation;
  ledger::v1::SetReportingPolicyRequest policy_seen;
  ledger::v1::ImportResponse import_response;
  ledger::v1::ImportEntitlementsRequest entitlements_seen;
  int catalog_imports = 0;
  std::vector<ledger::v1::CheckBooksResponse::Finding> findings;
  // What submissions were answered with, one result for each <RUMReport>; every submitted document.
  ingest::v1::ReportResult::Outcome submit_outcome = ingest::v1::ReportResult::OUTCOME_ACCEPTED;
  std::vector<std::string> documents;
  // The pages of every poll; their tokens are made here.
  std::vector<authority::v1::PollAcknowledgementsResponse> poll_pages;
  // Each page but the first names itself as the next one.
  bool poll_pages_repeat = false;
  authority::v1::GetAuthorityCertificatesResponse authority_certificates;
  // Each line of an imported file is a report whose outcome the line's first word says.
  std::string import_bytes;

 private:
  class Usage;
  class Compliance;
  class Policies;
  class Catalog;
  class Entitlements;
  class Books;
  class Acknowledgements;
  grpc::Status Enter(const grpc::ServerContextBase& context);

  absl::Mutex mutex_;
  int64_t report_ids_ = 0;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string credentials_;
};

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_TOY_NODE_H_
