#include "cli/server_api.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/iso8601.h"
#include "cli/json_fields.h"
#include "formats/packed_rows.h"
#include "formats/reading_rows.h"

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

// Meters registered by one request.
constexpr std::size_t kMetersAtOnce = 1'000;
// A server lists the first refused rows of a request; a batch with more is asked about in pieces of this size.
constexpr std::size_t kListedErrors = 100;
// Of a page of readings.
constexpr std::size_t kReadingsAtOnce = 10'000;

Result<json::value> parse_json(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse({text.data(), text.size()}, error);
  if (error) return Error{Errc::io, fmt::format("the server's answer is no JSON: {}", error.message())};
  return value;
}

// The words of a problem document (RFC 9457), or of the first system's errors.
Error refusal(const HttpAnswer& answer) {
  std::string words = "no reason given";
  if (const auto problem = parse_json(answer.body)) {
    for (const auto* name : {"detail", "title", "message"})
      if (auto text = text_at(*problem, name); !text.empty()) {
        words = std::move(text);
        break;
      }
  }
  const Errc code = answer.status == 404   ? Errc::not_found
                    : answer.status == 409 ? Errc::conflict
                    : answer.status == 503 ? Errc::unavailable
                    : answer.status >= 500 ? Errc::io
                                           : Errc::invalid_argument;
  return {code, fmt::format("the server refused ({}): {}", answer.status, words)};
}

Result<json::value> value_of(const Result<HttpAnswer>& answer) {
  if (!answer) return answer.error();
  if (!answer->ok()) return refusal(*answer);
  return parse_json(answer->body);
}

// {"at","register"} as the server writes it.
Result<Reading> reading_of(SeriesKey key, const json::value& value) {
  const auto written = parse_iso8601(text_at(value, "at"));
  const auto* object = value.if_object();
  const auto* kwh = object != nullptr ? object->if_contains("register") : nullptr;
  if (!written || !written->offset || kwh == nullptr || !kwh->is_number())
    return Error{Errc::io, "a reading in the server's answer cannot be read"};
  // Exact: below kMaxRegister every kWh value with 6 decimals is one double.
  boost::system::error_code error;
  const MilliWattHours energy{std::llround(kwh->to_number<double>(error) * 1e6)};
  return Reading{key, Instant{written->local.time_since_epoch() - *written->offset}, energy};
}

json::object object_of(const NewMeter& meter) {
  json::object object{{"meter_id", meter.id.text()},
                      {"region", meter.region},
                      {"area", meter.area},
                      {"dwelling_type", meter.dwelling_type}};
  if (!meter.serial.empty()) object["serial"] = meter.serial;
  if (meter.register_digits) object["register_digits"] = *meter.register_digits;
  return object;
}

}  // namespace

Result<ServerApi> ServerApi::connect(std::string_view base) {
  auto client = HttpClient::for_server(base);
  if (!client) return client.error();
  return ServerApi{std::move(*client)};
}

Result<json::value> ServerApi::get(const std::string& target) { return value_of(client_.get(target)); }

Result<json::value> ServerApi::start_job(const std::string& target) { return post(target, "application/json", ""); }

Result<json::value> ServerApi::post(const std::string& target, const std::string& content_type, std::string_view body,
                                    Broken broken) {
  return value_of(client_.post(target, content_type, body, broken));
}

Result<Site> ServerApi::site() {
  const auto config = get("/api/v1/config");
  if (!config) return config.error();
  Site site;
  for (const auto& region : list_at(*config, "regions")) {
    Site::Region& added = site.regions.emplace_back();
    added.name = text_at(region, "name");
    for (const auto& area : list_at(region, "areas"))
      if (const auto* name = area.if_string()) added.areas.emplace_back(name->begin(), name->end());
  }
  for (const auto& type : list_at(*config, "dwelling_types"))
    if (const auto* name = type.if_string()) site.dwelling_types.emplace_back(name->begin(), name->end());
  if (auto zone = text_at(*config, "timezone"); !zone.empty()) site.timezone = std::move(zone);
  return site;
}

Result<MeterCounts> ServerApi::register_meters(std::span<const NewMeter> meters) {
  MeterCounts counts;
  for (std::size_t first = 0; first < meters.size(); first += kMetersAtOnce) {
    const auto some = meters.subspan(first, std::min(meters.size() - first, kMetersAtOnce));
    json::array list;
    for (const auto& meter : some) list.push_back(object_of(meter));
    const auto answer = post("/api/v1/meters", "application/json", json::serialize(list));
    if (!answer) return answer.error();
    std::size_t index = first;
    for (const auto& result : list_at(*answer, "results")) {
      const auto status = text_at(result, "status");
      if (status == "rejected")
        counts.refused.push_back({index, text_at(result, "field"), text_at(result, "reason")});
      else
        ++(status == "exists" ? counts.existed : counts.registered);
      ++index;
    }
  }
  return counts;
}

