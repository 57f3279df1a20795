// The TLS context of the REST listener. New connections get the newest files; open ones keep theirs.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TLS_TLS_CONTEXT_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TLS_TLS_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/common/config/tls_files.h"

namespace quartermaster::gateway {

using SslContext = boost::asio::ssl::context;

// Thread-safe.
class TlsContext {
 public:
  // `gateway.tls_files_unusable` when certificate and key cannot be read or do not match.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Open(config::TlsFiles files);

  std::shared_ptr<SslContext> current() const;

  // Reads the files again and uses them if they changed. Files that cannot be used change nothing;
  // the error says why, once per content.
  absl::Status Refresh();

 private:
  explicit TlsContext(config::TlsFiles files) : files_(std::move(files)) {}

  const config::TlsFiles files_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<SslContext> context_ ABSL_GUARDED_BY(mutex_);
  // What was read last, whether it could be used or not.
  std::string content_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TLS_TLS_CONTEXT_H_
