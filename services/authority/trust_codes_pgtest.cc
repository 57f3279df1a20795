// Trust codes as product instances and administrators see them: over gRPC, on a real database, with a ledger
// that answers what the test tells it to.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "quartermaster/authority/v1/trust_codes.grpc.pb.h"
#include "quartermaster/ledger/v1/id_token_redemption.grpc.pb.h"
#include "services/authority/authority_service.h"
#include "services/authority/testing/authority_database.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/certificate_request.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::CertificateRequest;
using crypto::PrivateKey;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'005);

PrivateKey NewKey(crypto::Algorithm algorithm = crypto::Algorithm::kEcdsaP256Sha256) {
  return *PrivateKey::Generate(algorithm);
}

std::string Csr(const PrivateKey& key, const std::string& sn, const std::string& pid = "PID") {
  return CertificateRequest::Make(key, {pid, sn})->ToPem();
}

// Takes any token but "refused".
class ToyLedger final : public ledger::v1::IdTokenRedemptionService::Service {
 public:
  explicit ToyLedger(int64_t account) : account_(account) {}
  grpc::Status RedeemIdToken(grpc::ServerContext*, const ledger::v1::RedeemIdTokenRequest* request,
                             ledger::v1::RedeemIdTokenResponse* response) override {
    ++redemptions;
    last = *request;
    if (request->value() == "refused") {
      const errors::ErrorKind kind{"ledger.id_token_used_up", absl::StatusCode::kFailedPrecondition, false};
      return rpc::ToGrpc(errors::MakeError(kind, "id_token: used up"));
    }
    response->set_smart_account_id(account_);
    return grpc::Status::OK;
  }
  std::atomic<int> redemptions = 0;
  ledger::v1::RedeemIdTokenRequest last;

 private:
  const int64_t account_;
};

