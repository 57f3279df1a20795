// The service as its callers see it: over gRPC, on a real database.
#include "services/authority/authority_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "quartermaster/authority/v1/policy_files.grpc.pb.h"
#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "services/authority/testing/authority_database.h"
#include "services/common/crypto/acknowledgement_file.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::PrivateKey;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'005);
const crypto::Validity kValid = {kNow - absl::Hours(24), kNow + absl::Hours(24 * 365)};
constexpr char kSoon[] = "2030-03-17 17:46:40+00";

PrivateKey NewKey() { return *PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256); }

// One running authority.
class Node {
 public:
  Node(const AuthorityDatabase& database, const std::string& data_directory, const Clock* clock,
       const std::string& key_encryption_key_file = "")
      : config_(config::DefaultNodeConfig()) {
    config_.data_directory = data_directory;
    config_.key_encryption_key.file = key_encryption_key_file;
    const ServiceContext context = {&config_,
                                    clock,
                                    &registry_,
                                    [&database](std::string_view) { return database.options(); },
                                    [](std::string_view) {
                                      return grpc::CreateChannel("unix:/nowhere",
                                                                 grpc::InsecureChannelCredentials());
                                    },
                                    &local_methods_};
    auto service = MakeAuthorityService(context);
    status_ = service.status();
    if (!service.ok()) return;
    service_ = *std::move(service);
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder, {.metrics = &registry_});
    service_->RegisterWith(builder);
    server_ = builder.BuildAndStart();
    status_ = service_->Start();
    const std::shared_ptr<grpc::Channel> channel = rpc::InProcessChannel(*server_, 64 << 20);
    trust_ = v1::TrustService::NewStub(channel);
    acknowledgements_ = v1::AcknowledgementService::NewStub(channel);
    policy_files_ = v1::PolicyFileService::NewStub(channel);
    signing_ = v1::SigningService::NewStub(channel);
  }
  ~Node() {
    if (service_ != nullptr) service_->Stop(absl::Now() + absl::Seconds(10));
    if (server_ != nullptr) server_->Shutdown();
  }

  const absl::Status& status() const { return status_; }
  v1::TrustService::Stub& trust() { return *trust_; }
  v1::AcknowledgementService::Stub& acknowledgements() { return *acknowledgements_; }
  v1::PolicyFileService::Stub& policy_files() { return *policy_files_; }
  v1::SigningService::Stub& signing() { return *signing_; }
  Service& service() { return *service_; }

 private:
  config::NodeConfig config_;
  metrics::Registry registry_;
  rpc::LocalMethods local_methods_{&registry_, false};
  absl::Status status_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TrustService::Stub> trust_;
  std::unique_ptr<v1::AcknowledgementService::Stub> acknowledgements_;
  std::unique_ptr<v1::PolicyFileService::Stub> policy_files_;
  std::unique_ptr<v1::SigningService::Stub> signing_;
};

