// Which methods exist, who owns them and who may call them: built from the descriptors of the public
// protos and the table in domain/method_access. Nothing here is written per method.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_METHODS_METHOD_DIRECTORY_H_
#define QUARTERMASTER_SERVICES_GATEWAY_METHODS_METHOD_DIRECTORY_H_

#include <google/protobuf/descriptor.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/gateway/domain/method_access.h"

namespace quartermaster::gateway {

struct Method {
  // "quartermaster.ingest.v1.UsageService/SubmitReports".
  std::string name;
  // The same with a slash before it, as gRPC sends it.
  std::string path;
  // Name of the service process that owns it, for example "ingest".
  std::string owner;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  RoleSet roles = kInternal;
  // Neither side streams.
  bool unary = true;
  // Counts from 0 over all methods of the directory.
  int index = 0;
};

// A proto file whose services are reachable through the gateway, and the process that owns them.
struct PublicFile {
  std::string owner;
  const google::protobuf::FileDescriptor* file = nullptr;
};

// The files of this release.
std::vector<PublicFile> PublicFiles();

// Immutable; thread-safe.
class MethodDirectory {
 public:
  explicit MethodDirectory(const std::vector<PublicFile>& files);
  MethodDirectory(const MethodDirectory&) = delete;
  MethodDirectory& operator=(const MethodDirectory&) = delete;

  // Null for what is unknown, and for methods that no role may call.
  const Method* FindByPath(std::string_view path) const;
  const std::deque<Method>& methods() const { return methods_; }
  // Full names of the services with at least one reachable method, in the order of the files.
  const std::vector<std::string>& service_names() const { return service_names_; }
  // The processes that own them, each once.
  std::vector<std::string> owners() const;

 private:
  void AddFile(const PublicFile& file);

  std::deque<Method> methods_;
  std::unordered_map<std::string_view, const Method*> by_path_;
  std::vector<std::string> service_names_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_METHODS_METHOD_DIRECTORY_H_