class TrustCodesTest : public testing::Test {
 protected:
  TrustCodesTest() : config_(config::DefaultNodeConfig()), ledger_(database_.account()) {
    std::string pattern = ::testing::TempDir() + "/trust_codes_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    config_.data_directory = directory_;
    // As the ledger makes it.
    database_.Run("UPDATE smart_accounts SET is_default = true");
    grpc::ServerBuilder ledger_builder;
    rpc::ConfigureServer(ledger_builder, {.metrics = &registry_});
    ledger_builder.RegisterService(&ledger_);
    ledger_server_ = ledger_builder.BuildAndStart();
    ledger_channel_ = rpc::InProcessChannel(*ledger_server_, 64 << 20);
    const ServiceContext context = {&config_,
                                    &clock_,
                                    &registry_,
                                    [this](std::string_view) { return database_.options(); },
                                    [this](std::string_view) { return ledger_channel_; },
                                    &local_methods_};
    auto service = MakeAuthorityService(context);
    EXPECT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder, {.metrics = &registry_});
    service_->RegisterWith(builder);
    server_ = builder.BuildAndStart();
    EXPECT_TRUE(service_->Start().ok());
    const auto channel = rpc::InProcessChannel(*server_, 64 << 20);
    codes_ = v1::TrustCodeService::NewStub(channel);
    trust_ = v1::TrustService::NewStub(channel);
  }
  ~TrustCodesTest() override {
    service_->Stop(absl::Now() + absl::Seconds(10));
    server_->Shutdown();
    ledger_server_->Shutdown();
    std::filesystem::remove_all(directory_);
  }

  template <typename Stub, typename Request, typename Response>
  std::string Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(30), caller_);
    response.Clear();
    const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
    return status.ok() ? "ok" : errors::ErrorId(status);
  }
  using CodeStub = v1::TrustCodeService::Stub;

  std::string Establish(const std::vector<std::string>& csrs, v1::TrustCodes& codes,
                        const std::string& token = "token") {
    v1::EstablishTrustRequest request;
    request.set_id_token(token);
    for (const std::string& csr : csrs) request.add_csr(csr);
    return Call(*codes_, &CodeStub::EstablishTrust, request, codes);
  }
  std::string Establish(const PrivateKey& key, const std::string& sn, const std::string& token = "token") {
    v1::TrustCodes codes;
    return Establish({Csr(key, sn)}, codes, token);
  }

  struct Renewal {
    const PrivateKey& current;
    const PrivateKey& next;
    std::string sn;
    const char* domain = crypto::kTrustRenewalDomain;
  };
  v1::RenewTrustRequest::Renewal Signed(const Renewal& renewal) {
    const CertificateRequest csr = *CertificateRequest::Make(renewal.next, {"PID", renewal.sn});
    v1::RenewTrustRequest::Renewal one;
    one.set_csr(csr.ToPem());
    one.set_key_id(renewal.current.Public().key_id());
    one.set_signature(*renewal.current.Sign(absl::StrCat(renewal.domain, csr.der())));
    return one;
  }
  std::string Renew(const v1::RenewTrustRequest::Renewal& renewal, v1::TrustCodes* codes = nullptr) {
    v1::RenewTrustRequest request;
    *request.add_renewals() = renewal;
    v1::TrustCodes unused;
    return Call(*codes_, &CodeStub::RenewTrust, request, codes == nullptr ? unused : *codes);
  }
  std::string Renew(const Renewal& renewal) { return Renew(Signed(renewal)); }

  std::string Revoke(const std::function<void(v1::RevokeTrustRequest&)>& fill, int64_t* revoked = nullptr) {
    v1::RevokeTrustRequest request;
    fill(request);
    v1::RevokeTrustResponse response;
    const std::string outcome = Call(*codes_, &CodeStub::RevokeTrust, request, response);
    if (revoked != nullptr) *revoked = response.revoked();
    return outcome;
  }
  std::string RevokeKey(const PrivateKey& key) {
    return Revoke([&](auto& request) { request.set_key_id(key.Public().key_id()); });
  }

  CertificateAuthority ImportedManufacturer() {
    const CertificateAuthority ca = *CertificateAuthority::Create(
        manufacturer_key_, "Manufacturer", {kNow - absl::Hours(24), kNow + absl::Hours(9999)});
    v1::ImportManufacturerCaRequest request;
    request.set_pem(ca.certificate().ToPem());
    v1::ImportCertificatesResponse response;
    EXPECT_EQ(Call(*trust_, &v1::TrustService::Stub::ImportManufacturerCa, request, response), "ok");
    return ca;
  }
  v1::EstablishFactoryTrustRequest::Member Factory(const PrivateKey& factory, const std::string& chain,
                                                   const PrivateKey& key, const std::string& sn) {
    const CertificateRequest csr = *CertificateRequest::Make(key, {"PID", sn});
    v1::EstablishFactoryTrustRequest::Member member;
    member.set_csr(csr.ToPem());
    member.set_certificate_chain(chain);
    member.set_signature(*factory.Sign(absl::StrCat(crypto::kFactoryTrustDomain, csr.der())));
    return member;
  }
  std::string EstablishFactory(const v1::EstablishFactoryTrustRequest::Member& member) {
    v1::EstablishFactoryTrustRequest request;
    *request.add_members() = member;
    v1::TrustCodes codes;
    return Call(*codes_, &CodeStub::EstablishFactoryTrust, request, codes);
  }

  // Key of each row's UDI, and what became of it.
  std::string Rows() {
    return database_.Text(
        "SELECT string_agg(udi_sn || ' ' || origin || CASE WHEN retired_at IS NULL THEN '' ELSE ' retires' "
        "END"
        " || CASE WHEN revoked_at IS NULL THEN '' ELSE ' revoked' END, ', ' ORDER BY udi_sn, imported_at)"
        " FROM trust_certificates");
  }

  AuthorityDatabase database_;
  ManualClock clock_{kNow};
  config::NodeConfig config_;
  metrics::Registry registry_;
  rpc::LocalMethods local_methods_{&registry_, false};
  rpc::Caller caller_{.actor = "device-1", .role = "device"};
  const PrivateKey manufacturer_key_ = NewKey();
  ToyLedger ledger_;
  std::string directory_;
  std::unique_ptr<grpc::Server> ledger_server_;
  std::shared_ptr<grpc::Channel> ledger_channel_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TrustCodeService::Stub> codes_;
  std::unique_ptr<v1::TrustService::Stub> trust_;
};

