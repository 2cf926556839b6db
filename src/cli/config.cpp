#include "cli/config.h"

#include <date/date.h>

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "base/nearest.h"
#include "base/site_calendar.h"
#include "base/utf8.h"
#include "cli/json_places.h"
#include "http/edge_policy.h"
#include "service/jobs/daily_job.h"

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

// What is wrong with the value at a path; nothing: all is well.
struct Fault {
  std::string path;
  std::string words;
};
using Checked = std::optional<Fault>;

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

Fault wrong_kind(std::string path, const json::value& value, std::string_view wanted) {
  return {std::move(path), fmt::format("is {}, not {}", kind_of(value), wanted)};
}

std::string text_of(const json::value& value) { return std::string{value.get_string()}; }

Checked read_names(const std::string& path, const json::value& value, std::vector<std::string>& out) {
  if (!value.is_array()) return wrong_kind(path, value, "a list of names");
  for (const auto& item : value.get_array()) {
    auto place = fmt::format("{}[{}]", path, out.size());
    if (!item.is_string()) return wrong_kind(std::move(place), item, "a name");
    if (item.get_string().empty()) return Fault{std::move(place), "is an empty name"};
    out.push_back(text_of(item));
  }
  return std::nullopt;
}

Checked read_member_names(const std::string& path, const json::object& object, std::string_view name,
                          std::vector<std::string>& out) {
  const auto* list = object.if_contains({name.data(), name.size()});
  if (list == nullptr) return Fault{path, fmt::format("lacks the list {}", name)};
  return read_names(fmt::format("{}.{}", path, name), *list, out);
}

void add_area(Site& site, const std::string& region, const std::string& area) {
  auto found = std::ranges::find(site.regions, region, &Site::Region::name);
  if (found == site.regions.end()) {
    site.regions.push_back({region, {}});
    found = std::prev(site.regions.end());
  }
  if (std::ranges::find(found->areas, area) == found->areas.end()) found->areas.push_back(area);
}

// The readers of the keys: each takes the value at `path` into the configuration.
using Read = Checked (*)(const std::string& path, const json::value&, Config&);

Checked read_areas(const std::string& path, const json::value& value, Config& config) {
  const auto* lists = value.if_object();
  if (lists == nullptr) return wrong_kind(path, value, "an object with the lists Area and Region");
  std::vector<std::string> areas, regions;
  if (auto fault = read_member_names(path, *lists, "Area", areas)) return fault;
  if (auto fault = read_member_names(path, *lists, "Region", regions)) return fault;
  if (areas.size() != regions.size())
    return Fault{path, fmt::format("has {} areas but {} regions: Region[i] is where Area[i] lies", areas.size(),
                                   regions.size())};
  for (std::size_t i = 0; i < areas.size(); ++i) add_area(config.site, regions[i], areas[i]);
  return std::nullopt;
}

Checked read_mapping(const std::string& path, const json::value& value, Config& config) {
  const auto* mapping = value.if_object();
  if (mapping == nullptr) return wrong_kind(path, value, "an object of region to list of areas");
  for (const auto& entry : *mapping) {
    const std::string region{entry.key()};
    if (region.empty()) return Fault{path, "has a region with an empty name"};
    std::vector<std::string> areas;
    if (auto fault = read_names(fmt::format("{}.{}", path, region), entry.value(), areas)) return fault;
    for (const auto& area : areas) add_area(config.site, region, area);
  }
  return std::nullopt;
}

Checked read_dwelling_types(const std::string& path, const json::value& value, Config& config) {
  const auto* lists = value.if_object();
  if (lists == nullptr) return wrong_kind(path, value, "an object with the list DwellingType");
  return read_member_names(path, *lists, "DwellingType", config.site.dwelling_types);
}

Checked read_timezone(const std::string& path, const json::value& value, Config& config) {
  if (!value.is_string()) return wrong_kind(path, value, "the name of a time zone");
  config.site.timezone = text_of(value);
  if (const auto calendar = SiteCalendar::of(config.site.timezone); !calendar)
    return Fault{path, fmt::format("'{:.60}' is not in the system's time zone data", config.site.timezone)};
  return std::nullopt;
}

Checked read_hosts(const std::string& path, const json::value& value, Config& config) {
  auto& hosts = config.server.allowed_hosts;
  if (auto fault = read_names(path, value, hosts)) return fault;
  for (std::size_t i = 0; i < hosts.size(); ++i)
    if (host_name(hosts[i]) != hosts[i])
      return Fault{fmt::format("{}[{}]", path, i), fmt::format("'{}' is not a host name without port", hosts[i])};
  return std::nullopt;
}

Checked read_whole(const std::string& path, const json::value& value, std::int64_t least, std::int64_t most,
                   std::int64_t& out) {
  if (!value.is_number()) return wrong_kind(path, value, fmt::format("a whole number from {} to {}", least, most));
  if (!value.is_int64() || value.get_int64() < least || value.get_int64() > most) {
    const auto given = value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
    return Fault{path, fmt::format("is {}, not a whole number from {} to {}", given, least, most)};
  }
  out = value.get_int64();
  return std::nullopt;
}