class AuthorityServiceTest : public testing::Test {
 protected:
  AuthorityServiceTest() {
    std::string pattern = ::testing::TempDir() + "/authority_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    node_ = std::make_unique<Node>(database_, directory_, &clock_);
    EXPECT_TRUE(node_->status().ok()) << node_->status();
  }
  ~AuthorityServiceTest() override {
    node_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Calls as `caller`; the error id, or "ok".
  template <typename Stub, typename Request, typename Response>
  std::string Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response) {
    const log::RequestScope scope("request-7");
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(30), caller_);
    const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
    message_ = std::string(status.message());
    return status.ok() ? "ok" : errors::ErrorId(status);
  }
  std::string ImportCa(const std::string& pem, v1::ImportCertificatesResponse& response) {
    v1::ImportManufacturerCaRequest request;
    request.set_pem(pem);
    return Call(node_->trust(), &v1::TrustService::Stub::ImportManufacturerCa, request, response);
  }
  std::string Import(const std::string& pem, v1::ImportCertificatesResponse& response,
                     const std::string& account = "") {
    v1::ImportTrustCertificatesRequest request;
    request.set_smart_account(account);
    request.set_pem(pem);
    return Call(node_->trust(), &v1::TrustService::Stub::ImportTrustCertificates, request, response);
  }
  std::string Get(const std::string& pid, const std::string& sn, v1::Acknowledgement& response,
                  const std::string& account = "") {
    v1::GetAcknowledgementRequest request;
    request.set_smart_account(account);
    request.set_product_id(pid);
    request.set_serial_number(sn);
    return Call(node_->acknowledgements(), &v1::AcknowledgementService::Stub::GetAcknowledgement, request,
                response);
  }
  std::string Poll(int64_t poll_id, v1::PollAcknowledgementsResponse& response,
                   const std::string& page_token = "") {
    v1::PollAcknowledgementsRequest request;
    request.set_poll_id(poll_id);
    request.set_page_token(page_token);
    response.Clear();
    return Call(node_->acknowledgements(), &v1::AcknowledgementService::Stub::PollAcknowledgements, request,
                response);
  }
  std::vector<Certificate> AuthorityCertificates() {
    v1::GetAuthorityCertificatesResponse response;
    EXPECT_EQ(Call(node_->acknowledgements(), &v1::AcknowledgementService::Stub::GetAuthorityCertificates,
                   v1::GetAuthorityCertificatesRequest(), response),
              "ok");
    std::vector<Certificate> certificates;
    for (const std::string& pem : response.pem()) {
      certificates.push_back(*Certificate::FromPem(pem));
    }
    return certificates;
  }
  // What the product instance makes of a file.
  absl::StatusOr<crypto::AcknowledgementFile> Read(const v1::Acknowledgement& acknowledgement) {
    const auto verifier = crypto::AcknowledgementVerifier::Create(AuthorityCertificates());
    return verifier->Verify(
        acknowledgement.smart_license(),
        {{acknowledgement.udi().product_id(), acknowledgement.udi().serial_number()}, 0, kNow});
  }
  // A sender with one source; answers the source.
  int64_t AddInstance(const std::string& sn, const std::string& tag = "regid.a") {
    senders_.push_back(database_.AddSender(database_.account(), "C9300", sn));
    return database_.AddSource(database_.account(), senders_.back(), tag);
  }
  void WaitForAcknowledgements(int64_t rows) {
    database_.ApplyAll();
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (database_.Number("SELECT count(*) FROM acknowledgements") < rows && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    ASSERT_EQ(database_.Number("SELECT count(*) FROM acknowledgements"), rows);
  }
  AuthorityDatabase database_;
  ManualClock clock_{kNow};
  std::string directory_;
  std::unique_ptr<Node> node_;
  rpc::Caller caller_ = {"admin", "", "administrator"};
  std::string message_;
  std::vector<int64_t> senders_;
};

TEST_F(AuthorityServiceTest, ImportsCertificatesAndNamesTheBadOnes) {
  const CertificateAuthority maker = *CertificateAuthority::Create(NewKey(), "Maker", kValid);
  const std::string good = maker.IssueProductInstance(NewKey().Public(), {"C9300", "1"}, kValid)->ToPem();
  const CertificateAuthority stranger = *CertificateAuthority::Create(NewKey(), "Other", kValid);
  const std::string bad = stranger.IssueProductInstance(NewKey().Public(), {"C9300", "2"}, kValid)->ToPem();

  v1::ImportCertificatesResponse response;
  EXPECT_EQ(Import(good + bad, response), "ok");
  EXPECT_EQ(response.imported(), 0);
  EXPECT_THAT(response.refusals(), SizeIs(2)) << "the maker is not trusted yet";

  v1::ImportCertificatesResponse ca_response;
  EXPECT_EQ(ImportCa(maker.certificate().ToPem(), ca_response), "ok");
  EXPECT_EQ(ca_response.imported(), 1);
  response.Clear();
  EXPECT_EQ(Import(good + bad, response), "ok");
  EXPECT_EQ(response.imported(), 1);
  EXPECT_EQ(response.unchanged(), 0);
  ASSERT_THAT(response.refusals(), SizeIs(1));
  EXPECT_EQ(response.refusals(0).place(), 2);
  EXPECT_EQ(response.refusals(0).subject(), "CN=2,serialNumber=PID:C9300 SN:2");
  EXPECT_EQ(response.refusals(0).reason(), "crypto.certificate_untrusted");
  EXPECT_NE(response.refusals(0).message().find("CN=Other"), std::string::npos);

  response.Clear();
  EXPECT_EQ(Import(good, response), "ok");
  EXPECT_EQ(response.imported(), 0);
  EXPECT_EQ(response.unchanged(), 1);
  EXPECT_EQ(database_.Text("SELECT string_agg(actor || ' ' || request_id || ' ' || method || ' ' ||"
                           " (after->>'accepted') || ' ' || (after->>'refused'), ', '"
                           " ORDER BY audit_id) FROM authority_audit WHERE actor = 'admin'"),
            "admin request-7 ImportManufacturerCa 1 0, "
            "admin request-7 ImportTrustCertificates 1 1");
}

