#include "http/connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <optional>

#include "http/gzip_body.h"
#include "http/input_buffer.h"
#include "http/request_parser.h"
#include "http/response_head.h"

namespace meterhouse {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kHeaderReadBytes = 4 * 1024;     // to begin with
constexpr std::size_t kBodyReadBytes = 256 * 1024;     // at most, while a body comes in
constexpr std::size_t kJoinedBodyBytes = 16 * 1024;    // a body up to this is sent in one piece with its head
constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;  // read at most after a refusal

class Connection final : private LaneMember, private BodyReader {
 public:
  Connection(Lane& lane, Socket socket) : lane_(lane), socket_(std::move(socket)) { lane_.enter(*this); }
  ~Connection() override { lane_.leave(*this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<void> run();

 private:
  enum class Header { complete, refused, closed };
  Task<Header> receive_header();
  Task<bool> wait_for_request();         // false: none came
  Task<bool> answer(Response response);  // false: the connection ends
  bool may_hold(const Response& response, BudgetShare& share);
  Task<bool> send_pieces(BodySource& source, bool chunked);
  Task<void> linger();
  void begin_body();
  bool finish_buffered_body();

  Task<OrRefusal<std::string_view>> next() override;
  Task<OrRefusal<std::string_view>> next_raw();
  Task<OrRefusal<std::string_view>> next_inflated();
  bool ended() const override { return parser_->body_done() && !inflater_; }
  void set_limit(std::uint64_t bytes) override { body_limit_ = bytes; }
  Task<OrRefusal<void>> receive_body_bytes();

  Task<bool> read_more(InputBuffer& buffer, std::size_t count, std::size_t capacity, SteadyTime until);
  Task<bool> write_all(std::string_view first, std::string_view second);

  void look() override;
  void expire() override;
  void request_stop() override;
  void close_now() override;
  void wait_until(SteadyTime until) { deadline = until; }
  void waited() { deadline = SteadyTime::max(); }

  Lane& lane_;
  Socket socket_;
  InputBuffer input_;  // header blocks; a body's bytes only as far as they came with its header
  InputBuffer body_;   // the rest of a body, so that the header's bytes stay where they are
  std::string out_;
  BodySource* source_ = nullptr;  // of the answer being sent
  Request request_;
  std::optional<RequestParser> parser_;
  std::optional<Inflater> inflater_;
  std::optional<Refusal> refused_;
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_bytes_ = 0;     // decoded
  std::uint64_t body_received_ = 0;  // off the wire
  SteadyTime::duration body_waited_{};
  std::uint64_t answer_sent_ = 0;  // bytes that the client's side has taken
  SteadyTime::duration answer_waited_{};
  bool body_in_own_buffer_ = false;
  bool continue_due_ = false;
  bool idle_ = false;
  bool expired_ = false;
};

Task<void> Connection::run() {
  for (;;) {
    const Header header = co_await receive_header();
    if (header == Header::closed) co_return;
    if (header == Header::refused) {
      ++lane_.counters().refused;
      Response response = lane_.application().refuse(request_.path, *refused_);
      co_await answer(std::move(response));
      co_await linger();
      co_return;
    }
    begin_body();
    Response response = co_await lane_.application().handle(request_, *this);
    if (!co_await answer(std::move(response))) {
      if (refused_ || !parser_->body_done()) co_await linger();
      co_return;
    }
  }
}

// ---- the header

Task<Connection::Header> Connection::receive_header() {
  if (!body_.empty()) input_.append(body_.data());
  body_.consume(body_.size());
  body_.release();
  refused_.reset();
  parser_.emplace(request_);
  const auto refuse = [this](Refusal refusal) {
    refused_ = std::move(refusal);
    return Header::refused;
  };

  std::size_t searched = 0;
  SteadyTime header_deadline = SteadyTime::max();
  bool empty_line_seen = false;
  for (;;) {
    // One empty line before a request is allowed (RFC 9112, 2.2).
    if (!empty_line_seen && input_.data().starts_with("\r\n")) {
      input_.consume(2);
      empty_line_seen = true;
    }
    const std::size_t end = header_end(input_.data(), searched);
    if (end > kMaxHeaderBytes || (end == 0 && input_.size() > kMaxHeaderBytes))
      co_return refuse({431, fmt::format("the request header is longer than {} bytes", kMaxHeaderBytes)});
    if (end > 0) {
      const std::string_view block = input_.data().substr(0, end);
      input_.consume(end);
      refused_ = parser_->parse_header(block, lane_.options().edge);
      co_return refused_ ? Header::refused : Header::complete;
    }
    searched = input_.size();
    idle_ = input_.empty();
    if (idle_ && (lane_.stopping() || !co_await wait_for_request())) co_return Header::closed;
    idle_ = false;
    if (header_deadline == SteadyTime::max()) header_deadline = lane_.now() + lane_.options().header_deadline;
    if (co_await read_more(input_, 1, kHeaderReadBytes, header_deadline)) continue;
    if (!expired_) co_return Header::closed;
    co_return refuse({408, "the request header took too long"});
  }
}

// Without buffers: of the thousands of connections that are open most are idle.
Task<bool> Connection::wait_for_request() {
  input_.release();
  out_ = {};
  inflater_.reset();
  ErrorCode error;
  expired_ = false;
  wait_until(lane_.now() + lane_.options().idle_deadline);
  co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(kAwait, error));
  waited();
  co_return !error;
}

// ---- the body

void Connection::begin_body() {
  body_limit_ = std::uint64_t{8} << 20;
  body_bytes_ = 0;
  body_received_ = input_.size();
  body_waited_ = {};
  body_in_own_buffer_ = false;
  continue_due_ = parser_->expects_continue() && !parser_->body_done();
  inflater_.reset();
  if (parser_->body_done()) return;
  const std::string_view encoding = request_.header("Content-Encoding");
  if (equal_ignoring_case(encoding, "gzip") || equal_ignoring_case(encoding, "x-gzip")) {
    inflater_.emplace();
  } else if (!encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
    refused_ = Refusal{415, "the only Content-Encoding taken here is gzip"};
  }
}

Task<OrRefusal<std::string_view>> Connection::next() {
  if (!refused_ && !inflater_ && request_.content_length.value_or(0) > body_limit_)
    refused_ = Refusal{413, fmt::format("the body is longer than {} bytes", body_limit_)};
  if (refused_) co_return tl::make_unexpected(*refused_);
  OrRefusal<std::string_view> piece;  // (GCC 12 destroys the result of a co_await inside ?: twice)
  if (inflater_) {
    piece = co_await next_inflated();
  } else {
    piece = co_await next_raw();
  }
  if (piece) {
    body_bytes_ += piece->size();
    if (body_bytes_ > body_limit_)
      piece = refusal(413,
                      fmt::format("the body is longer than {} bytes{}", body_limit_, inflater_ ? " decompressed" : ""));
  }
  if (!piece) refused_ = piece.error();
  co_return piece;
}

Task<OrRefusal<std::string_view>> Connection::next_raw() {
  while (!parser_->body_done()) {
    InputBuffer& source = body_in_own_buffer_ ? body_ : input_;
    if (!source.empty()) {
      const auto piece = parser_->parse_body(source.data());
      if (!piece) co_return tl::make_unexpected(piece.error());
      source.consume(piece->consumed);
      if (!piece->body.empty()) co_return piece->body;
      if (!piece->need_more) continue;
    }
    if (const auto received = co_await receive_body_bytes(); !received) co_return tl::make_unexpected(received.error());
  }
  co_return std::string_view{};
}

Task<OrRefusal<std::string_view>> Connection::next_inflated() {
  for (;;) {
    const auto piece = inflater_->inflate();
    if (!piece || !piece->empty()) co_return piece;
    const auto raw = co_await next_raw();
    if (!raw) co_return raw;
    if (raw->empty()) {
      const auto whole = inflater_->finish();
      if (!whole) co_return tl::make_unexpected(whole.error());
      co_return std::string_view{};
    }
    if (body_received_ > body_limit_)
      co_return refusal(413, fmt::format("the body is longer than {} bytes", body_limit_));
    inflater_->feed(*raw);
  }
}

Task<OrRefusal<void>> Connection::receive_body_bytes() {
  if (std::exchange(continue_due_, false) && input_.empty()) {
    if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return refusal(400, "the connection was cut");
  }
  if (!std::exchange(body_in_own_buffer_, true)) {
    body_.append(input_.data());
    input_.consume(input_.size());
  }
  std::size_t capacity = kBodyReadBytes;
  if (request_.content_length && *request_.content_length < capacity)
    capacity = static_cast<std::size_t>(*request_.content_length);
  const auto& options = lane_.options();
  const std::chrono::milliseconds earned{body_received_ * 1000 / options.body_bytes_per_second};
  const SteadyTime start = lane_.now();
  const std::size_t before = body_.size();
  const bool received = co_await read_more(body_, 1, capacity, start + options.body_grace + earned - body_waited_);
  body_waited_ += lane_.now() - start;
  body_received_ += body_.size() - before;
  if (received) co_return OrRefusal<void>{};
  if (expired_) co_return refusal(408, "the body came too slowly");
  co_return refusal(400, "the body was cut short");
}

// What of an unread body has come in already is read over; false: some of it is still to come.
bool Connection::finish_buffered_body() {
  while (!parser_->body_done()) {
    InputBuffer& source = body_in_own_buffer_ ? body_ : input_;
    if (source.empty()) return false;
    const auto piece = parser_->parse_body(source.data());
    if (!piece || piece->need_more) return false;
    source.consume(piece->consumed);
  }
  return true;
}

// ---- the answer

// Counted are the bytes allocated, which a body that grew may have twice.
bool Connection::may_hold(const Response& response, BudgetShare& share) {
  return response.body.size() <= kJoinedBodyBytes || share.grow(response.body.capacity());
}

Task<bool> Connection::answer(Response response) {
  BudgetShare held{lane_.held_answers()};
  if (!may_hold(response, held)) {
    ++lane_.counters().answers_refused;
    response = lane_.application().refuse(request_.path, {503, "too many answers are waiting for their clients"});
  }
  answer_sent_ = 0;
  answer_waited_ = {};
  ResponseFraming framing;
  framing.date = lane_.date();
  framing.minor_version = request_.minor_version;
  framing.keep_alive = !refused_ && parser_->keep_alive() && !lane_.stopping() && finish_buffered_body();
  framing.chunked = response.source != nullptr && request_.minor_version > 0;
  if (response.source != nullptr && !framing.chunked) framing.keep_alive = false;
  out_.clear();
  append_response_head(out_, response, framing);
  std::string_view content = request_.method == Method::head ? std::string_view{} : response.content();
  if (content.size() <= kJoinedBodyBytes) {
    out_.append(content);
    content = {};
  }
  if (!co_await write_all(out_, content)) co_return false;
  if (response.source != nullptr && request_.method != Method::head) {
    source_ = response.source.get();
    if (lane_.stopping()) source_->stop();
    const bool sent = co_await send_pieces(*source_, framing.chunked);
    source_ = nullptr;
    if (!sent) co_return false;
  }
  co_return framing.keep_alive && !lane_.stopping();
}

Task<bool> Connection::send_pieces(BodySource& source, bool chunked) {
  for (;;) {
    const auto piece = co_await source.next();
    if (!piece) {
      lane_.application().note_cut(fmt::format("{} was cut short: {}", request_.path, piece.error().message));
      co_return false;
    }
    if (piece->empty()) break;
    if (chunked) {
      out_ = fmt::format("{:x}\r\n", piece->size());
      out_.append(*piece).append("\r\n");
    }
    if (!co_await write_all(chunked ? std::string_view{out_} : std::string_view{*piece}, {})) co_return false;
  }
  if (!chunked) co_return true;
  const bool ended = co_await write_all("0\r\n\r\n", {});
  co_return ended;
}

// After an answer to a request that was not read to its end: closing at once would reset the connection and the client
// might lose the answer. So: nothing more from us, and what still comes in is thrown away for a while.
Task<void> Connection::linger() {
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  const SteadyTime until = lane_.now() + lane_.options().linger;
  InputBuffer discarded;
  for (std::size_t total = 0; total < kLingerBytes; total += discarded.size(), discarded.consume(discarded.size()))
    if (!co_await read_more(discarded, 1, std::size_t{64} * 1024, until)) co_return;
}

// ---- the socket

Task<bool> Connection::read_more(InputBuffer& buffer, std::size_t count, std::size_t capacity, SteadyTime until) {
  const auto room = buffer.prepare(count, capacity);
  ErrorCode error;
  expired_ = false;
  wait_until(until);
  const std::size_t received =
      co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), asio::redirect_error(kAwait, error));
  waited();
  buffer.commit(received);
  co_return !error && received > 0;
}

