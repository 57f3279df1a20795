// A blocking HTTPS client for tests, which can also send what no proper client would.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TESTING_HTTPS_CLIENT_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TESTING_HTTPS_CLIENT_H_

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <string_view>

namespace quartermaster::gateway {

class HttpsClient {
 public:
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  // Connects and shakes hands; good() says whether that went well.
  HttpsClient(int port, const std::string& ca_pem,
              boost::asio::ssl::context::method method = boost::asio::ssl::context::tls_client)
      : context_(method), stream_(io_, context_) {
    boost::system::error_code error;
    context_.add_certificate_authority(boost::asio::buffer(ca_pem), error);
    stream_.set_verify_mode(boost::asio::ssl::verify_peer, error);
    stream_.set_verify_callback(boost::asio::ssl::host_name_verification("127.0.0.1"), error);
    stream_.next_layer().connect(
        {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)}, error);
    if (!error) {
      const timeval patience{10, 0};
      setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      stream_.handshake(boost::asio::ssl::stream_base::client, error);
    }
    good_ = !error;
  }

  bool good() const { return good_; }

  // False when the connection is over.
  bool Send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(stream_, boost::asio::buffer(bytes), error);
    return !error;
  }

  // Code 0 when there is none.
  Response Read() {
    boost::beast::http::response_parser<boost::beast::http::string_body> parser;
    parser.body_limit(1 << 30);
    boost::system::error_code error;
    boost::beast::http::read(stream_, buffer_, parser, error);
    Response response = parser.release();
    if (error) response.result(0u);
    return response;
  }

  // Of an answer without body.
  boost::beast::http::response<boost::beast::http::empty_body> ReadHeader() {
    boost::beast::http::response_parser<boost::beast::http::empty_body> parser;
    boost::system::error_code error;
    boost::beast::http::read_header(stream_, buffer_, parser, error);
    auto response = parser.release();
    if (error) response.result(0u);
    return response;
  }

  // A header alone, for "100 Continue" and for answers in pieces.
  int ReadHeaderCode() {
    boost::beast::http::response_parser<boost::beast::http::empty_body> parser;
    boost::system::error_code error;
    boost::beast::http::read_header(stream_, buffer_, parser, error);
    return error ? 0 : parser.get().result_int();
  }

  // Whether the server closes within ten seconds, whatever it says before.
  bool IsClosed() {
    boost::system::error_code error;
    char byte[512];
    while (!error) stream_.read_some(boost::asio::buffer(byte), error);
    return error != boost::asio::error::would_block && error != boost::asio::error::try_again;
  }

  void Close() {
    boost::system::error_code error;
    stream_.next_layer().close(error);
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ssl::context context_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
  bool good_ = false;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TESTING_HTTPS_CLIENT_H_
