// POST …/usage:import: a file of any size goes in as it arrives, and what becomes of it comes back as
// lines of JSON while it does. Nothing is kept: a slow service slows the client down, and the other
// way round.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_FILE_STREAM_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_FILE_STREAM_H_

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/gateway/domain/caller.h"
#include "services/gateway/rest/asio.h"
#include "services/gateway/rest/http_exchange.h"
#include "services/gateway/rest/request_message.h"
#include "services/gateway/rest/rest_surroundings.h"
#include "services/gateway/upstream/bidi_call.h"

namespace quartermaster::gateway {

// Belongs to the connection's executor, on which both of its directions run.
class FileStream {
 public:
  FileStream(const RestSurroundings& around, HttpExchange& http, const Method& method, const Caller& caller,
             std::string_view request_id);

  // The whole exchange, answers and errors included. Query parameters are the fields of
  // ImportUsageRequest.Start, beside size_bytes. Answers how it ended, for the journal.
  Awaitable<absl::Status> Run(const QueryParameters& query,
                              const std::function<void(std::function<void()>)>& on_cancellable);

  // Whether another request may follow on the connection.
  bool connection_usable() const { return connection_usable_; }

 private:
  Awaitable<absl::Status> SendStart(const QueryParameters& query);
  // Client to service, on a coroutine of its own.
  Awaitable<void> Upload();
  // Service to client, until the service has no more.
  Awaitable<void> Download();
  Awaitable<bool> WriteLine(std::string json);
  Awaitable<void> EndWith(const absl::Status& status);
  // Gives the client a moment to stop sending, then cuts it.
  Awaitable<void> WaitForUpload();
  Awaitable<bool> Send(const ingest::v1::ImportUsageRequest& request);

  const RestSurroundings& around_;
  HttpExchange& http_;
  const Method& method_;
  const Caller& caller_;
  const std::string_view request_id_;

  std::shared_ptr<BidiCall> call_;
  // Why the client's side broke off; OK while it did not.
  absl::Status upload_status_;
  bool uploading_ = false;
  // What the client still sends is read and forgotten.
  bool service_over_ = false;
  bool answer_started_ = false;
  bool client_gone_ = false;
  bool connection_usable_ = false;
  // Wakes WaitForUpload when Upload is over.
  std::unique_ptr<asio::steady_timer> upload_over_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_FILE_STREAM_H_