TEST_F(AuthorityServiceTest, CertificatesUnderItsOwnCaAreTrusted) {
  // As trust codes will be; here the CA's key is not at hand, so any of its signers' will do to show
  // that the CA is an anchor: the refusal is about the UDI, not about the chain.
  const std::vector<Certificate> own = AuthorityCertificates();
  ASSERT_EQ(own.size(), 3u);
  EXPECT_TRUE(own[0].is_ca());
  v1::ImportCertificatesResponse response;
  EXPECT_EQ(Import(own[1].ToPem(), response), "ok");
  ASSERT_THAT(response.refusals(), SizeIs(1));
  EXPECT_EQ(response.refusals(0).reason(), "crypto.certificate_udi_invalid");
}

TEST_F(AuthorityServiceTest, RefusesAnImportThatIsNoPemOrNamesNoAccount) {
  v1::ImportCertificatesResponse response;
  EXPECT_EQ(Import("<html>", response), "crypto.certificate_bundle_malformed");
  EXPECT_EQ(Import("", response), "crypto.certificate_bundle_malformed");
  EXPECT_EQ(ImportCa("", response), "crypto.certificate_bundle_malformed");
  EXPECT_EQ(Import("<html>", response, "nobody"), "authority.smart_account_unknown");
}

TEST_F(AuthorityServiceTest, ListsTrustCertificatesInPages) {
  const CertificateAuthority maker = *CertificateAuthority::Create(NewKey(), "Maker", kValid);
  v1::ImportCertificatesResponse imported;
  ASSERT_EQ(ImportCa(maker.certificate().ToPem(), imported), "ok");
  std::string pem;
  for (int i = 0; i < 5; ++i) {
    pem += maker.IssueProductInstance(NewKey().Public(), {"C9300", absl::StrCat(i)}, kValid)->ToPem();
  }
  imported.Clear();
  ASSERT_EQ(Import(pem, imported, "CORP.example.com"), "ok");
  ASSERT_EQ(imported.imported(), 5);

  std::vector<std::string> serials;
  v1::ListTrustCertificatesRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    v1::ListTrustCertificatesResponse response;
    ASSERT_EQ(Call(node_->trust(), &v1::TrustService::Stub::ListTrustCertificates, request, response), "ok");
    for (const v1::TrustCertificate& certificate : response.trust_certificates()) {
      serials.push_back(certificate.udi().serial_number());
      EXPECT_EQ(certificate.issuer(), "CN=Maker");
      EXPECT_EQ(certificate.not_after().seconds(), absl::ToUnixSeconds(kValid.not_after));
    }
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty() && pages < 10);
  EXPECT_THAT(serials, ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_EQ(pages, 3);

  v1::ListTrustCertificatesResponse response;
  request.set_page_token("nonsense");
  EXPECT_EQ(Call(node_->trust(), &v1::TrustService::Stub::ListTrustCertificates, request, response),
            "ids.page_token_invalid");
}

