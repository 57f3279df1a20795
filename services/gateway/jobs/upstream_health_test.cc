#include "services/gateway/jobs/upstream_health.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace quartermaster::gateway {
namespace {

TEST(UpstreamHealthTest, ServicesThatHangAreAskedAtOnce) {
  // Takes connections and never says a word.
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  UpstreamHealth health({"ingest", "ledger", "authority"}, [&](std::string_view) {
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", silent.local_endpoint().port()),
                               grpc::InsecureChannelCredentials());
  });
  const absl::Time start = absl::Now();
  health.RunOnce();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(2800));
  ASSERT_EQ(health.states().size(), 3u);
  EXPECT_EQ(health.states()[1].service, "ledger");
  EXPECT_FALSE(health.states()[1].serving);
  EXPECT_FALSE(health.states()[1].detail.empty());
}

}  // namespace
}  // namespace quartermaster::gateway
