// Two small services in one process, for run_process_pgtest: "ledger" answers GetNode from the
// database, "gateway" calls it over its channel while it starts.
// Environment: TOY_FAILS makes the gateway fail to start, TOY_STOP_HANGS makes it hang in Stop.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cstdlib>
#include <pqxx/pqxx>

#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/lifecycle/run_process.h"
#include "services/common/log/log.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster {
namespace {

using gateway::v1::GetNodeRequest;
using gateway::v1::Node;
using gateway::v1::NodeService;

class ToyLedger final : public Service, public NodeService::Service {
 public:
  explicit ToyLedger(const ServiceContext& context)
      : pool_(context.database("ledger")), clock_(*context.clock) {}

  std::string_view name() const override { return "ledger"; }
  void RegisterWith(grpc::ServerBuilder& builder) override { builder.RegisterService(this); }
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop(absl::Time) override {}
  absl::Status Health() override { return SchemaVersion().status(); }

  grpc::Status GetNode(grpc::ServerContext* context, const GetNodeRequest*, Node* node) override {
    const log::RequestScope scope(rpc::RequestId(*context));
    const auto version = SchemaVersion();
    if (!version.ok()) return rpc::ToGrpc(version.status());
    log::Info("asked", {{"actor", rpc::ReadCaller(*context).actor}});
    node->set_version(std::string(rpc::RequestId(*context)));
    node->set_schema_version(*version);
    node->mutable_now()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    return grpc::Status::OK;
  }

 private:
  absl::StatusOr<int> SchemaVersion() {
    static constexpr char kSelectVersion[] = "SELECT max(version) FROM quartermaster.schema_migrations";
    return pool_.Read("toy_version", [](pqxx::transaction_base& t) -> absl::StatusOr<int> {
      return t.exec1(kSelectVersion)[0].as<int>();
    });
  }

  pg::Pool pool_;
  const Clock& clock_;
};

class ToyGateway final : public Service {
 public:
  explicit ToyGateway(const ServiceContext& context) : context_(context) {}

  std::string_view name() const override { return "gateway"; }
  void RegisterWith(grpc::ServerBuilder&) override {}
  absl::Status Start() override {
    if (getenv("TOY_FAILS") != nullptr) return absl::InternalError("told to fail");
    auto stub = NodeService::NewStub(context_.channel("ledger"));
    Node node;
    return rpc::CallWithRetry({.caller = {.actor = "service:gateway"}}, [&](grpc::ClientContext& context) {
      return stub->GetNode(&context, GetNodeRequest(), &node);
    });
  }
  void Stop(absl::Time) override {
    if (getenv("TOY_STOP_HANGS") != nullptr) pause();
  }
  absl::Status Health() override { return absl::OkStatus(); }

 private:
  const ServiceContext& context_;
};

template <typename T>
absl::StatusOr<std::unique_ptr<Service>> Make(const ServiceContext& context) {
  return std::make_unique<T>(context);
}

}  // namespace
}  // namespace quartermaster

int main(int argc, char** argv) {
  using namespace quartermaster;  // NOLINT(google-build-using-namespace)
  return RunProcess(argc, argv, "allinone", {{"ledger", Make<ToyLedger>}, {"gateway", Make<ToyGateway>}});
}