TEST_F(TrustCodesTest, AnIdTokenBecomesACertificateUnderTheAuthoritysCaForEachMember) {
  const PrivateKey active = NewKey(crypto::Algorithm::kRsa2048Sha256);
  const PrivateKey standby = NewKey();
  v1::TrustCodes codes;
  ASSERT_EQ(Establish({Csr(active, "A"), Csr(standby, "B")}, codes), "ok");
  ASSERT_EQ(codes.trust_codes_size(), 2);
  std::vector<Certificate> cas = {*Certificate::FromPem(codes.authority_certificates(0))};
  const auto anchors = *crypto::TrustAnchors::Create(cas);
  for (const v1::TrustCode& code : codes.trust_codes()) {
    const Certificate certificate = *Certificate::FromPem(code.certificate());
    EXPECT_TRUE(anchors.Verify(certificate, {}, kNow).ok());
    EXPECT_EQ(certificate.not_before(), absl::FromUnixSeconds(1'900'000'005 - 59 * 60));
    EXPECT_EQ(certificate.not_after(), kNow + absl::Hours(24 * 1096));
    EXPECT_FALSE(certificate.is_ca());
  }
  EXPECT_EQ(codes.trust_codes(0).key_id(), active.Public().key_id());
  EXPECT_EQ(codes.trust_codes(1).udi().serial_number(), "B");
  ASSERT_EQ(ledger_.last.members_size(), 2);
  EXPECT_EQ(ledger_.last.members(1).key_id(), standby.Public().key_id());
  EXPECT_EQ(Rows(), "A 1, B 1");
}

TEST_F(TrustCodesTest, ALostAnswerIsAskedAgainAndIsTheSameCertificate) {
  const PrivateKey key = NewKey();
  v1::TrustCodes first, again;
  ASSERT_EQ(Establish({Csr(key, "A")}, first), "ok");
  clock_.Advance(absl::Hours(5));
  ASSERT_EQ(Establish({Csr(key, "A")}, again), "ok");
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(Rows(), "A 1");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_audit WHERE method LIKE '%EstablishTrust'"), 1);
}

TEST_F(TrustCodesTest, WhatLedgerRefusesGivesNoCertificate) {
  EXPECT_EQ(Establish(NewKey(), "A", "refused"), "ledger.id_token_used_up");
  EXPECT_EQ(Rows(), "");
}

TEST_F(TrustCodesTest, BadRequestsTakeNoUseOfTheToken) {
  const PrivateKey key = NewKey();
  v1::TrustCodes codes;
  EXPECT_EQ(Establish(std::vector<std::string>(), codes), "authority.field_invalid");
  EXPECT_EQ(Establish(std::vector<std::string>(17, Csr(key, "A")), codes), "authority.field_invalid");
  EXPECT_EQ(Establish({Csr(key, "A"), Csr(NewKey(), "A")}, codes), "authority.field_invalid");
  EXPECT_EQ(Establish({"no csr"}, codes), "crypto.csr_malformed");
  EXPECT_EQ(Establish({Csr(key, "A"), "no csr"}, codes), "crypto.csr_malformed");
  v1::EstablishTrustRequest request;
  request.add_csr(Csr(key, "A"));
  request.mutable_device_time()->set_seconds(absl::ToUnixSeconds(kNow) - 3600);
  EXPECT_EQ(Call(*codes_, &CodeStub::EstablishTrust, request, codes), "authority.clock_skew_exceeded");
  request.mutable_device_time()->set_seconds(-1);
  EXPECT_EQ(Call(*codes_, &CodeStub::EstablishTrust, request, codes), "authority.field_invalid");
  EXPECT_EQ(ledger_.redemptions, 0);
  request.mutable_device_time()->set_seconds(absl::ToUnixSeconds(kNow) + 3500);
  EXPECT_EQ(Call(*codes_, &CodeStub::EstablishTrust, request, codes), "ok");
}

TEST_F(TrustCodesTest, ARevokedKeyGetsNoTrustUnderAnyUdi) {
  const PrivateKey key = NewKey();
  ASSERT_EQ(Establish(key, "A"), "ok");
  ASSERT_EQ(RevokeKey(key), "ok");
  const int before = ledger_.redemptions;
  EXPECT_EQ(Establish(key, "A"), "authority.trust_key_revoked");
  EXPECT_EQ(Establish(key, "B"), "authority.trust_key_revoked");
  EXPECT_EQ(ledger_.redemptions, before);
  EXPECT_EQ(Establish(NewKey(), "A"), "ok") << "an ID token brings trust back, to another key";
  EXPECT_EQ(Rows(), "A 1 revoked, A 1");
}

TEST_F(TrustCodesTest, AProductInstanceOfAnotherAccountIsRefused) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.AddProductInstance(other, "PID", "A");
  database_.AddSender(other, "PID", "B");
  for (const char* sn : {"A", "B"}) {
    EXPECT_EQ(Establish(NewKey(), sn), "authority.product_instance_elsewhere") << sn;
  }
  // All or none.
  v1::TrustCodes codes;
  EXPECT_EQ(Establish({Csr(NewKey(), "C"), Csr(NewKey(), "A")}, codes),
            "authority.product_instance_elsewhere");
  EXPECT_EQ(Rows(), "");
}

TEST_F(TrustCodesTest, RenewalKeepsTheKeyBeforeForTheOverlap) {
  const PrivateKey current = NewKey();
  const PrivateKey next = NewKey();
  ASSERT_EQ(Establish(current, "A"), "ok");
  clock_.Advance(absl::Hours(24 * 500));
  v1::TrustCodes first, again;
  ASSERT_EQ(Renew(Signed({current, next, "A"}), &first), "ok");
  EXPECT_EQ(Rows(), "A 1 retires, A 3");
  EXPECT_EQ(database_.Number("SELECT extract(epoch FROM retired_at)::bigint FROM trust_certificates"
                             " WHERE retired_at IS NOT NULL"),
            absl::ToUnixSeconds(clock_.Now() + absl::Hours(24 * 30)));
  EXPECT_EQ(database_.Text("SELECT replaced_by FROM trust_certificates WHERE retired_at IS NOT NULL"),
            next.Public().key_id());
  // The answer was lost: the same key is answered again; whoever has the old one gets no third.
  ASSERT_EQ(Renew(Signed({current, next, "A"}), &again), "ok");
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(Renew({current, NewKey(), "A"}), "authority.trust_key_replaced");
  EXPECT_EQ(Renew({next, NewKey(), "A"}), "ok");
  clock_.Advance(absl::Hours(24 * 31));
  EXPECT_EQ(Renew({current, next, "A"}), "authority.trust_key_retired");
}

TEST_F(TrustCodesTest, ARenewalMustBeProvenByThePresentKeyForThisRequest) {
  const PrivateKey current = NewKey();
  const PrivateKey next = NewKey();
  ASSERT_EQ(Establish(current, "A"), "ok");
  ASSERT_EQ(Establish(NewKey(), "B"), "ok");
  const v1::RenewTrustRequest::Renewal good = Signed({current, next, "A"});
  auto changed = good;
  changed.set_csr(Csr(NewKey(), "A"));
  EXPECT_EQ(Renew(changed), "authority.trust_proof_invalid") << "a captured signature with another key";
  changed = good;
  changed.mutable_signature()->pop_back();
  EXPECT_EQ(Renew(changed), "authority.trust_proof_invalid") << "truncated";
  EXPECT_EQ(Renew({current, next, "A", crypto::kFactoryTrustDomain}), "authority.trust_proof_invalid");
  EXPECT_EQ(Renew({current, next, "A", ""}), "authority.trust_proof_invalid");
  changed = Signed({NewKey(), next, "A"});
  changed.set_key_id(current.Public().key_id());
  EXPECT_EQ(Renew(changed), "authority.trust_proof_invalid") << "signed by another key";
  EXPECT_EQ(Renew({current, next, "B"}), "authority.trust_code_unknown") << "of another UDI";
  EXPECT_EQ(Renew({NewKey(), next, "A"}), "authority.trust_code_unknown");
  EXPECT_EQ(Renew({current, current, "A"}), "authority.trust_key_not_fresh");
  changed = good;
  changed.set_key_id("x");
  EXPECT_EQ(Renew(changed), "authority.field_invalid");
  EXPECT_EQ(Renew(good), "ok");
}

TEST_F(TrustCodesTest, WhatIsRevokedOrExpiredIsNotRenewed) {
  const PrivateKey revoked = NewKey();
  const PrivateKey expired = NewKey();
  ASSERT_EQ(Establish(revoked, "A"), "ok");
  ASSERT_EQ(Establish(expired, "B"), "ok");
  ASSERT_EQ(RevokeKey(revoked), "ok");
  EXPECT_EQ(Renew({revoked, NewKey(), "A"}), "authority.trust_key_revoked");
  clock_.Advance(absl::Hours(24 * 1096 + 1));
  EXPECT_EQ(Renew({expired, NewKey(), "B"}), "ok") << "within the clock skew";
  clock_.Advance(absl::Hours(24 * 40));
  EXPECT_EQ(Establish(expired, "B"), "authority.trust_key_retired");
}

TEST_F(TrustCodesTest, AFactoryCertificateOfAnImportedManufacturerNeedsNoIdToken) {
  const CertificateAuthority ca = ImportedManufacturer();
  const crypto::Validity valid = {kNow - absl::Hours(24), kNow + absl::Hours(9000)};
  const PrivateKey factory = NewKey();
  const std::string chain = ca.IssueProductInstance(factory.Public(), {"PID", "A"}, valid)->ToPem();
  const PrivateKey key = NewKey();
  EXPECT_EQ(EstablishFactory(Factory(factory, chain, key, "A")), "ok");
  EXPECT_EQ(EstablishFactory(Factory(factory, chain, key, "A")), "ok") << "again";
  EXPECT_EQ(Rows(), "A 2");
  EXPECT_EQ(ledger_.redemptions, 0);
  EXPECT_EQ(database_.Number("SELECT smart_account_id FROM trust_certificates"), database_.account());

  EXPECT_EQ(EstablishFactory(Factory(factory, chain, NewKey(), "B")), "authority.field_invalid")
      << "another UDI";
  EXPECT_EQ(EstablishFactory(Factory(NewKey(), chain, NewKey(), "A")), "authority.trust_proof_invalid");
  auto replayed = Factory(factory, chain, key, "A");
  replayed.set_csr(Csr(NewKey(), "A"));
  EXPECT_EQ(EstablishFactory(replayed), "authority.trust_proof_invalid");
  auto no_chain = Factory(factory, "", key, "A");
  EXPECT_EQ(EstablishFactory(no_chain), "crypto.certificate_bundle_malformed");
  EXPECT_EQ(EstablishFactory(Factory(factory, ca.certificate().ToPem(), key, "A")),
            "authority.ca_as_trust_certificate");
}

TEST_F(TrustCodesTest, AFactoryCertificateOfNobodyKnownOrOfTheAuthorityItselfIsRefused) {
  const crypto::Validity valid = {kNow - absl::Hours(24), kNow + absl::Hours(9000)};
  const PrivateKey factory = NewKey();
  const CertificateAuthority stranger = *CertificateAuthority::Create(NewKey(), "Stranger", valid);
  const std::string strange = stranger.IssueProductInstance(factory.Public(), {"PID", "A"}, valid)->ToPem();
  EXPECT_EQ(EstablishFactory(Factory(factory, strange, NewKey(), "A")), "crypto.certificate_untrusted");
  ImportedManufacturer();
  EXPECT_EQ(EstablishFactory(Factory(factory, strange, NewKey(), "A")), "crypto.certificate_untrusted");
  // A trust code is no factory certificate: it would renew itself past every rule of renewal.
  const PrivateKey key = NewKey();
  v1::TrustCodes codes;
  ASSERT_EQ(Establish({Csr(key, "A")}, codes), "ok");
  const std::string chain = codes.trust_codes(0).certificate() + codes.authority_certificates(0);
  EXPECT_EQ(EstablishFactory(Factory(key, chain, NewKey(), "A")), "crypto.certificate_untrusted");
}

TEST_F(TrustCodesTest, AnExpiredFactoryCertificateIsRefused) {
  const CertificateAuthority ca = ImportedManufacturer();
  const PrivateKey factory = NewKey();
  const auto chain = [&](absl::Duration from, absl::Duration to) {
    return ca.IssueProductInstance(factory.Public(), {"PID", "A"}, {kNow + from, kNow + to})->ToPem();
  };
  EXPECT_EQ(EstablishFactory(Factory(factory, chain(-absl::Hours(20), -absl::Hours(2)), NewKey(), "A")),
            "crypto.certificate_expired");
  EXPECT_EQ(EstablishFactory(Factory(factory, chain(absl::Hours(2), absl::Hours(20)), NewKey(), "A")),
            "crypto.certificate_not_yet_valid");
}

TEST_F(TrustCodesTest, AfterARevocationTheFactoryCertificateBringsNoTrustBack) {
  const CertificateAuthority ca = ImportedManufacturer();
  const PrivateKey factory = NewKey();
  const std::string chain = ca.IssueProductInstance(factory.Public(), {"PID", "A"},
                                                    {kNow - absl::Hours(1), kNow + absl::Hours(9000)})
                                ->ToPem();
  ASSERT_EQ(EstablishFactory(Factory(factory, chain, NewKey(), "A")), "ok");
  ASSERT_EQ(Revoke([](auto& request) {
              request.set_product_id("PID");
              request.set_serial_number("A");
            }),
            "ok");
  EXPECT_EQ(EstablishFactory(Factory(factory, chain, NewKey(), "A")), "authority.trust_revoked");
}

TEST_F(TrustCodesTest, RevocationIsOnceCountedUpAndInTheListThatTheCaSigned) {
  const PrivateKey a = NewKey();
  ASSERT_EQ(Establish(a, "A"), "ok");
  ASSERT_EQ(Establish(NewKey(), "A"), "ok");
  ASSERT_EQ(Establish(NewKey(), "B"), "ok");
  int64_t revoked = 0;
  EXPECT_EQ(Revoke(
                [](auto& request) {
                  request.set_product_id("PID");
                  request.set_serial_number("A");
                  request.set_reason(v1::RevokeTrustRequest::REASON_KEY_COMPROMISE);
                },
                &revoked),
            "ok");
  EXPECT_EQ(revoked, 2);
  EXPECT_EQ(Revoke([&](auto& request) { request.set_key_id(a.Public().key_id()); }, &revoked), "ok");
  EXPECT_EQ(revoked, 0);

  v1::RevocationList list;
  ASSERT_EQ(Call(*codes_, &CodeStub::GetRevocationList, v1::GetRevocationListRequest(), list), "ok");
  EXPECT_EQ(list.number(), 1);
  EXPECT_EQ(list.revoked_certificates(), 2);
  const auto* at = reinterpret_cast<const unsigned char*>(list.crl().data());
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> crl(
      d2i_X509_CRL(nullptr, &at, static_cast<long>(list.crl().size())), &X509_CRL_free);
  ASSERT_NE(crl, nullptr);
  v1::TrustCodes codes;
  ASSERT_EQ(Establish({Csr(NewKey(), "C")}, codes), "ok");
  const Certificate ca = *Certificate::FromPem(codes.authority_certificates(0));
  EXPECT_EQ(X509_CRL_verify(crl.get(), X509_get0_pubkey(ca.get())), 1);
  EXPECT_EQ(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl.get())), 2);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_audit WHERE method LIKE '%RevokeTrust'"), 1);
}

