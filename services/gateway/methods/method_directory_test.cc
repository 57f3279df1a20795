#include "services/gateway/methods/method_directory.h"

#include <google/protobuf/descriptor_database.h>
#include <gtest/gtest.h>

#include <set>

#include "quartermaster/authority/v1/signing.pb.h"
#include "quartermaster/ledger/v1/id_token_redemption.pb.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

// Every service that is linked into this binary, public or not.
std::vector<const ServiceDescriptor*> AllOurServices() {
  PublicFiles();
  // Internal files are linked by naming them; a new one belongs here.
  authority::v1::SignBlockRequest::descriptor();
  ledger::v1::RedeemIdTokenRequest::descriptor();
  std::vector<std::string> files;
  DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::vector<const ServiceDescriptor*> services;
  for (const std::string& name : files) {
    if (name.rfind("quartermaster/", 0) != 0) continue;
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

TEST(MethodAccessTest, EveryMethodOfEveryServiceHasARow) {
  int methods = 0;
  for (const ServiceDescriptor* service : AllOurServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = service->full_name() + "/" + service->method(i)->name();
      EXPECT_TRUE(RolesOf(name).has_value()) << name << " has no row in method_access.cc";
      ++methods;
    }
  }
  EXPECT_GE(methods, 27);
}

TEST(MethodAccessTest, EveryRowNamesAMethodThatExists) {
  std::set<std::string> known;
  for (const ServiceDescriptor* service : AllOurServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      known.insert(service->full_name() + "/" + service->method(i)->name());
    }
  }
  for (const MethodAccess& row : MethodAccessTable()) {
    if (row.method.starts_with("grpc.")) continue;
    EXPECT_TRUE(known.contains(std::string(row.method))) << row.method;
  }
}

TEST(MethodAccessTest, AdministratorsMayCallEverythingThatIsPublic) {
  for (const MethodAccess& row : MethodAccessTable()) {
    if (row.roles != kInternal) {
      EXPECT_TRUE(Allows(row.roles, Role::kAdministrator)) << row.method;
    }
  }
}

TEST(MethodAccessTest, DevicesMayReportFetchGetTrustAndAuthorizationAndNothingElse) {
  std::set<std::string_view> methods;
  for (const MethodAccess& row : MethodAccessTable()) {
    if (Allows(row.roles, Role::kDevice)) methods.insert(row.method);
  }
  EXPECT_EQ(methods, (std::set<std::string_view>{
                         "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                         "quartermaster.authority.v1.AcknowledgementService/GetAcknowledgement",
                         "quartermaster.authority.v1.AcknowledgementService/GetAuthorityCertificates",
                         "quartermaster.authority.v1.AcknowledgementService/PollAcknowledgements",
                         "quartermaster.authority.v1.TrustCodeService/EstablishFactoryTrust",
                         "quartermaster.authority.v1.TrustCodeService/EstablishTrust",
                         "quartermaster.authority.v1.TrustCodeService/GetRevocationList",
                         "quartermaster.authority.v1.TrustCodeService/RenewTrust",
                         "quartermaster.ingest.v1.UsageService/SubmitReports",
                         "quartermaster.ledger.v1.AuthorizationService/ConfirmAuthorization",
                         "quartermaster.ledger.v1.AuthorizationService/RequestAuthorization",
                         "quartermaster.ledger.v1.AuthorizationService/ReturnAuthorization"}));
}

TEST(MethodAccessTest, AMethodWithoutARowIsDenied) {
  EXPECT_FALSE(RolesOf("quartermaster.ingest.v1.UsageService/Nothing").has_value());
  EXPECT_FALSE(RolesOf("").has_value());
}

TEST(MethodDirectoryTest, MethodsAreFoundByTheirPathWithTheirOwner) {
  const MethodDirectory directory(PublicFiles());
  const Method* submit = directory.FindByPath("/quartermaster.ingest.v1.UsageService/SubmitReports");
  ASSERT_NE(submit, nullptr);
  EXPECT_EQ(submit->owner, "ingest");
  EXPECT_TRUE(submit->unary);
  const Method* import = directory.FindByPath("/quartermaster.ingest.v1.UsageService/ImportUsage");
  ASSERT_NE(import, nullptr);
  EXPECT_FALSE(import->unary);
  EXPECT_EQ(directory.FindByPath("quartermaster.ingest.v1.UsageService/SubmitReports"), nullptr);
  EXPECT_EQ(directory.FindByPath("/quartermaster.ingest.v1.UsageService/Nothing"), nullptr);
}

TEST(MethodDirectoryTest, EveryPublicMethodIsInTheDirectoryAndNoInternalOneIs) {
  const MethodDirectory directory(PublicFiles());
  for (const MethodAccess& row : MethodAccessTable()) {
    if (row.method.starts_with("grpc.")) continue;
    const Method* method = directory.FindByPath("/" + std::string(row.method));
    EXPECT_EQ(method != nullptr, row.roles != kInternal) << row.method;
  }
  EXPECT_EQ(directory.owners(), (std::vector<std::string>{"ingest", "ledger", "authority", "gateway"}));
}

}  // namespace
}  // namespace quartermaster::gateway