TEST_F(AuthorityServiceTest, GivesTheFileThatTheProductInstanceAccepts) {
  database_.AddLicenseTag("regid.perpetual", /*enforcement=*/1, /*term=*/1);
  const int64_t source = AddInstance("1", "regid.perpetual");
  database_.AddProductInstance(database_.account(), "C9300", "1");
  database_.SetInUse("1", "regid.perpetual", 2);
  database_.AddChange(database_.account(), {{source, 751}, {source, 750}}, kSoon);
  WaitForAcknowledgements(1);

  v1::Acknowledgement acknowledgement;
  ASSERT_EQ(Get("C9300", "1", acknowledgement), "ok");
  EXPECT_EQ(acknowledgement.sequence(), 1);
  EXPECT_EQ(acknowledgement.acknowledged_reports(), 2);
  EXPECT_EQ(acknowledgement.issued_at().seconds(), absl::ToUnixSeconds(kNow));
  const auto file = Read(acknowledgement);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->sequence, 1);
  ASSERT_EQ(file->acknowledged.size(), 1u);
  EXPECT_EQ(file->acknowledged[0], (crypto::AcknowledgedTag{"regid.perpetual", {750, 751}}));
  EXPECT_EQ(file->policy.next_report_due, kNow + absl::Hours(24 * 30));
  EXPECT_EQ(file->policy.next_acknowledgement_due, std::nullopt) << "only a perpetual license is in use";

  // A tag that the catalogue does not know counts as a subscription.
  const int64_t unknown = database_.AddSource(database_.account(), senders_[0], "regid.unknown");
  database_.SetInUse("1", "regid.unknown", 1);
  database_.AddChange(database_.account(), {{unknown, 1}}, kSoon);
  WaitForAcknowledgements(2);
  ASSERT_EQ(Get("C9300", "1", acknowledgement), "ok");
  EXPECT_EQ(acknowledgement.sequence(), 2);
  EXPECT_EQ(acknowledgement.acknowledged_reports(), 3);
  EXPECT_EQ(Read(acknowledgement)->policy.next_acknowledgement_due, kNow + absl::Hours(24 * 90));
}

TEST_F(AuthorityServiceTest, ThePolicyThatWentOutStaysInTheFileWhateverIsSetLater) {
  const int64_t source = AddInstance("1", "regid.unknown");
  database_.AddProductInstance(database_.account(), "C9300", "1");
  database_.SetInUse("1", "regid.unknown", 2);
  const auto set_policy = [&](const char* name, int days) {
    database_.Run(
        absl::StrCat("UPDATE reporting_policies SET ended_at = now() WHERE ended_at IS NULL;"
                     "INSERT INTO reporting_policies (smart_account_id, type, name, acknowledgement_required,"
                     " push_interval_days, days, effective_at, actor) VALUES (",
                     database_.account(), ", 4, '", name, "', true, 7, array_fill(", days,
                     ", ARRAY[12]), '2026-01-01', '')"));
  };
  v1::GetPolicyFileRequest request;
  request.set_product_id("C9300");
  request.set_serial_number("1");
  v1::PolicyFile policy_file;
  const auto export_policy = [&] {
    return Call(node_->policy_files(), &v1::PolicyFileService::Stub::GetPolicyFile, request, policy_file);
  };
  set_policy("Sixty", 60);
  ASSERT_EQ(export_policy(), "ok");
  EXPECT_EQ(policy_file.policy_name(), "Sixty") << "before any acknowledgement: of its home";
  EXPECT_EQ(policy_file.sequence(), 0);

  database_.AddChange(database_.account(), {{source, 1}}, kSoon);
  WaitForAcknowledgements(1);
  set_policy("Ten", 10);
  v1::Acknowledgement acknowledgement;
  ASSERT_EQ(Get("C9300", "1", acknowledgement), "ok");
  EXPECT_EQ(Read(acknowledgement)->policy.policy.name, "Sixty");
  EXPECT_EQ(Read(acknowledgement)->policy.next_acknowledgement_due, kNow + absl::Hours(24 * 60));
  EXPECT_EQ(Read(acknowledgement)->policy.next_report_due, kNow + absl::Hours(24 * 7));
  ASSERT_EQ(export_policy(), "ok");
  EXPECT_EQ(policy_file.policy_name(), "Sixty") << "as it was delivered";
  EXPECT_EQ(policy_file.sequence(), 1);

  database_.AddChange(database_.account(), {{source, 2}}, kSoon);
  WaitForAcknowledgements(2);
  ASSERT_EQ(Get("C9300", "1", acknowledgement), "ok");
  EXPECT_EQ(Read(acknowledgement)->policy.policy.name, "Ten");
  EXPECT_EQ(acknowledgement.smart_license().find('\''), std::string::npos);
}

TEST_F(AuthorityServiceTest, GivesThePolicyFileOfAnotherAccountToNobody) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.AddProductInstance(other, "C9300", "theirs");
  v1::GetPolicyFileRequest request;
  v1::PolicyFile response;
  const auto get = [&](const std::string& product_id, const std::string& serial_number) {
    request.set_product_id(product_id);
    request.set_serial_number(serial_number);
    return Call(node_->policy_files(), &v1::PolicyFileService::Stub::GetPolicyFile, request, response);
  };
  request.set_smart_account("corp.example.com");
  EXPECT_EQ(get("C9300", "theirs"), "authority.product_instance_unknown");
  EXPECT_EQ(get("C9300", "nobody"), "authority.product_instance_unknown");
  EXPECT_EQ(get("", "theirs"), "authority.field_invalid");
  request.set_smart_account("other.example.com");
  EXPECT_EQ(get("C9300", "theirs"), "ok");
  EXPECT_EQ(response.policy_name(), "Default");
}

