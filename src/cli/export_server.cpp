#include <boost/json.hpp>

#include "cli/export_source.h"
#include "cli/server_api.h"

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

constexpr int kMetersAPage = 1'000;
constexpr int kReadingsAPage = 10'000;

Error unexpected(std::string_view what) { return {Errc::io, fmt::format("the server's answer has no valid {}", what)}; }

const json::value* member(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

bool is_null(const json::value* value) { return value == nullptr || value->is_null(); }

std::optional<std::string> text_of(const json::value* value) {
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  if (text == nullptr) return std::nullopt;
  return std::string{text->begin(), text->end()};
}

Result<const json::array*> list_of(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  const auto* list = found != nullptr ? found->if_array() : nullptr;
  if (list == nullptr) return unexpected(name);
  return list;
}

// A JSON number of kWh with at most six decimals is exact in a double's shortest text.
Result<MilliWattHours> kwh_of(const json::value* value) {
  if (value == nullptr || !value->is_number()) return unexpected("energy");
  if (value->is_double()) return parse_kwh(fmt::format("{}", value->get_double()));
  return parse_kwh(json::serialize(*value));
}

class ServerSource final : public ExportSource {
 public:
  ServerSource(ServerApi server, SiteCalendar calendar) : server_(std::move(server)), calendar_(std::move(calendar)) {}

  const SiteCalendar& calendar() const override { return calendar_; }

  Status for_each_meter(const VisitMeter& visit) override {
    return for_each_page(fmt::format("/api/v1/meters?limit={}", kMetersAPage), [&](const json::value& page) -> Status {
      const auto meters = list_of(page, "meters");
      if (!meters) return meters.error();
      for (const auto& meter : **meters) {
        const auto id = MeterId::parse(text_of(member(meter, "meter_id")).value_or(""));
        if (!id) return unexpected("meter_id");
        if (const auto status = visit(*id); !status) return status;
      }
      return {};
    });
  }

  Status readings(SeriesKey key, TimeRange range, const VisitReadings& visit) override {
    const auto target = fmt::format("/api/v1/meters/{}/readings?channel={}&limit={}{}", key.meter().text(),
                                    to_string(key.channel()), kReadingsAPage, bounds(range));
    std::vector<Reading> some;
    return for_each_page(target, [&](const json::value& page) -> Status {
      const auto rows = list_of(page, "readings");
      if (!rows) return rows.error();
      some.clear();
      for (const auto& row : **rows) {
        const auto at = instant_of(member(row, "at"));
        if (!at) return at.error();
        const auto value = kwh_of(member(row, "register"));
        if (!value) return value.error();
        some.emplace_back(key, *at, *value);
      }
      return some.empty() ? Status{} : visit(some);
    });
  }

  Result<std::vector<ConsumptionRow>> consumption(SeriesKey key, TimeRange range, Step step) override {
    const auto answer =
        server_.get(fmt::format("/api/v1/meters/{}/consumption?channel={}&step={}{}", key.meter().text(),
                                to_string(key.channel()), to_string(step), bounds(range)));
    if (!answer) return answer.error();
    const auto values = list_of(*answer, "values");
    if (!values) return values.error();
    std::vector<ConsumptionRow> rows;
    for (const auto& value : **values) {
      auto row = consumption_row(value);
      if (!row) return row.error();
      rows.push_back(std::move(*row));
    }
    return rows;
  }

  Result<bool> has_readings(SeriesKey key) override {
    const auto latest =
        server_.get(fmt::format("/api/v1/meters/{}/latest?channel={}", key.meter().text(), to_string(key.channel())));
    if (latest) return true;
    if (latest.error().code == Errc::not_found) return false;
    return latest.error();
  }

  Result<UnregisteredMeters> left_out() override { return UnregisteredMeters{}; }

  Status finish() override { return {}; }

 private:
  std::string bounds(TimeRange range) const {
    return fmt::format("&from={}&to={}", url_encoded(calendar_.format(range.from)),
                       url_encoded(calendar_.format(range.to)));
  }

  Result<ConsumptionRow> consumption_row(const json::value& value) const {
    ConsumptionRow row;
    const auto from = instant_of(member(value, "from"));
    if (!from) return from.error();
    const auto to = instant_of(member(value, "to"));
    if (!to) return to.error();
    row.range = {*from, *to};
    row.quality = text_of(member(value, "quality")).value_or("");
    if (const auto* energy = member(value, "consumption"); !is_null(energy)) {
      const auto kwh = kwh_of(energy);
      if (!kwh) return kwh.error();
      row.energy = *kwh;
    }
    Completeness& about = row.completeness;
    for (const auto& [name, count] : {std::pair{"expected", &about.expected}, std::pair{"found", &about.found},
                                      std::pair{"estimated", &about.estimated}}) {
      const auto* number = member(value, name);
      if (number == nullptr || !number->is_int64()) return unexpected(name);
      *count = number->get_int64();
    }
    for (const auto& [name, bound] :
         {std::pair{"covered_from", &about.covered_from}, std::pair{"covered_to", &about.covered_to}}) {
      const auto* written = member(value, name);
      if (is_null(written)) continue;
      const auto instant = instant_of(written);
      if (!instant) return instant.error();
      *bound = *instant;
    }
    return row;
  }

  Result<Instant> instant_of(const json::value* value) const {
    const auto written = parse_iso8601(text_of(value).value_or(""));
    if (!written) return unexpected("time");
    return calendar_.resolve(*written);
  }

  // target has a query already.
  Status for_each_page(const std::string& target, const std::function<Status(const json::value&)>& visit) {
    std::string cursor;
    for (;;) {
      const auto page = server_.get(cursor.empty() ? target : target + "&cursor=" + url_encoded(cursor));
      if (!page) return page.error();
      if (const auto status = visit(*page); !status) return status;
      auto next = text_of(member(*page, "next"));
      if (!next || next->empty()) return {};
      cursor = std::move(*next);
    }
  }

  ServerApi server_;
  SiteCalendar calendar_;
};

}  // namespace

Result<std::unique_ptr<ExportSource>> export_from_server(const std::string& url) {
  auto server = ServerApi::connect(url);
  if (!server) return server.error();
  const auto site = server->site();
  if (!site) return site.error();
  auto calendar = SiteCalendar::of(site->timezone);
  if (!calendar) return calendar.error();
  return std::unique_ptr<ExportSource>{std::make_unique<ServerSource>(std::move(*server), std::move(*calendar))};
}

}  // namespace meterhouse::cli