TEST_F(TrustCodesTest, RevokingNeedsAFilterThatMeetsSomethingOfTheCallersAccount) {
  ASSERT_EQ(Establish(NewKey(), "A"), "ok");
  EXPECT_EQ(Revoke([](auto&) {}), "authority.field_invalid");
  EXPECT_EQ(Revoke([](auto& request) { request.set_product_id("PID"); }), "authority.field_invalid");
  EXPECT_EQ(Revoke([](auto& request) { request.set_key_id("nobody's"); }), "authority.trust_code_unknown");
  database_.AddAccount("other.example.com");
  caller_.smart_account = "other.example.com";
  const auto of_a = [](auto& request) {
    request.set_product_id("PID");
    request.set_serial_number("A");
  };
  EXPECT_EQ(Revoke(of_a), "authority.trust_code_unknown");
  caller_.smart_account = "corp.example.com";
  EXPECT_EQ(Revoke(of_a), "ok");
}

TEST_F(TrustCodesTest, AnImportedCertificateIsRevokedByTheAccountThatHasItsUdiOrByTheNode) {
  const CertificateAuthority ca = ImportedManufacturer();
  const crypto::Validity valid = {kNow - absl::Hours(1), kNow + absl::Hours(9000)};
  v1::ImportTrustCertificatesRequest request;
  for (const char* sn : {"A", "B"}) {
    request.set_pem(request.pem() + ca.IssueProductInstance(NewKey().Public(), {"PID", sn}, valid)->ToPem());
  }
  v1::ImportCertificatesResponse response;
  ASSERT_EQ(Call(*trust_, &v1::TrustService::Stub::ImportTrustCertificates, request, response), "ok");
  ASSERT_EQ(response.imported(), 2);
  const auto revoke = [&](const std::string& sn) {
    return Revoke([&](auto& filter) {
      filter.set_product_id("PID");
      filter.set_serial_number(sn);
    });
  };
  const int64_t other = database_.AddAccount("other.example.com");
  caller_.smart_account = "other.example.com";
  EXPECT_EQ(revoke("A"), "authority.trust_code_unknown") << "nobody has it yet, and the whole node trusts it";
  const auto give = [&](int64_t account) {
    database_.Run(absl::StrCat(
        "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id,"
        " created_at) SELECT smart_account_id, 'PID', 'A', virtual_account_id, 1, now() FROM virtual_accounts"
        " WHERE smart_account_id = ",
        account, " ORDER BY virtual_account_id LIMIT 1"));
  };
  give(database_.account());
  EXPECT_EQ(revoke("A"), "authority.trust_code_unknown") << "another account's";
  // A report that came through the other account's door does not make it theirs.
  database_.Run(
      absl::StrCat("INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at) VALUES "
                   "('PID', 'A', ",
                   other, ", now())"));
  EXPECT_EQ(revoke("A"), "authority.trust_code_unknown") << "another account has it";
  database_.Run("DELETE FROM report_senders");
  database_.Run("DELETE FROM product_instances");
  give(other);
  EXPECT_EQ(revoke("A"), "ok");
  caller_.smart_account = "";
  EXPECT_EQ(revoke("B"), "ok") << "who is bound to no account may";
}