Result<std::optional<Reading>> ServerApi::latest(SeriesKey key) {
  const auto answer =
      get(fmt::format("/api/v1/meters/{}/latest?channel={}", key.meter().text(), to_string(key.channel())));
  if (!answer && answer.error().code == Errc::not_found) return std::optional<Reading>{};
  if (!answer) return answer.error();
  const auto reading = reading_of(key, *answer);
  if (!reading) return reading.error();
  return std::optional{*reading};
}

Status ServerApi::for_each_reading(SeriesKey key, TimeRange range, const std::function<bool(const Reading&)>& visit) {
  const auto target =
      fmt::format("/api/v1/meters/{}/readings?channel={}&limit={}&from={}&to={}", key.meter().text(),
                  to_string(key.channel()), kReadingsAtOnce, url_encoded(format_iso8601(range.from, Seconds{0})),
                  url_encoded(format_iso8601(range.to, Seconds{0})));
  std::string cursor;
  do {
    const auto page = get(cursor.empty() ? target : target + "&cursor=" + url_encoded(cursor));
    if (!page) return page.error();
    for (const auto& one : list_at(*page, "readings")) {
      const auto reading = reading_of(key, one);
      if (!reading) return reading.error();
      if (!visit(*reading)) return {};
    }
    cursor = text_at(*page, "next");
  } while (!cursor.empty());
  return {};
}

// The server lists readings upwards alone, so the range grows downwards until it holds one.
Result<std::optional<Reading>> ServerApi::last_before(SeriesKey key, Instant at) {
  std::optional<Reading> last;
  for (Seconds back = date::days{1};; back *= 16) {
    const bool all = at - kFirstInstant <= back;
    const auto status = for_each_reading(key, {all ? kFirstInstant : at - back, at}, [&last](const Reading& reading) {
      last = reading;
      return true;
    });
    if (!status) return status.error();
    if (last || all) return last;
  }
}

Result<Surroundings> ServerApi::around(SeriesKey key, Instant at) {
  Surroundings found;
  const auto newest = latest(key);
  if (!newest) return newest.error();
  if (!*newest) return found;
  if ((*newest)->at() <= at) {
    ((*newest)->at() == at ? found.exactly : found.before) = **newest;
    return found;
  }
  found.after = **newest;
  const auto status = for_each_reading(key, {at, (*newest)->at()}, [&](const Reading& reading) {
    (reading.at() == at ? found.exactly : found.after) = reading;
    return false;  // the first is all it takes
  });
  if (!status) return status.error();
  if (found.exactly) return found;
  const auto before = last_before(key, at);
  if (!before) return before.error();
  found.before = *before;
  return found;
}

Result<json::value> ServerApi::send_packed(std::span<const Reading> batch) {
  body_.clear();
  append_packed_header(body_);
  for (const Reading& reading : batch) append_packed(body_, reading);
  return post("/api/v1/readings", std::string{kPackedMediaType}, body_, Broken::send_again);
}

Status ServerApi::take(ParsedRows& batch) {
  auto refused = send(batch.readings);
  if (!refused) return refused.error();
  batch.rejected += refused->size();
  for (Refused& one : *refused)
    batch.rejects.push_back({batch.rows[one.index], std::move(one.field), std::move(one.reason)});
  std::ranges::stable_sort(batch.rejects, {}, &RowReject::row);
  return {};
}

Result<std::vector<ServerApi::Refused>> ServerApi::send(std::span<const Reading> batch) {
  std::vector<Refused> refused;
  if (batch.empty()) return refused;
  const auto answer = send_packed(batch);
  if (!answer) return answer.error();
  counts_.accepted += count_at(*answer, "accepted");
  counts_.duplicate += count_at(*answer, "duplicate");
  counts_.conflict += count_at(*answer, "conflict");
  counts_.pending += count_at(*answer, "pending");

  const auto rejected = count_at(*answer, "rejected");
  const auto list = [&refused](const json::value& of, std::size_t first) {
    for (const auto& error : list_at(of, "errors"))
      refused.push_back({first + count_at(error, "row") - 1, text_at(error, "field"), text_at(error, "reason")});
  };
  if (rejected <= list_at(*answer, "errors").size()) {
    list(*answer, 0);
    return refused;
  }
  // Sending them again changes nothing: what was taken is a duplicate now.
  for (std::size_t first = 0; first < batch.size(); first += kListedErrors) {
    const auto again = send_packed(batch.subspan(first, std::min(kListedErrors, batch.size() - first)));
    if (!again) return again.error();
    list(*again, first);
  }
  return refused;
}

}  // namespace meterhouse::cli
