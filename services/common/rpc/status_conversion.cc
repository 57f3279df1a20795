#include "services/common/rpc/status_conversion.h"

#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/common/errors/error.h"

namespace quartermaster::rpc {
namespace {

// An error travels in header frames, which peers bound to 8 KiB in all.
constexpr size_t kMessageBytesMax = 2000;

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// A protobuf string must be UTF-8, and a message may quote bytes that are not. Whoever cuts may
// also cut a character in half, so what is not ASCII is only kept when nothing was cut.
std::string WireMessage(absl::string_view message) {
  std::string text(message.substr(0, kMessageBytesMax));
  if (IsAscii(text)) return text;
  if (message.size() <= kMessageBytesMax &&
      google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()))) {
    return text;
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

struct Details {
  std::string id;
  bool retryable = false;
  absl::Duration delay;
};

// What our own ErrorInfo says; an empty id when there is none.
Details ReadDetails(const std::string& bytes) {
  Details details;
  google::rpc::Status status;
  if (bytes.empty() || !status.ParseFromString(bytes)) return details;
  for (const google::protobuf::Any& any : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info) && info.domain() == kErrorDomain) {
      details.id = info.reason();
    } else if (any.UnpackTo(&retry)) {
      details.retryable = true;
      details.delay =
          absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return details;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(WireMessage(status.message()));
  google::rpc::ErrorInfo info;
  info.set_reason(errors::ErrorId(status));
  info.set_domain(kErrorDomain);
  proto.add_details()->PackFrom(info);
  if (errors::IsRetryable(status)) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProto(errors::RetryDelay(status));
    proto.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), proto.message(),
                      proto.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const Details details = ReadDetails(status.error_details());
  if (details.id.empty()) return absl::Status(code, status.error_message());
  absl::Status result = errors::MakeForeignError(code, status.error_message(), details.id, details.retryable);
  if (details.delay > absl::ZeroDuration()) {
    result = errors::WithRetryDelay(std::move(result), details.delay);
  }
  return result;
}

}  // namespace quartermaster::rpc
