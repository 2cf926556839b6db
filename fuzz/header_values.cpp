// The values of the headers that are looked into: Content-Type, Accept-Encoding, If-None-Match, Host.
#include "base/check.h"
#include "formats/reading_rows.h"
#include "fuzz_target.h"
#include "http/edge_policy.h"
#include "http/request_query.h"
#include "http/static_files.h"

using namespace meterhouse;

namespace {

void check_content_type(std::string_view text) {
  const auto format = reading_format_of(text);
  MH_CHECK(reading_format_of(fmt::format(" {} ", text)) == format);
  if (text.find(';') == std::string_view::npos) MH_CHECK(reading_format_of(fmt::format("{}; a=b", text)) == format);
  Request request;
  request.headers.push_back({"Content-Type", text});
  (void)takes_json(request);
}

void check_answer(std::string_view text) {
  const EmbeddedFile file{"/assets/a.js", "plain", "packed", "\"tag\""};
  Request request;
  request.headers.push_back({"Accept-Encoding", text});
  const Response response = StaticFiles::answer(request, file);
  MH_CHECK(response.status == 200 && (response.content() == "plain" || response.content() == "packed"));
  request.headers.push_back({"If-None-Match", text});
  const Response known = StaticFiles::answer(request, file);
  MH_CHECK(known.status == 200 || (known.status == 304 && known.content().empty()));
}

void check_host(std::string_view text) {
  const auto name = host_name(text);
  if (!name) return;
  MH_CHECK(!name->empty() && text.starts_with(*name));
  MH_CHECK(host_name(*name) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check_content_type(text);
  check_answer(text);
  check_host(text);
  (void)guess_reading_format(text);
  return 0;
}