TEST_F(AuthorityServiceTest, SaysWhyThereIsNoAcknowledgement) {
  v1::Acknowledgement response;
  EXPECT_EQ(Get("C9300", "nobody", response), "authority.product_instance_unknown");
  EXPECT_EQ(Get("", "1", response), "authority.field_invalid");
  EXPECT_EQ(Get("C9300", std::string(65, 'x'), response), "authority.field_invalid");

  database_.AddProductInstance(database_.account(), "C9300", "inventory");
  EXPECT_EQ(Get("C9300", "inventory", response), "authority.acknowledgement_not_ready");

  // Its verified report is not in the books yet.
  database_.AddChange(database_.account(), {{AddInstance("early"), 1}}, kSoon);
  EXPECT_EQ(Get("C9300", "early", response), "authority.acknowledgement_not_ready");

  database_.AddChange(database_.account(), {{AddInstance("vendor"), 1, kUnverifiable}}, kSoon);
  EXPECT_EQ(Get("C9300", "vendor", response), "authority.vendor_acknowledgement_required");
  EXPECT_NE(message_.find("C9300:vendor"), std::string::npos);
}

TEST_F(AuthorityServiceTest, DoesNotTellOneAccountOfAnothersProductInstances) {
  database_.AddChange(database_.account(), {{AddInstance("1"), 1}}, kSoon);
  database_.AddAccount("other.example.com");
  WaitForAcknowledgements(1);
  v1::Acknowledgement response;
  EXPECT_EQ(Get("C9300", "1", response, "corp.example.com"), "ok");
  EXPECT_EQ(Get("C9300", "1", response, "other.example.com"), "authority.product_instance_unknown");
  caller_.smart_account = "other.example.com";
  EXPECT_EQ(Get("C9300", "1", response), "authority.product_instance_unknown");
}

TEST_F(AuthorityServiceTest, ACallerThatIsBoundToAnAccountNamesNoOther) {
  database_.AddAccount("other.example.com");
  for (const char* role : {"administrator", "device"}) {
    caller_ = {.actor = "x", .smart_account = "corp.example.com", .role = role};
    for (const auto& [account, want] :
         {std::pair("other.example.com", true), {"CORP.example.com", false}, {"", false}}) {
      v1::Acknowledgement acknowledgement;
      EXPECT_EQ(Get("C9300", "1", acknowledgement, account) == "rpc.smart_account_denied", want) << account;
      v1::ImportCertificatesResponse imported;
      EXPECT_EQ(Import("no certificate", imported, account) == "rpc.smart_account_denied", want) << account;
      v1::PollAcknowledgementsRequest poll;
      poll.set_smart_account(account);
      v1::PollAcknowledgementsResponse polled;
      EXPECT_EQ(Call(node_->acknowledgements(), &v1::AcknowledgementService::Stub::PollAcknowledgements, poll,
                     polled) == "rpc.smart_account_denied",
                want)
          << account;
      v1::ListTrustCertificatesRequest list;
      list.set_smart_account(account);
      v1::ListTrustCertificatesResponse listed;
      EXPECT_EQ(Call(node_->trust(), &v1::TrustService::Stub::ListTrustCertificates, list, listed) ==
                    "rpc.smart_account_denied",
                want)
          << account;
    }
  }
}