// Tried at once, which nearly always sends it all; waits only where the client's window is full: for a byte no longer
// than write_deadline, and in all no longer than that and what the bytes it took have earned it.
Task<bool> Connection::write_all(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first.data(), first.size()),
                                                    asio::buffer(second.data(), second.size())};
    ErrorCode error;
    std::size_t sent = second.empty() ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      const auto& options = lane_.options();
      const std::chrono::milliseconds earned{answer_sent_ * 1000 / options.answer_bytes_per_second};
      const SteadyTime start = lane_.now();
      expired_ = false;
      wait_until(start + options.write_deadline + std::min<SteadyTime::duration>(earned - answer_waited_, {}));
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(kAwait, error));
      waited();
      answer_waited_ += lane_.now() - start;
      if (error) co_return false;
      continue;
    }
    if (error) co_return false;
    answer_sent_ += sent;
    const std::size_t of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
  }
  co_return true;
}

// An endless answer to a client that has closed its side ends: with nothing to send no write would ever fail.
void Connection::look() {
  if (source_ == nullptr || !source_->is_endless()) return;
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool nothing_yet = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (count <= 0 && !nothing_yet) source_->stop();
}

void Connection::expire() {
  ++lane_.counters().timeouts;
  expired_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::request_stop() {
  if (source_ != nullptr) source_->stop();
  if (!idle_) return;  // the request in flight sees lane_.stopping() when it answers
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::close_now() {
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace

Task<void> serve_connection(Lane& lane, Socket socket) {
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  Connection connection{lane, std::move(socket)};
  co_await connection.run();
}

}  // namespace meterhouse
