// Requests for the load on the ledger: transfers of one license between Virtual Accounts, from a seed.
//
// usage: transfer_requests --count N --batch B --pattern uniform|zipf|hot --seed S --out FILE
//                          [--virtual-accounts V] [--tags T]
// Virtual Accounts are "va-000"..., tags "regid.bench,1.0_000"... Writes N requests of B transfers each,
// every one with a request id of its own, each with a 4-byte little-endian length before it. "zipf": the
// first pools give and take most (exponent 1). "hot": every transfer leaves the same pool.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"

namespace {

namespace v1 = quartermaster::ledger::v1;

struct Settings {
  int count = 1000, batch = 1, virtual_accounts = 100, tags = 50;
  uint64_t seed = 1;
  std::string pattern = "uniform", out;
};

Settings ParseArguments(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--count")
      settings.count = std::stoi(value);
    else if (name == "--batch")
      settings.batch = std::stoi(value);
    else if (name == "--virtual-accounts")
      settings.virtual_accounts = std::stoi(value);
    else if (name == "--tags")
      settings.tags = std::stoi(value);
    else if (name == "--seed")
      settings.seed = std::stoull(value);
    else if (name == "--pattern")
      settings.pattern = value;
    else if (name == "--out")
      settings.out = value;
    else {
      std::fprintf(stderr, "transfer_requests: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  return settings;
}

// Draws pools by their number.
class Pools {
 public:
  explicit Pools(const Settings& settings) : settings_(settings), random_(settings.seed) {
    const int pools = settings.virtual_accounts * settings.tags;
    std::vector<double> weights(pools, 1.0);
    if (settings.pattern == "zipf") {
      for (int i = 0; i < pools; ++i) weights[i] = 1.0 / (i + 1);
    }
    pools_ = std::discrete_distribution<int>(weights.begin(), weights.end());
  }

  v1::EntitlementTransfer Draw() {
    const int from = settings_.pattern == "hot" ? 0 : pools_(random_);
    const int tag = from % settings_.tags;
    int to = pools_(random_) / settings_.tags;
    if (to == from / settings_.tags) to = (to + 1) % settings_.virtual_accounts;
    v1::EntitlementTransfer line;
    line.set_tag(absl::StrFormat("regid.bench,1.0_%03d", tag));
    line.set_from_virtual_account(absl::StrFormat("va-%03d", from / settings_.tags));
    line.set_to_virtual_account(absl::StrFormat("va-%03d", to));
    line.set_quantity(1);
    return line;
  }

 private:
  const Settings settings_;
  std::mt19937_64 random_;
  std::discrete_distribution<int> pools_;
};

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = ParseArguments(argc, argv);
  Pools pools(settings);
  std::ofstream out(settings.out, std::ios::binary);
  for (int i = 0; i < settings.count; ++i) {
    v1::TransferEntitlementsRequest request;
    request.set_request_id(absl::StrCat(settings.pattern, "-", settings.batch, "-", settings.seed, "-", i));
    for (int line = 0; line < settings.batch; ++line) *request.add_transfers() = pools.Draw();
    const std::string bytes = request.SerializeAsString();
    const uint32_t length = bytes.size();
    char head[4];
    std::memcpy(head, &length, 4);
    out.write(head, 4).write(bytes.data(), bytes.size());
  }
  out.close();
  return out ? 0 : 1;
}
