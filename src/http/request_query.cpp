#include "http/request_query.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace meterhouse {

namespace {

Error wrong(std::string_view parameter, std::string_view why) {
  return {Errc::invalid_argument, fmt::format("{}: {}", parameter, why)};
}

}  // namespace

Status check_parameters(const Request& request, std::initializer_list<std::string_view> known) {
  for (std::size_t i = 0; i < request.query_parameters.size(); ++i) {
    const std::string& name = request.query_parameters[i].name;
    if (std::ranges::find(known, name) == known.end())
      return Error{Errc::invalid_argument,
                   known.size() == 0
                       ? fmt::format("there is no parameter '{}' here", name)
                       : fmt::format("there is no parameter '{}' here; there are: {}", name, fmt::join(known, ", "))};
    for (std::size_t k = 0; k < i; ++k)
      if (request.query_parameters[k].name == name) return wrong(name, "given twice");
  }
  return {};
}

Result<MeterId> meter_of(const Request& request) {
  auto meter = MeterId::parse(request.path_parameter("meter_id"));
  if (!meter) return wrong("meter_id", meter.error().message);
  return *meter;
}

Error not_registered(MeterId meter) {
  return {Errc::not_found, fmt::format("meter {} is not registered", meter.text())};
}

Result<Channel> channel_of(const Request& request) {
  const auto text = request.query_parameter("channel");
  if (!text) return Channel::import_;
  auto channel = parse_channel(*text);
  if (!channel) return wrong("channel", channel.error().message);
  return *channel;
}

Result<std::size_t> limit_of(const Request& request, std::size_t otherwise, std::size_t most) {
  const auto text = request.query_parameter("limit");
  if (!text) return otherwise;
  const bool digits = !text->empty() && std::ranges::all_of(*text, is_digit);
  std::size_t limit = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (!digits || (parsed.ec == std::errc{} && limit == 0)) return wrong("limit", "a number from 1");
  return parsed.ec == std::errc{} ? std::min(limit, most) : most;  // too large for a number is over the most, too
}

Result<std::int64_t> id_of(std::string_view text, std::string_view what) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id < 0)
    return wrong(what, fmt::format("a whole number from 0, not '{:.40}'", text));
  return id;
}

Result<std::optional<std::int64_t>> cursor_id_of(const Request& request) {
  const auto text = request.query_parameter("cursor");
  if (!text) return std::optional<std::int64_t>{};
  const auto id = id_of(*text, "cursor");
  if (!id) return wrong("cursor", "not the `next` of a page");
  return std::optional{*id};
}

Result<std::optional<Instant>> instant_of(const Request& request, std::string_view name, const SiteCalendar& calendar) {
  const auto text = request.query_parameter(name);
  if (!text) return std::optional<Instant>{};
  const auto written = parse_iso8601(*text);
  if (!written) {
    const bool spaced = text->find(' ') != std::string_view::npos;  // a bare + of an offset arrives as a space
    return wrong(name, written.error().message + (spaced ? "; in an address the + of an offset is written %2B" : ""));
  }
  const auto instant = calendar.resolve(*written);
  if (!instant) return wrong(name, instant.error().message);
  if (*instant < kFirstInstant || *instant > kLastInstant) return wrong(name, "before 1970 or after 2106");
  return std::optional<Instant>{*instant};
}

bool takes_json(const Request& request) {
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type.empty() || equal_ignoring_case(type, "application/json");
}

}  // namespace meterhouse