Checked read_snap(const std::string& path, const json::value& value, Config& config) {
  std::int64_t seconds = 0;
  if (auto fault = read_whole(path, value, 0, 900, seconds)) return fault;
  config.site.snap = Seconds{seconds};
  return std::nullopt;
}

// "00:10", or "off".
Checked read_daily_job_at(const std::string& path, const json::value& value, Config& config) {
  if (!value.is_string()) return wrong_kind(path, value, "a local time such as \"00:10\", or \"off\"");
  const std::string text = text_of(value);
  config.server.daily_job_at.reset();
  if (text == "off") return std::nullopt;
  std::istringstream in{text};
  std::chrono::minutes at{};
  in >> date::parse("%H:%M", at);
  if (in.fail() || text.size() != 5 || at >= std::chrono::hours{24})
    return Fault{path, fmt::format("is '{:.40}', not a local time such as \"00:10\", and not \"off\"", text)};
  config.server.daily_job_at = at;
  return std::nullopt;
}

Checked read_journal_shipping(const std::string& path, const json::value& value, Config& config) {
  constexpr std::pair<std::string_view, ShippingMode> kModes[] = {{"off", ShippingMode::off},
                                                                  {"every_second", ShippingMode::every_second},
                                                                  {"every_batch", ShippingMode::every_batch}};
  if (!value.is_string()) return wrong_kind(path, value, R"("off", "every_second" or "every_batch")");
  const std::string text = text_of(value);
  const auto found = std::ranges::find(kModes, std::string_view{text}, [](const auto& mode) { return mode.first; });
  if (found == std::end(kModes))
    return Fault{path, fmt::format(R"(is '{:.40}', not "off", "every_second" or "every_batch")", text)};
  config.server.journal_shipping = found->second;
  return std::nullopt;
}

Checked read_daily_backup(const std::string& path, const json::value& value, Config& config) {
  if (!value.is_bool()) return wrong_kind(path, value, "true or false");
  config.server.daily_backup = value.get_bool();
  return std::nullopt;
}

// A day of the week, or "off".
Checked read_weekly_drill(const std::string& path, const json::value& value, Config& config) {
  if (!value.is_string()) return wrong_kind(path, value, "a day of the week such as \"sunday\", or \"off\"");
  const std::string text = text_of(value);
  config.server.weekly_drill.reset();
  if (text == "off") return std::nullopt;
  for (unsigned number = 0; number < 7; ++number)
    if (text == name_of(date::weekday{number})) config.server.weekly_drill = date::weekday{number};
  if (config.server.weekly_drill) return std::nullopt;
  return Fault{path, fmt::format("is '{:.40}', not a day of the week such as \"sunday\", and not \"off\"", text)};
}

template <auto kMember, std::int64_t kLeast, std::int64_t kMost>
Checked read_setting(const std::string& path, const json::value& value, Config& config) {
  auto& setting = config.server.*kMember;
  std::int64_t number = 0;
  if (auto fault = read_whole(path, value, kLeast, kMost, number)) return fault;
  setting = static_cast<std::remove_reference_t<decltype(setting)>>(number);
  return std::nullopt;
}

