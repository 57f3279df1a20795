// The PEM files of one side of a TLS connection.
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_TLS_FILES_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_TLS_FILES_H_

#include <string>

namespace quartermaster::config {

// Paths; empty = not set.
struct TlsFiles {
  std::string certificate_file{};
  std::string key_file{};
  std::string ca_file{};  // of the peers; empty where none is needed

  bool is_set() const { return !certificate_file.empty(); }
};

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_TLS_FILES_H_
