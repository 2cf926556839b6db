#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "http/edge_policy.h"
#include "http/message.h"

namespace meterhouse {

// Where the header block at the start of `data` ends (one past its empty line), searching from `searched`; 0: not yet.
// Lines may end in a bare LF here, so that the parser gets to see and refuse them at once.
std::size_t header_end(std::string_view data, std::size_t searched);

// One request on the wire, read by Beast: first its header block whole, then the body piece by piece. Trailers are
// dropped. Beast's parser owns the framing; what it lets pass and we do not is edge_policy.h.
class RequestParser final : private boost::beast::http::basic_parser<true> {
 public:
  // `request` is cleared and filled; it must outlive the parser.
  explicit RequestParser(Request& request);

  // A whole header block, as header_end() found it. nullopt: the request may go on.
  std::optional<Refusal> parse_header(std::string_view block, const EdgeRules& rules);

  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  bool body_done() const { return is_done(); }

  struct Piece {
    std::string_view body;  // into the bytes that were given; may be empty where there was only framing
    std::size_t consumed = 0;
    bool need_more = false;  // what was not consumed is the beginning of something; call again with more behind it
  };
  // What comes next in `bytes` (not empty), at most one piece of body. Not after body_done().
  OrRefusal<Piece> parse_body(std::string_view bytes);

 private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;
  using Field = boost::beast::http::field;
  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, ErrorCode&) override;
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_field_impl(Field, Text name, Text value, ErrorCode&) override;
  void on_header_impl(ErrorCode&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override;
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, ErrorCode&) override;
  void on_finish_impl(ErrorCode&) override {}

  Request& request_;
  std::string_view method_;
  std::string_view piece_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t overhead_bytes_ = 0;
  bool header_done_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

}  // namespace meterhouse
