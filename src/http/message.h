#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/budget.h"
#include "http/task.h"

namespace meterhouse {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };
std::string_view to_string(Method method);  // "GET", …; "" for other
Method parse_method(std::string_view text);

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

struct Parameter {
  std::string name;
  std::string value;
};

// Why a request is turned away before or instead of its use case: a status and a sentence for the one who sent it.
struct Refusal {
  int status = 400;
  std::string detail;
};

template <class T>
using OrRefusal = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refusal(int status, std::string detail) {
  return tl::make_unexpected(Refusal{status, std::move(detail)});
}

// One request's head. The views point into the connection's buffer and live until its handler has answered.
struct Request {
  Method method = Method::other;
  std::string_view target;  // as it was sent
  std::string_view path;    // without scheme, host and query; still percent-encoded
  std::string_view query;   // behind the '?'
  int minor_version = 1;    // of HTTP/1.x
  std::vector<HeaderField> headers;
  std::vector<Parameter> path_parameters;   // filled by the router, decoded
  std::vector<Parameter> query_parameters;  // decoded, in their order
  std::optional<std::uint64_t> content_length;

  // The value of the first header of that name (compared without case); empty where there is none.
  std::string_view header(std::string_view name) const;
  // A parameter of the path; empty where the route has none of that name.
  std::string_view path_parameter(std::string_view name) const;
  // The first parameter of the query of that name; nullopt where there is none.
  std::optional<std::string_view> query_parameter(std::string_view name) const;
};

// A body that is made while it is sent: of any length, in little memory.
//   threads  the connection's I/O thread
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next bytes; empty: that was all. An error cuts the connection, so that nobody takes a part for the whole.
  virtual Task<Result<std::string>> next() = 0;
  // The server is stopping: a body that has no end of its own ends now; where next() is waiting it returns. After it
  // next() may still be called.
  virtual void stop() {}
  // Whether it goes on until somebody stops it. Such a one is stopped, too, when the client is gone, which nothing else
  // would tell while there is nothing to send.
  virtual bool is_endless() const { return false; }
};

struct Response {
  int status = 200;
  std::string_view content_type;  // empty: no Content-Type
  std::string body;
  std::string_view constant_body;      // instead of `body`: bytes that live as long as the program
  std::shared_ptr<BodySource> source;  // instead of both; shared because answers are copied (an idempotency key's)
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string reason;  // of an error, in words, for the event log; not sent

  std::string_view content() const { return constant_body.empty() ? std::string_view{body} : constant_body; }
};

inline constexpr std::string_view kJson = "application/json";

Response json_response(int status, std::string body);

// The request's body as it comes in: plain, chunked or gzip; always the decoded bytes.
//   threads  the connection's I/O thread
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // The next bytes, valid until the next call; empty at the end of the body.
  //   refusals  400 broken framing, broken gzip or a body that was cut; 408 too slow; 413 over the limit; 415 a
  //             Content-Encoding this program does not know. After one every further call answers the same.
  virtual Task<OrRefusal<std::string_view>> next() = 0;

  // Whether the last piece next() gave was the end of the body, so that asking again would give nothing and change
  // nothing.
  virtual bool ended() const = 0;

  // Decoded bytes a body may have at most; past it next() refuses with 413. Set before the first next().
  virtual void set_limit(std::uint64_t bytes) = 0;
};

// The whole body; a body that came in one piece is not copied. Valid as long as `storage` and until the next call of
// next().
//   refusals  those of next(); 503: `share` has no room for what must be copied
Task<OrRefusal<std::string_view>> read_whole(BodyReader& body, std::string& storage, BudgetShare& share);

// What answers requests. Called on the I/O threads, many at a time: must not block.
class Application {
 public:
  virtual ~Application() = default;
  // request and body live until the returned task is done.
  virtual Task<Response> handle(Request& request, BodyReader& body) = 0;
  // The answer to a request that was refused before it had a handler. `path` may be empty.
  virtual Response refuse(std::string_view path, const Refusal& refusal) const = 0;
  // An internal error that no answer tells: the connection was cut.
  virtual void note_cut(const std::string& what) { (void)what; }
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace meterhouse
