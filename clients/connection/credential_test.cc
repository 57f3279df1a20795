#include "clients/connection/credential.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/connection/file.h"
#include "services/common/errors/error.h"

namespace quartermaster::client {
namespace {

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return path;
}

TEST(CredentialTest, ReadsAFileWithTheCertificateInIt) {
  const auto credential = LoadCredential(Write("inline.json", R"({
    "rest_endpoint": "https://127.0.0.1:8443", "grpc_endpoint": "127.0.0.1:8444",
    "ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "client_id": "admin", "secret": "s3cret"})"));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->grpc_endpoint, "127.0.0.1:8444");
  EXPECT_EQ(credential->rest_endpoint, "https://127.0.0.1:8443");
  EXPECT_EQ(credential->ca_certificate_pem, kPem);
  EXPECT_EQ(credential->client_id, "admin");
  EXPECT_EQ(credential->secret, "s3cret");
}

TEST(CredentialTest, FindsTheCertificateBesideTheFile) {
  Write("ca.pem", kPem);
  const auto credential = LoadCredential(Write("beside.json", R"({"grpc_endpoint": "h:1",
      "ca_certificate": "ca.pem", "client_id": "a", "secret": "b"})"));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->ca_certificate_pem, kPem);
}

TEST(CredentialTest, NamesTheFieldThatIsMissingOrWrong) {
  const auto missing = LoadCredential(Write("missing.json", R"({"grpc_endpoint": "h:1"})"));
  EXPECT_EQ(errors::ErrorId(missing.status()), "client.credential_malformed");
  EXPECT_NE(missing.status().message().find("client_id: got nothing, want a string"),
            absl::string_view::npos);
  const auto wrong = LoadCredential(Write("wrong.json", R"({"grpc_endpoint": 5})"));
  EXPECT_NE(wrong.status().message().find("grpc_endpoint: got number, want a string"),
            absl::string_view::npos);
}

TEST(CredentialTest, MalformedFilesNeverShowTheSecret) {
  const auto result = LoadCredential(
      Write("broken.json", R"({"client_id": "a", "secret": "tell-nobody", "grpc_endpoint": "h:1")"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().ToString().find("tell-nobody"), std::string::npos);
}

TEST(CredentialTest, WhatGoesIntoAHeaderIsVisibleAscii) {
  for (const char* secret : {"", "tell-nobody\\n", "tell\\tnobody", "tell nobody", "t\\u0001", "\\u00e9"}) {
    const auto result = LoadCredential(
        Write("header.json",
              absl::StrCat(R"({"client_id": "a", "grpc_endpoint": "h:1", "ca_certificate": "", "secret": ")",
                           secret, "\"}")));
    ASSERT_FALSE(result.ok()) << secret;
    EXPECT_EQ(errors::ErrorId(result.status()), "client.credential_malformed");
    EXPECT_NE(result.status().ToString().find("secret: got"), std::string::npos) << result.status();
    EXPECT_EQ(result.status().ToString().find("nobody"), std::string::npos);
  }
}

TEST(CredentialTest, AnEndpointMayBeWrittenAsAnAddressOrAsAUrl) {
  EXPECT_EQ(EndpointAddress("https://node:8444/"), "node:8444");
  EXPECT_EQ(EndpointAddress("grpcs://node:8444"), "node:8444");
  EXPECT_EQ(EndpointAddress("node:8444"), "node:8444");
  EXPECT_EQ(EndpointAddress("unix:/run/q.sock"), "unix:/run/q.sock");
  EXPECT_EQ(EndpointAddress("node.example.com"), "node.example.com:8444");
  EXPECT_EQ(EndpointAddress("[2001:db8::1]"), "[2001:db8::1]:8444");
  EXPECT_EQ(EndpointAddress("[2001:db8::1]:9"), "[2001:db8::1]:9");
  EXPECT_EQ(EndpointAddress(""), "");
}

}  // namespace
}  // namespace quartermaster::client
