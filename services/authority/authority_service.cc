#include "services/authority/authority_service.h"

#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "services/authority/api/acknowledgement_api.h"
#include "services/authority/api/signing_api.h"
#include "services/authority/api/trust_api.h"
#include "services/authority/jobs/acknowledgement_issuer.h"
#include "services/authority/jobs/signing_key_keeper.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {
namespace {

using authority::SigningKeyKeeper;
using crypto::KeyEncryptionKey;

constexpr char kName[] = "authority";
// How often keys are looked after, and those that another replica renewed are taken over.
constexpr absl::Duration kKeyInterval = absl::Hours(1);

absl::StatusOr<KeyEncryptionKey> OpenKeyEncryptionKey(const config::NodeConfig& config) {
  if (config.key_encryption_key.is_set()) {
    ASSIGN_OR_RETURN(const log::Secret text, config.key_encryption_key.Read());
    return KeyEncryptionKey::FromText(text.Reveal());
  }
  return KeyEncryptionKey::LoadOrCreate(absl::StrCat(config.data_directory, "/secrets/key_encryption_key"));
}

class AuthorityService final : public Service {
 public:
  AuthorityService(const ServiceContext& context, std::unique_ptr<SigningKeyKeeper> keys)
      : clock_(*context.clock),
        pool_(context.database(kName)),
        acknowledgements_(&pool_),
        trust_(&pool_),
        keys_(std::move(keys)),
        trust_api_(&trust_, context.clock, context.metrics),
        acknowledgement_api_(
            &acknowledgements_, &trust_, [this] { return keys_->Current(); }, context.clock),
        signing_api_([this] { return keys_->Current(); }),
        issuer_(context.database(kName), authority::IssuerOptions(), context.clock, context.metrics) {}
  ~AuthorityService() override { StopJobs(); }

  std::string_view name() const override { return kName; }

  void RegisterWith(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&trust_api_);
    builder.RegisterService(&acknowledgement_api_);
    builder.RegisterService(&signing_api_);
  }

  absl::Status Start() override {
    issuer_.Start();
    key_thread_ = std::thread([this] { KeepKeys(); });
    return absl::OkStatus();
  }

  void Stop(absl::Time) override { StopJobs(); }

  absl::Status Health() override { return issuer_.Health(); }

 private:
  void KeepKeys() {
    const log::ServiceScope scope(kName);
    while (!stopping_.WaitForNotificationWithTimeout(kKeyInterval)) {
      if (absl::Status kept = keys_->RunOnce(clock_.Now()); !kept.ok()) {
        log::Warning("looking after the signing keys failed", {{"error", kept}});
      }
    }
  }

  void StopJobs() {
    issuer_.Stop();
    if (!key_thread_.joinable()) return;
    stopping_.Notify();
    key_thread_.join();
  }

  const Clock& clock_;
  pg::Pool pool_;
  authority::AcknowledgementStore acknowledgements_;
  authority::TrustStore trust_;
  const std::unique_ptr<SigningKeyKeeper> keys_;
  authority::TrustApi trust_api_;
  authority::AcknowledgementApi acknowledgement_api_;
  authority::SigningApi signing_api_;
  authority::AcknowledgementIssuer issuer_;
  absl::Notification stopping_;
  std::thread key_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> MakeAuthorityService(const ServiceContext& context) {
  ASSIGN_OR_RETURN(KeyEncryptionKey key_encryption_key, OpenKeyEncryptionKey(*context.config));
  auto keys = std::make_unique<SigningKeyKeeper>(
      authority::SigningKeyStore(context.database(kName), std::move(key_encryption_key)));
  RETURN_IF_ERROR(keys->RunOnce(context.clock->Now()));
  return std::make_unique<AuthorityService>(context, std::move(keys));
}

}  // namespace quartermaster