TEST_F(AuthorityServiceTest, APollIsCompleteWhenEverySenderIsAnswered) {
  const int64_t verified = AddInstance("1");
  const int64_t vendors = AddInstance("2");
  const int64_t change =
      database_.AddChange(database_.account(), {{verified, 1}, {vendors, 1, kUnverifiable}}, kSoon);
  const int64_t poll_id = database_.AddTicket(database_.account(), senders_, {change, change}, kSoon);

  v1::PollAcknowledgementsResponse response;
  EXPECT_EQ(Poll(poll_id, response), "ok");
  EXPECT_EQ(response.status(), v1::PollAcknowledgementsResponse::STATUS_POLL);
  EXPECT_EQ(response.poll_interval_s(), 1);
  EXPECT_THAT(response.acknowledgements(), SizeIs(0));
  EXPECT_THAT(response.vendor_acknowledgement_required(), SizeIs(0));
  clock_.Advance(absl::Seconds(200));
  EXPECT_EQ(Poll(poll_id, response), "ok");
  EXPECT_EQ(response.poll_interval_s(), 20) << "the older, the less often";

  WaitForAcknowledgements(1);
  EXPECT_EQ(Poll(poll_id, response), "ok");
  EXPECT_EQ(response.status(), v1::PollAcknowledgementsResponse::STATUS_COMPLETE);
  ASSERT_THAT(response.acknowledgements(), SizeIs(1));
  EXPECT_EQ(response.acknowledgements(0).udi().serial_number(), "1");
  EXPECT_TRUE(Read(response.acknowledgements(0)).ok());
  ASSERT_THAT(response.vendor_acknowledgement_required(), SizeIs(1));
  EXPECT_EQ(response.vendor_acknowledgement_required(0).serial_number(), "2");
  EXPECT_EQ(response.next_page_token(), "");

  EXPECT_EQ(Poll(poll_id + 1, response), "authority.poll_unknown");
}

TEST_F(AuthorityServiceTest, APollGoesByTheOrderOfTheFeedNotOfTheIds) {
  // Two changes, of which the one with the smaller id commits later and so stands behind the other.
  const int64_t source = AddInstance("1");
  const int64_t first = database_.AddChange(database_.account(), {{source, 1}}, kSoon);
  const int64_t second = database_.AddChange(database_.account(), {{source, 2}}, kSoon);
  database_.Run(
      absl::StrCat("UPDATE ingest_changes SET xid = pg_current_xact_id() WHERE change_id = ", first));
  const int64_t early = database_.AddTicket(database_.account(), senders_, {first}, kSoon);
  const int64_t late = database_.AddTicket(database_.account(), senders_, {second}, kSoon);
  database_.ApplyThrough(second);
  v1::PollAcknowledgementsResponse response;
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  do {
    ASSERT_EQ(Poll(late, response), "ok");
  } while (response.status() != v1::PollAcknowledgementsResponse::STATUS_COMPLETE && absl::Now() < deadline);
  EXPECT_EQ(response.status(), v1::PollAcknowledgementsResponse::STATUS_COMPLETE);
  ASSERT_EQ(Poll(early, response), "ok");
  EXPECT_EQ(response.status(), v1::PollAcknowledgementsResponse::STATUS_POLL);
  WaitForAcknowledgements(2);
  ASSERT_EQ(Poll(early, response), "ok");
  EXPECT_EQ(response.status(), v1::PollAcknowledgementsResponse::STATUS_COMPLETE);
}

