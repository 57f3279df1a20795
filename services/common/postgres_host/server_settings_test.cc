#include "services/common/postgres_host/server_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartermaster::postgres_host {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(ServerSettingsTest, NothingListensOnTcpAndAnswersAreDurable) {
  ServerSettings settings;
  settings.socket_directory = "/data/o'brien\\run";
  const std::string text = ConfText(settings);
  EXPECT_THAT(text, HasSubstr("\nlisten_addresses = ''\n"));
  EXPECT_THAT(text, HasSubstr("\nunix_socket_directories = '/data/o''brien\\\\run'\n"));
  EXPECT_THAT(text, HasSubstr("\nfsync = on\n"));
  EXPECT_THAT(text, HasSubstr("\nfull_page_writes = on\n"));
  EXPECT_THAT(text, HasSubstr("\nsynchronous_commit = on\n"));
  EXPECT_THAT(text, EndsWith("\ninclude_if_exists = 'local.conf'\n")) << "the operator's word is last";
}

TEST(ServerSettingsTest, SizesAreConfigurable) {
  ServerSettings settings;
  EXPECT_THAT(ConfText(settings), HasSubstr("\nshared_buffers = 128MB\n"));
  settings.shared_buffers_bytes = 64 << 20;
  settings.wal_bytes_max = 512 << 20;
  settings.connections_max = 30;
  settings.wal_compression = "lz4";
  const std::string text = ConfText(settings);
  EXPECT_THAT(text, HasSubstr("\nshared_buffers = 64MB\n"));
  EXPECT_THAT(text, HasSubstr("\nmax_wal_size = 512MB\n"));
  EXPECT_THAT(text, HasSubstr("\nmax_connections = 30\n"));
  EXPECT_THAT(text, HasSubstr("\nwal_compression = lz4\n"));
}

TEST(ServerSettingsTest, OnlyTheNodesUserComesInAsAnyOfOurRoles) {
  EXPECT_THAT(HbaText(), EndsWith("\nlocal all all peer map=quartermaster\n"));
  EXPECT_EQ(IdentText("node user"),
            "# Written by the node at every start.\n"
            "quartermaster \"node user\" qm_admin\n"
            "quartermaster \"node user\" qm_owner\n"
            "quartermaster \"node user\" qm_ingest\n"
            "quartermaster \"node user\" qm_ledger\n"
            "quartermaster \"node user\" qm_authority\n"
            "quartermaster \"node user\" qm_gateway\n");
}

}  // namespace
}  // namespace quartermaster::postgres_host
