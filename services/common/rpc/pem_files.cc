#include "services/common/rpc/pem_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "services/common/rpc/rpc_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::rpc {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return TlsFileUnreadable(path, strerror(errno));
  std::ostringstream text;
  text << file.rdbuf();
  if (text.view().find("-----BEGIN ") == std::string_view::npos) {
    return TlsFileUnreadable(path, "a file without a PEM block");
  }
  return text.str();
}

}  // namespace

absl::StatusOr<PemTexts> ReadPemFiles(const config::TlsFiles& files) {
  PemTexts texts;
  ASSIGN_OR_RETURN(texts.certificate, ReadPem(files.certificate_file));
  ASSIGN_OR_RETURN(texts.key, ReadPem(files.key_file));
  ASSIGN_OR_RETURN(texts.ca, ReadPem(files.ca_file));
  return texts;
}

}  // namespace quartermaster::rpc
