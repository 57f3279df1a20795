#include "services/gateway/tls/tls_context.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

// Forward secrecy and authenticated encryption only; TLS 1.3 has its own list, all good.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

absl::StatusOr<std::shared_ptr<SslContext>> MakeContext(const config::TlsFiles& files,
                                                        const std::string& certificate,
                                                        const std::string& key) {
  auto context = std::make_shared<SslContext>(SslContext::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_options(native,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Half of the memory of an idle connection is otherwise its read and write buffers.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  boost::system::error_code error;
  const auto failed = [&](const std::string& file) {
    return TlsFilesUnusable(absl::StrCat(file, ": ", error.message()));
  };
  if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(native, kTls12Ciphers) != 1) {
    return absl::InternalError("TLS: the library knows none of our ciphers");
  }
  context->use_certificate_chain(boost::asio::buffer(certificate), error);
  if (error) return failed(files.certificate_file);
  context->use_private_key(boost::asio::buffer(key), SslContext::pem, error);
  if (error) return failed(files.key_file);
  if (SSL_CTX_check_private_key(native) != 1) {
    return TlsFilesUnusable(
        absl::StrCat(files.key_file, ": is not the key of the certificate in ", files.certificate_file));
  }
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Open(config::TlsFiles files) {
  auto source = std::unique_ptr<TlsContext>(new TlsContext(std::move(files)));
  RETURN_IF_ERROR(source->Refresh());
  return source;
}

std::shared_ptr<SslContext> TlsContext::current() const {
  absl::MutexLock lock(&mutex_);
  return context_;
}

absl::Status TlsContext::Refresh() {
  ASSIGN_OR_RETURN(const std::string certificate, ReadWholeFile(files_.certificate_file));
  ASSIGN_OR_RETURN(const std::string key, ReadWholeFile(files_.key_file));
  const std::string content = absl::StrCat(certificate, "\n", key);
  {
    absl::MutexLock lock(&mutex_);
    if (content == content_) return absl::OkStatus();
    content_ = content;
  }
  ASSIGN_OR_RETURN(std::shared_ptr<SslContext> context, MakeContext(files_, certificate, key));
  absl::MutexLock lock(&mutex_);
  context_ = std::move(context);
  return absl::OkStatus();
}

}  // namespace quartermaster::gateway
