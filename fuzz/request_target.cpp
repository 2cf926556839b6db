// The target of a request line: its parts lie within it, its parameters are the same however they are escaped, and what
// they are taken for keeps its bounds.
#include "http/request_target.h"

#include "base/check.h"
#include "fuzz_target.h"
#include "http/request_query.h"

using namespace meterhouse;

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return out;
}

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_use(const Request& request) {
  static const SiteCalendar calendar = SiteCalendar::of("Europe/London").value();
  (void)check_parameters(request, {"from", "to", "limit", "channel"});
  (void)channel_of(request);
  if (const auto meter = meter_of(request)) MH_CHECK(meter->text() == request.path_parameter("meter_id"));
  if (const auto limit = limit_of(request, 50, 100)) MH_CHECK(*limit >= 1 && *limit <= 100);
  for (const char* name : {"from", "to"})
    if (const auto instant = instant_of(request, name, calendar); instant && *instant)
      MH_CHECK(**instant >= kFirstInstant && **instant <= kLastInstant);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target = text_of(data, size);
  const auto parts = split_target(target);
  if (!parts) {
    MH_CHECK(parts.error().status == 400);
    return 0;
  }
  MH_CHECK(!parts->path.empty() && parts->path.find('?') == std::string_view::npos);
  MH_CHECK(parts->path == "/" || lies_within(parts->path, target));
  MH_CHECK(lies_within(parts->authority, target) && lies_within(parts->query, target));

  Request request;
  if (auto decoded = percent_decode(parts->path, false)) {
    MH_CHECK(decoded->size() <= parts->path.size());
    const auto again = percent_decode(escaped(*decoded), false);
    MH_CHECK((again && *again == *decoded) || decoded->find('\0') != std::string::npos);
    request.path_parameters.push_back({"meter_id", std::move(*decoded)});
  }
  auto parameters = parse_query(parts->query);
  if (!parameters) return 0;
  MH_CHECK(parameters->size() <= kMaxQueryParameters);
  std::string again;
  bool holds_nul = false;  // sent as it is; escaped it would be refused
  for (const Parameter& parameter : *parameters) {
    again += fmt::format("{}={}&", escaped(parameter.name), escaped(parameter.value));
    holds_nul |= (parameter.name + parameter.value).find('\0') != std::string::npos;
  }
  const auto same = parse_query(again);
  MH_CHECK(holds_nul || (same && same->size() == parameters->size()));
  for (std::size_t i = 0; !holds_nul && i < same->size(); ++i)
    MH_CHECK((*same)[i].name == (*parameters)[i].name && (*same)[i].value == (*parameters)[i].value);
  request.query_parameters = std::move(*parameters);
  check_use(request);
  return 0;
}
