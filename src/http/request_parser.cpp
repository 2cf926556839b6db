#include "http/request_parser.h"

#include <boost/beast/http/error.hpp>

#include "http/request_target.h"

namespace meterhouse {

namespace {

namespace beast_http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Refusal header_refusal(const boost::beast::error_code& error) {
  if (error == beast_http::error::header_limit)
    return {431, fmt::format("the request header is longer than {} bytes", kMaxHeaderBytes)};
  return {400, fmt::format("the request header is not valid HTTP/1.1: {}", error.message())};
}

}  // namespace

std::size_t header_end(std::string_view data, std::size_t searched) {
  // An end may straddle the place searched so far: up to three of its bytes lie before it.
  std::size_t at = data.find('\n', searched < 3 ? 0 : searched - 3);
  while (at != std::string_view::npos) {
    const std::string_view rest = data.substr(at + 1, 2);
    if (rest.starts_with('\n')) return at + 2;
    if (rest == "\r\n") return at + 3;
    at = data.find('\n', at + 1);
  }
  return 0;
}

RequestParser::RequestParser(Request& request) : request_(request) {
  header_limit(static_cast<std::uint32_t>(kMaxHeaderBytes + 4));
  body_limit(boost::none);  // counted after decompression instead
  request_.headers.clear();
  request_.path_parameters.clear();
  request_.query_parameters.clear();
  request_.content_length.reset();
  request_.method = Method::other;
  request_.target = request_.path = request_.query = {};
}

std::optional<Refusal> RequestParser::parse_header(std::string_view block, const EdgeRules& rules) {
  ErrorCode error;
  put(boost::asio::const_buffer{block.data(), block.size()}, error);
  if (error) return header_refusal(error);
  if (!header_done_) return Refusal{400, "the request header is not complete"};

  const RequestHead head{block, method_, request_.target, request_.minor_version, &request_.headers};
  if (auto refused = check_head(head, rules)) return refused;

  const auto parts = split_target(request_.target);
  if (!parts) return parts.error();
  request_.path = parts->path;
  request_.query = parts->query;
  if (!request_.query.empty()) {
    auto parameters = parse_query(request_.query);
    if (!parameters) return parameters.error();
    request_.query_parameters = std::move(*parameters);
  }
  if (const auto length = content_length()) request_.content_length = *length;
  keep_alive_ = basic_parser::keep_alive();
  expects_continue_ = request_.minor_version == 1 && !request_.header("Expect").empty();
  return std::nullopt;
}

OrRefusal<RequestParser::Piece> RequestParser::parse_body(std::string_view bytes) {
  // Whatever is left of a chunked body, it has at least the five bytes of "0\r\n\r\n". Beast asserts that, too, but
  // only when it looks at an incomplete last chunk for the second time; so it never gets fewer.
  constexpr std::size_t kLastChunkBytes = 5;
  if (chunked() && bytes.size() < kLastChunkBytes) return Piece{{}, 0, true};

  piece_ = {};
  ErrorCode error;
  Piece piece;
  piece.consumed = put(boost::asio::const_buffer{bytes.data(), bytes.size()}, error);
  piece.body = piece_;
  piece.need_more = error == beast_http::error::need_more;
  if (error && !piece.need_more)
    return refusal(400, fmt::format("the request body is not valid HTTP/1.1: {}", error.message()));
  body_bytes_ += piece.body.size();
  overhead_bytes_ += piece.consumed - piece.body.size();
  // Framing that is still incomplete counts too: it may never end.
  const std::uint64_t waiting = piece.need_more ? bytes.size() - piece.consumed : 0;
  if (overhead_bytes_ + waiting > chunk_overhead_limit(body_bytes_))
    return refusal(400, "the chunked body carries too many bytes that are not body (extensions, trailers)");
  return piece;
}

void RequestParser::on_request_impl(beast_http::verb, Text method, Text target, int version, ErrorCode&) {
  method_ = view(method);
  request_.method = meterhouse::parse_method(method_);
  request_.target = view(target);
  request_.minor_version = version % 10;
}

void RequestParser::on_field_impl(Field, Text name, Text value, ErrorCode&) {
  if (header_done_) return;  // a trailer: it came too late for every check, so it does not exist
  request_.headers.push_back({view(name), view(value)});
}

std::size_t RequestParser::on_body_impl(Text body, ErrorCode&) {
  piece_ = view(body);
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) {
  piece_ = view(body);
  return body.size();
}

}  // namespace meterhouse