// Every key, in the order in which they are read. docs/operations.md has a row for each.
struct KnownKey : ConfigKey {
  Read read = nullptr;  // null: the key above it reads it too, or nobody does
};
constexpr KnownKey kKnownKeys[] = {
    {{"area_data", {}}, read_areas},
    {{"area_data.Area", {}}},
    {{"area_data.Region", {}}},
    {{"area_data.AreaID", "numbers of the first system; an area goes by its name"}},
    {{"region_area_mapping", {}}, read_mapping},
    {{"dwelling_data", {}}, read_dwelling_types},
    {{"dwelling_data.DwellingType", {}}},
    {{"dwelling_data.TypeID", "numbers of the first system; a dwelling type goes by its name"}},
    {{"timezone", {}}, read_timezone},
    {{"snap_seconds", {}}, read_snap},
    {{"allowed_hosts", {}}, read_hosts},
    {{"bulk_records_max", {}}, read_setting<&ServerSettings::bulk_records_max, 1, 1'000'000>},
    {{"head_budget_mb", {}}, read_setting<&ServerSettings::head_budget_mb, 16, 1'000'000>},
    {{"io_threads", {}}, read_setting<&ServerSettings::io_threads, 1, 64>},
    {{"worker_threads", {}}, read_setting<&ServerSettings::worker_threads, 1, 256>},
    {{"connections_max", {}}, read_setting<&ServerSettings::connections_max, 1, 1'000'000>},
    {{"daily_job_at", {}}, read_daily_job_at},
    {{"maintenance_seconds", {}}, read_setting<&ServerSettings::maintenance_seconds, 0, 86'400>},
    {{"retention_days", {}}, read_setting<&ServerSettings::retention_days, 0, 36'500>},
    {{"journal_shipping", {}}, read_journal_shipping},
    {{"daily_backup", {}}, read_daily_backup},
    {{"weekly_drill", {}}, read_weekly_drill},
    {{"backups_kept", {}}, read_setting<&ServerSettings::backups_kept, 0, 10'000>},
    {{"event_retention_days", {}}, read_setting<&ServerSettings::event_retention_days, 1, 36'500>},
    {{"events_max", {}}, read_setting<&ServerSettings::events_max, 1'000, 100'000'000>},
};

// The beginning of a name that may be as long as the file.
std::string_view shortened(std::string_view name) { return name.substr(0, 100); }

Fault unknown_key(std::string path) {
  const auto far = [&](const KnownKey& key) { return edit_distance(shortened(path), key.path); };
  const auto nearest = std::ranges::min_element(kKnownKeys, {}, far);
  auto words = fmt::format("is no key of the configuration; the nearest is {}", nearest->path);
  return {std::move(path), std::move(words)};
}

bool has_known_members(std::string_view path) {
  return std::ranges::any_of(kKnownKeys, [&](const KnownKey& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

// Whether there are keys of these names, here and in the objects below whose members are keys as well.
Checked check_keys(const std::string& above, const json::object& object, Config& config) {
  for (const auto& entry : object) {
    std::string path = above + std::string{entry.key()};
    const auto known = std::ranges::find(kKnownKeys, path, [](const KnownKey& key) { return key.path; });
    if (known == std::end(kKnownKeys)) return unknown_key(std::move(path));
    if (!known->ignored.empty()) config.ignored.push_back(*known);
    if (const auto* members = entry.value().if_object(); members != nullptr && has_known_members(path))
      if (auto fault = check_keys(path + ".", *members, config)) return fault;
  }
  return std::nullopt;
}

Checked read_keys(const json::object& object, Config& config) {
  for (const KnownKey& key : kKnownKeys) {
    const auto* value = key.read == nullptr ? nullptr : object.if_contains({key.path.data(), key.path.size()});
    if (value == nullptr) continue;
    if (auto fault = key.read(std::string{key.path}, *value, config)) return fault;
  }
  if (config.site.regions.empty()) return Fault{"", "there is no area: area_data or region_area_mapping is missing"};
  if (config.site.dwelling_types.empty())
    return Fault{"", "there is no dwelling type: dwelling_data.DwellingType is missing or empty"};
  return std::nullopt;
}

Error error_of(const Fault& fault, const JsonPlaces& places) {
  std::string text;
  if (const auto line = places.line_of(fault.path); line && !fault.path.empty()) text = fmt::format("line {}: ", *line);
  if (!fault.path.empty()) text += fmt::format("{} ", shortened(fault.path));
  return {Errc::invalid_argument, text + fault.words};
}

Result<json::value> parse_json(std::string_view text) {
  const auto wrong = [](std::string words) { return Error{Errc::invalid_argument, std::move(words)}; };
  if (const auto at = first_not_utf8(text))
    return wrong(fmt::format("line {}: the bytes are not UTF-8 text", line_at(text, *at)));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return wrong("the file is empty; a JSON object is wanted");
  json::parser parser;
  boost::system::error_code error;
  std::size_t parsed = parser.write_some(text.data(), text.size(), error);
  if (!error) {
    parsed = std::min(text.find_first_not_of(" \t\r\n", parsed), text.size());
    if (parsed < text.size()) error = json::error::extra_data;
  }
  if (error) return wrong(fmt::format("line {}: this is no JSON: {}", line_at(text, parsed), error.message()));
  return parser.release();
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  static const std::vector<ConfigKey> keys{std::begin(kKnownKeys), std::end(kKnownKeys)};
  return keys;
}

Result<Config> parse_config(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto parsed = parse_json(text);
  if (!parsed) return parsed.error();
  const auto* object = parsed->if_object();
  if (object == nullptr)
    return Error{Errc::invalid_argument, fmt::format("the file is {}, not a JSON object", kind_of(*parsed))};
  const JsonPlaces places{text};
  if (const auto& twice = places.twice())
    return Error{Errc::invalid_argument,
                 fmt::format("line {}: {} is given twice", twice->line, shortened(twice->path))};
  Config config;
  auto fault = check_keys("", *object, config);
  if (!fault) fault = read_keys(*object, config);
  if (fault) return error_of(*fault, places);
  return config;
}

Result<Config> read_config(FileSystem& files, const std::string& path) {
  const auto text = read_file(files, path);
  if (!text && text.error().code == Errc::not_found)
    return Error{Errc::not_found,
                 fmt::format("there is no configuration {}: name one with --config (by default it is "
                             "config/meterhouse.json below the folder you are in; the source tree has one there)",
                             path)};
  if (!text) return text.error().during("the configuration");
  auto config = parse_config(*text);
  if (!config) return config.error().during(fmt::format("the configuration {}", path));
  return config;
}

}  // namespace meterhouse::cli
