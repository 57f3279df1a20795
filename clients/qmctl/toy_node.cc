#include "clients/qmctl/toy_node.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/connection/file.h"
#include "quartermaster/ledger/v1/books.grpc.pb.h"
#include "quartermaster/ledger/v1/catalog.grpc.pb.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "quartermaster/ledger/v1/entitlements.grpc.pb.h"
#include "quartermaster/ledger/v1/policies.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::qmctl {
namespace {

using ingest::v1::ReportResult;

ReportResult::Outcome OutcomeOf(const std::string& line) {
  static const std::map<std::string, ReportResult::Outcome> kOutcomes = {
      {"accepted", ReportResult::OUTCOME_ACCEPTED},
      {"duplicate", ReportResult::OUTCOME_DUPLICATE},
      {"conflict", ReportResult::OUTCOME_CONFLICT},
      {"rejected", ReportResult::OUTCOME_REJECTED}};
  return kOutcomes.at(line);
}

}  // namespace

class ToyNode::Usage final : public ingest::v1::UsageService::Service {
 public:
  explicit Usage(ToyNode& node) : node_(node) {}

  grpc::Status SubmitReports(grpc::ServerContext* context, const ingest::v1::SubmitReportsRequest* request,
                             ingest::v1::SubmitReportsResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    absl::MutexLock lock(&node_.mutex_);
    const std::string& document = request->document();
    node_.documents.push_back(document);
    for (size_t at = document.find("<RUMReport>"); at != std::string::npos;
         at = document.find("<RUMReport>", at + 1)) {
      ReportResult& result = *response->add_results();
      result.set_outcome(node_.submit_outcome);
      result.set_report_id(++node_.report_ids_);
      result.mutable_udi()->set_product_id("C9300-24UX");
      result.mutable_udi()->set_serial_number("SN1");
    }
    response->set_poll_id(77);
    return grpc::Status::OK;
  }