TEST_F(TrustCodesTest, AFactoryProofThatComesLateRetiresNoNewerCode) {
  const CertificateAuthority ca = ImportedManufacturer();
  const PrivateKey factory = NewKey();
  const std::string chain = ca.IssueProductInstance(factory.Public(), {"PID", "A"},
                                                    {kNow - absl::Hours(1), kNow + absl::Hours(9000)})
                                ->ToPem();
  const PrivateKey older = NewKey(), newer = NewKey(), late = NewKey();
  ASSERT_EQ(EstablishFactory(Factory(factory, chain, older, "A")), "ok");
  clock_.Advance(absl::Hours(2));
  ASSERT_EQ(Establish(newer, "A"), "ok");
  // At a replica whose clock is behind, or that was stopped between its clock and the database.
  clock_.Advance(-absl::Hours(1));
  ASSERT_EQ(EstablishFactory(Factory(factory, chain, late, "A")), "ok");
  const auto retired = [&](const PrivateKey& key) {
    return database_.Number(
        absl::StrCat("SELECT count(*) FROM trust_certificates WHERE retired_at IS NOT NULL"
                     " AND key_id = '",
                     key.Public().key_id(), "'"));
  };
  EXPECT_EQ(retired(older), 1);
  EXPECT_EQ(retired(newer), 0);
}

