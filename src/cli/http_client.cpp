#include "cli/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.h"

namespace meterhouse::cli {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 << 20;
constexpr long kConnectTimeoutS = 10;
constexpr long kAnswerTimeoutS = 120;
constexpr auto kPatience = std::chrono::seconds{60};
constexpr long kLongestPauseS = 10;
// Waited before the first repetition on a new connection; twice as long before each that follows.
constexpr auto kFirstPause = std::chrono::milliseconds{250};
constexpr int kMaxRepetitions = 5;

size_t take_body(char* bytes, size_t size, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kMaxAnswerBytes) return 0;  // ends the transfer with an error
  body.append(bytes, size * count);
  return size * count;
}

bool is_broken_connection(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return true;
    default:
      return false;
  }
}

bool is_address(std::string_view base) {
  constexpr std::string_view kScheme = "http://";
  if (!base.starts_with(kScheme)) return false;
  const auto host = base.substr(kScheme.size());
  return !host.empty() && host.find_first_of("/?# \t@") == std::string_view::npos;
}

}  // namespace

struct HttpClient::Connection {
  struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> headers;
  char message[CURL_ERROR_SIZE] = {};
  bool broken = false;  // the last request ended so
};

HttpClient::HttpClient(std::string base) : base_(std::move(base)), connection_(std::make_unique<Connection>()) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  MH_CHECK(started == CURLE_OK);
  connection_->easy.reset(curl_easy_init());
  MH_CHECK(connection_->easy != nullptr);
  CURL* easy = connection_->easy.get();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, connection_->message);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, kAnswerTimeoutS);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "meterhouse");
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpClient> HttpClient::for_server(std::string_view base) {
  while (base.ends_with('/')) base.remove_suffix(1);
  if (base.starts_with("https://"))
    return Error{Errc::invalid_argument, fmt::format("`{}`: this release has no TLS; http:// only", base)};
  if (!is_address(base))
    return Error{Errc::invalid_argument,
                 fmt::format("`{}` is no server address; for instance http://127.0.0.1:8050", base)};
  return HttpClient{std::string{base}};
}

Result<HttpAnswer> HttpClient::get(const std::string& target) {
  CURL* easy = connection_->easy.get();
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, (base_ + target).c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  return perform_patiently(Broken::fail);
}

Result<HttpAnswer> HttpClient::post(const std::string& target, const std::string& content_type, std::string_view body,
                                    Broken broken) {
  CURL* easy = connection_->easy.get();
  auto* headers = curl_slist_append(nullptr, ("Content-Type: " + content_type).c_str());
  connection_->headers.reset(curl_slist_append(headers, "Expect:"));  // no round trip to ask whether the body may come
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, (base_ + target).c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, connection_->headers.get());
  return perform_patiently(broken);
}

Result<HttpAnswer> HttpClient::perform_patiently(Broken broken) {
  int repetitions = 0;
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto answer = perform_once();
    if (broken == Broken::send_again && connection_->broken && repetitions < kMaxRepetitions) {
      std::this_thread::sleep_for(kFirstPause * (1 << repetitions++));
      continue;
    }
    const bool busy = answer && (answer->status == 429 || answer->status == 503);
    if (!busy || std::chrono::steady_clock::now() >= give_up) return answer;
    curl_off_t wait = 0;
    curl_easy_getinfo(connection_->easy.get(), CURLINFO_RETRY_AFTER, &wait);
    std::this_thread::sleep_for(std::chrono::seconds{std::clamp<curl_off_t>(wait, 1, kLongestPauseS)});
  }
}

Result<HttpAnswer> HttpClient::perform_once() {
  CURL* easy = connection_->easy.get();
  HttpAnswer answer;
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
  connection_->message[0] = '\0';
  const CURLcode code = curl_easy_perform(easy);
  connection_->broken = is_broken_connection(code);
  if (code != CURLE_OK) {
    const bool nobody = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    const char* text = connection_->message[0] != '\0' ? connection_->message : curl_easy_strerror(code);
    return Error{nobody ? Errc::unavailable : Errc::io, fmt::format("{}: {}", base_, text)};
  }
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view{"-._~"}.find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace meterhouse::cli