TEST_F(AuthorityServiceTest, APollOfManySendersComesInPages) {
  std::vector<StoredReport> reports;
  for (int i = 0; i < 250; ++i) reports.push_back({AddInstance(absl::StrCat(i)), 1});
  const int64_t change = database_.AddChange(database_.account(), reports, kSoon);
  const int64_t poll_id = database_.AddTicket(database_.account(), senders_,
                                              std::vector<int64_t>(senders_.size(), change), kSoon);
  WaitForAcknowledgements(250);
  v1::PollAcknowledgementsResponse response;
  ASSERT_EQ(Poll(poll_id, response), "ok");
  EXPECT_THAT(response.acknowledgements(), SizeIs(200));
  const std::string token = response.next_page_token();
  ASSERT_NE(token, "");
  EXPECT_EQ(Poll(poll_id + 1, response, token), "ids.page_token_of_other_filter");
  ASSERT_EQ(Poll(poll_id, response, token), "ok");
  EXPECT_THAT(response.acknowledgements(), SizeIs(50));
  EXPECT_EQ(response.acknowledgements(0).udi().serial_number(), "200");
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(AuthorityServiceTest, SignsBlocksUnderItsBlockKey) {
  v1::SignBlockRequest request;
  request.set_block_hash(std::string(32, 'h'));
  v1::SignBlockResponse response;
  ASSERT_EQ(Call(node_->signing(), &v1::SigningService::Stub::SignBlock, request, response), "ok");
  bool found = false;
  for (const Certificate& certificate : AuthorityCertificates()) {
    if (certificate.key_id() != response.key_id()) continue;
    found = true;
    EXPECT_TRUE(certificate.AllowsSigning(crypto::SigningUse::kBlock));
    EXPECT_EQ(response.alg(), "ECDSA-P256-SHA256");
    EXPECT_TRUE(certificate.Key()->Verify(absl::StrCat(crypto::kBlockDomain, request.block_hash()),
                                          response.signature()));
  }
  EXPECT_TRUE(found);
  request.set_block_hash("short");
  EXPECT_EQ(Call(node_->signing(), &v1::SigningService::Stub::SignBlock, request, response),
            "authority.block_hash_invalid");
}

TEST_F(AuthorityServiceTest, SignsOpeningsUnderItsBlockKeyAsNothingElse) {
  v1::SignOpeningRequest request;
  request.set_opening_hash(std::string(32, 'o'));
  v1::SignOpeningResponse response;
  ASSERT_EQ(Call(node_->signing(), &v1::SigningService::Stub::SignOpening, request, response), "ok");
  bool found = false;
  for (const Certificate& certificate : AuthorityCertificates()) {
    if (certificate.key_id() != response.key_id()) continue;
    found = true;
    EXPECT_TRUE(certificate.AllowsSigning(crypto::SigningUse::kBlock));
    EXPECT_TRUE(certificate.Key()->Verify(absl::StrCat(crypto::kOpeningDomain, request.opening_hash()),
                                          response.signature()));
    EXPECT_FALSE(certificate.Key()->Verify(absl::StrCat(crypto::kBlockDomain, request.opening_hash()),
                                           response.signature()));
  }
  EXPECT_TRUE(found);
  request.set_opening_hash("short");
  EXPECT_EQ(Call(node_->signing(), &v1::SigningService::Stub::SignOpening, request, response),
            "authority.opening_hash_invalid");
}

TEST_F(AuthorityServiceTest, ARestartKeepsTheKeys) {
  const std::string before = AuthorityCertificates().front().der();
  node_ = std::make_unique<Node>(database_, directory_, &clock_);
  ASSERT_TRUE(node_->status().ok()) << node_->status();
  EXPECT_EQ(AuthorityCertificates().front().der(), before);
}

TEST_F(AuthorityServiceTest, DoesNotStartWithoutTheKeyThatClosedItsKeys) {
  std::filesystem::remove_all(directory_ + "/secrets");
  const Node other(database_, directory_, &clock_);
  EXPECT_EQ(errors::ErrorId(other.status()), "crypto.envelope_key_mismatch") << other.status();
}

TEST_F(AuthorityServiceTest, TakesTheKeyEncryptionKeyThatTheConfigurationNames) {
  const std::string named = directory_ + "/credential";
  std::filesystem::copy_file(directory_ + "/secrets/key_encryption_key", named);
  std::filesystem::permissions(named, std::filesystem::perms::owner_read);
  std::filesystem::remove_all(directory_ + "/secrets");
  const Node other(database_, directory_, &clock_, named);
  EXPECT_TRUE(other.status().ok()) << other.status();
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/secrets")) << "none is made beside it";
  const Node missing(database_, directory_, &clock_, directory_ + "/missing");
  EXPECT_EQ(errors::ErrorId(missing.status()), "config.secret_unreadable");
}

TEST_F(AuthorityServiceTest, TwoReplicasAnswerAlike) {
  Node second(database_, directory_, &clock_);
  ASSERT_TRUE(second.status().ok()) << second.status();
  database_.AddChange(database_.account(), {{AddInstance("1"), 1}}, kSoon);
  WaitForAcknowledgements(1);
  v1::Acknowledgement mine;
  ASSERT_EQ(Get("C9300", "1", mine), "ok");
  grpc::ClientContext context;
  v1::GetAcknowledgementRequest request;
  request.set_product_id("C9300");
  request.set_serial_number("1");
  v1::Acknowledgement theirs;
  ASSERT_TRUE(second.acknowledgements().GetAcknowledgement(&context, request, &theirs).ok());
  EXPECT_EQ(mine.sequence(), theirs.sequence());
  EXPECT_TRUE(Read(theirs).ok());
  EXPECT_TRUE(second.service().Health().ok());
}

}  // namespace
}  // namespace quartermaster::authority