TEST_F(TrustCodesTest, AnImportTakesNoTrustCodesPlace) {
  const CertificateAuthority ca = ImportedManufacturer();
  const PrivateKey key = NewKey();
  ASSERT_EQ(Establish(key, "A"), "ok");
  v1::ImportTrustCertificatesRequest request;
  request.set_pem(
      ca.IssueProductInstance(key.Public(), {"PID", "A"}, {kNow - absl::Hours(1), kNow + absl::Hours(9000)})
          ->ToPem());
  v1::ImportCertificatesResponse response;
  ASSERT_EQ(Call(*trust_, &v1::TrustService::Stub::ImportTrustCertificates, request, response), "ok");
  EXPECT_EQ(response.imported(), 0);
  // The other way round: a key whose certificate was imported gets no trust code.
  const PrivateKey imported = NewKey();
  request.set_pem(ca.IssueProductInstance(imported.Public(), {"PID", "B"},
                                          {kNow - absl::Hours(1), kNow + absl::Hours(9000)})
                      ->ToPem());
  ASSERT_EQ(Call(*trust_, &v1::TrustService::Stub::ImportTrustCertificates, request, response), "ok");
  EXPECT_EQ(response.imported(), 1);
  EXPECT_EQ(Establish(imported, "B"), "authority.trust_key_not_fresh");
  EXPECT_EQ(Renew({imported, NewKey(), "B"}), "authority.trust_code_unknown");
}