  grpc::Status ImportUsage(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<ingest::v1::ImportUsageResponse,
                                                    ingest::v1::ImportUsageRequest>* stream) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    ingest::v1::ImportUsageRequest request;
    std::string bytes;
    stream->Read(&request);
    const bool list_accepted = request.start().list_accepted();
    while (stream->Read(&request)) bytes += request.chunk();
    node_.import_bytes = bytes;
    ingest::v1::ImportUsageResponse answer;
    int64_t offset = 0;
    int64_t answered = 0;
    ingest::v1::ImportTotals totals;
    for (const absl::string_view line : absl::StrSplit(bytes, '\n', absl::SkipEmpty())) {
      if (answered == 2 && node_.imports_to_break-- > 0) {
        return {grpc::StatusCode::UNAVAILABLE, "the toy breaks off"};
      }
      const auto outcome = OutcomeOf(std::string(line));
      if (list_accepted || outcome != ReportResult::OUTCOME_ACCEPTED) {
        ReportResult& result = *answer.mutable_results()->add_results();
        result.set_outcome(outcome);
        result.set_offset(offset);
        result.mutable_udi()->set_product_id("C9300-24UX");
        result.mutable_udi()->set_serial_number(absl::StrCat("SN", offset));
        if (outcome == ReportResult::OUTCOME_CONFLICT) {
          result.set_reason("ingest.report_conflict");
          result.set_message("payload: got one with SHA-256 01…, want that of report 1-0");
        }
        if (outcome == ReportResult::OUTCOME_REJECTED) {
          result.set_reason("ingest.payload_malformed");
          result.set_message("payload: got nothing, want JSON");
        }
        stream->Write(answer);
        answer.Clear();
      }
      ++answered;
      offset += static_cast<int64_t>(line.size()) + 1;
      totals.set_accepted(totals.accepted() + (outcome == ReportResult::OUTCOME_ACCEPTED));
      totals.set_rejected(totals.rejected() + (outcome == ReportResult::OUTCOME_REJECTED));
      totals.set_conflict(totals.conflict() + (outcome == ReportResult::OUTCOME_CONFLICT));
      totals.set_duplicate(totals.duplicate() + (outcome == ReportResult::OUTCOME_DUPLICATE));
    }
    totals.set_bytes_done(offset);
    *answer.mutable_summary()->mutable_totals() = totals;
    if (answered == 0) {
      answer.mutable_summary()->set_reason("ingest.document_empty");
      answer.mutable_summary()->set_message("document: got 0 bytes, want a usage document");
    }
    stream->Write(answer);
    return grpc::Status::OK;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Compliance final : public ledger::v1::ComplianceService::Service {
 public:
  explicit Compliance(ToyNode& node) : node_(node) {}
  grpc::Status GetCompliance(grpc::ServerContext* context, const ledger::v1::GetComplianceRequest*,
                             ledger::v1::GetComplianceResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    *response = node_.compliance;
    return node_.compliance_status;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Policies final : public ledger::v1::PolicyService::Service {
 public:
  explicit Policies(ToyNode& node) : node_(node) {}
  grpc::Status ExplainDeadlines(grpc::ServerContext* context, const ledger::v1::ExplainDeadlinesRequest*,
                                ledger::v1::ExplainDeadlinesResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    *response = node_.explanation;
    return grpc::Status::OK;
  }
  grpc::Status SetReportingPolicy(grpc::ServerContext* context,
                                  const ledger::v1::SetReportingPolicyRequest* request,
                                  ledger::v1::ReportingPolicy*) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    node_.policy_seen = *request;
    return grpc::Status::OK;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Catalog final : public ledger::v1::CatalogService::Service {
 public:
  explicit Catalog(ToyNode& node) : node_(node) {}
  grpc::Status ImportCatalog(grpc::ServerContext* context, const ledger::v1::ImportCatalogRequest*,
                             ledger::v1::ImportResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    ++node_.catalog_imports;
    *response = node_.import_response;
    return grpc::Status::OK;
  }
  // Three tags on each of two pages.
  grpc::Status ListLicenseTags(grpc::ServerContext* context,
                               const ledger::v1::ListLicenseTagsRequest* request,
                               ledger::v1::ListLicenseTagsResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    const int first = request->page_token().empty() ? 0 : 3;
    for (int i = first; i < first + 3; ++i) {
      response->add_license_tags()->set_tag(absl::StrCat("tag-", i));
    }
    if (first == 0) response->set_next_page_token("second");
    return grpc::Status::OK;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Entitlements final : public ledger::v1::EntitlementService::Service {
 public:
  explicit Entitlements(ToyNode& node) : node_(node) {}
  grpc::Status ImportEntitlements(grpc::ServerContext* context,
                                  const ledger::v1::ImportEntitlementsRequest* request,
                                  ledger::v1::ImportResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    node_.entitlements_seen = *request;
    *response = node_.import_response;
    return grpc::Status::OK;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Books final : public ledger::v1::BooksService::Service {
 public:
  explicit Books(ToyNode& node) : node_(node) {}
  grpc::Status CheckBooks(grpc::ServerContext* context, const ledger::v1::CheckBooksRequest*,
                          grpc::ServerWriter<ledger::v1::CheckBooksResponse>* writer) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    ledger::v1::CheckBooksResponse response;
    response.set_progress("positions");
    writer->Write(response);
    for (const auto& finding : node_.findings) {
      *response.mutable_finding() = finding;
      writer->Write(response);
    }
    response.mutable_done()->set_reports_checked(12345);
    response.mutable_done()->set_findings(static_cast<int64_t>(node_.findings.size()));
    writer->Write(response);
    return grpc::Status::OK;
  }
  grpc::Status VerifyLedger(grpc::ServerContext* context, const ledger::v1::VerifyLedgerRequest*,
                            grpc::ServerWriter<ledger::v1::VerifyLedgerResponse>* writer) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    ledger::v1::VerifyLedgerResponse response;
    for (const auto& finding : node_.findings) {
      response.mutable_finding()->set_rule(finding.rule());
      writer->Write(response);
    }
    response.mutable_done()->set_findings(static_cast<int64_t>(node_.findings.size()));
    response.mutable_done()->set_head_block_id(7);
    response.mutable_done()->set_head_block_hash("abcd");
    writer->Write(response);
    return grpc::Status::OK;
  }

 private:
  ToyNode& node_;
};

class ToyNode::Acknowledgements final : public authority::v1::AcknowledgementService::Service {
 public:
  explicit Acknowledgements(ToyNode& node) : node_(node) {}
  grpc::Status PollAcknowledgements(grpc::ServerContext* context,
                                    const authority::v1::PollAcknowledgementsRequest* request,
                                    authority::v1::PollAcknowledgementsResponse* response) override {
    if (grpc::Status status = node_.Enter(*context); !status.ok()) return status;
    size_t page = 0;
    if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &page)) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no token of this toy"};
    }
    if (page >= node_.poll_pages.size()) return {grpc::StatusCode::NOT_FOUND, "no such page"};
    *response = node_.poll_pages[page];
    const size_t next = node_.poll_pages_repeat && page > 0 ? page : page + 1;
    if (next < node_.poll_pages.size()) response->set_next_page_token(absl::StrCat(next));
    return grpc::Status::OK;
  }
  grpc::Status GetAuthorityCertificates(grpc::ServerContext* context,
                                        const authority::v1::GetAuthorityCertificatesRequest*,
                                        authority::v1::GetAuthorityCertificatesResponse* response) override {
    *response = node_.authority_certificates;
    return node_.Enter(*context);
  }

 private:
  ToyNode& node_;
};

ToyNode::ToyNode(int port) {
  services_.push_back(std::make_unique<Acknowledgements>(*this));
  services_.push_back(std::make_unique<Usage>(*this));
  services_.push_back(std::make_unique<Compliance>(*this));
  services_.push_back(std::make_unique<Policies>(*this));
  services_.push_back(std::make_unique<Catalog>(*this));
  services_.push_back(std::make_unique<Entitlements>(*this));
  services_.push_back(std::make_unique<Books>(*this));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(), &port_);
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
  credentials_ = absl::StrCat(::testing::TempDir(), "/credential-", port_, ".json");
  const absl::Status written = client::WriteFileAtomically(
      credentials_,
      absl::StrCat(R"({"rest_endpoint": "", "ca_certificate": "", "grpc_endpoint": "127.0.0.1:)", port_,
                   R"(", "client_id": "admin", "secret": "s3cret"})"));
  EXPECT_TRUE(written.ok()) << written;
}

ToyNode::~ToyNode() { Stop(); }

void ToyNode::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

grpc::Status ToyNode::Enter(const grpc::ServerContextBase& context) {
  ++calls;
  absl::MutexLock lock(&mutex_);
  const auto header = context.client_metadata().find("authorization");
  if (header != context.client_metadata().end()) {
    authorization = std::string(header->second.data(), header->second.size());
  }
  if (calls_to_fail-- > 0) {
    const errors::ErrorKind kind{"toy.database_away", absl::StatusCode::kUnavailable, true};
    return rpc::ToGrpc(errors::MakeError(kind, "database: got no connection"));
  }
  return grpc::Status::OK;
}

}  // namespace quartermaster::qmctl