TEST_F(TrustCodesTest, TwoRenewalsAtOnceForTwoKeysGiveOne) {
  const PrivateKey current = NewKey();
  ASSERT_EQ(Establish(current, "A"), "ok");
  const v1::RenewTrustRequest::Renewal renewals[] = {Signed({current, NewKey(), "A"}),
                                                     Signed({current, NewKey(), "A"})};
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (const auto& renewal : renewals) {
    threads.emplace_back([&] { good += Renew(renewal) == "ok" ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM trust_certificates WHERE retired_at IS NULL"), 1);
}

TEST_F(TrustCodesTest, TheListSaysWhereTrustCameFromAndWhatBecameOfIt) {
  const PrivateKey current = NewKey();
  const PrivateKey next = NewKey();
  ASSERT_EQ(Establish(current, "A"), "ok");
  ASSERT_EQ(Renew({current, next, "A"}), "ok");
  v1::ListTrustCertificatesResponse list;
  ASSERT_EQ(
      Call(*trust_, &v1::TrustService::Stub::ListTrustCertificates, v1::ListTrustCertificatesRequest(), list),
      "ok");
  ASSERT_EQ(list.trust_certificates_size(), 2);
  for (const v1::TrustCertificate& certificate : list.trust_certificates()) {
    const bool old = certificate.key_id() == current.Public().key_id();
    EXPECT_EQ(certificate.origin(),
              old ? v1::TrustCertificate::ORIGIN_ID_TOKEN : v1::TrustCertificate::ORIGIN_RENEWAL);
    EXPECT_EQ(certificate.has_retired_at(), old);
    EXPECT_EQ(certificate.replaced_by(), old ? next.Public().key_id() : "");
  }
}

}  // namespace
}  // namespace quartermaster::authority
