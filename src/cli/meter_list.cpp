#include "cli/meter_list.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "cli/csv_line.h"

namespace meterhouse::cli {
namespace {

constexpr std::string_view kColumns[] = {"meter_id", "region", "area", "dwelling_type", "serial", "register_digits"};
constexpr std::size_t kNeeded = 4;

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// The meter of a line, or which field of it is wrong.
tl::expected<NewMeter, RowReject> meter_of(std::uint64_t line, const std::map<std::string, std::string>& fields) {
  const auto field = [&](std::string_view name) {
    const auto found = fields.find(std::string{name});
    return found == fields.end() ? std::string{} : found->second;
  };
  const auto id = MeterId::parse(field("meter_id"));
  if (!id) return tl::make_unexpected(RowReject{line, "meter_id", id.error().message});
  NewMeter meter{*id, field("region"), field("area"), field("dwelling_type"), field("serial"), std::nullopt};
  if (const auto digits = field("register_digits"); !digits.empty()) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size())
      return tl::make_unexpected(RowReject{line, "register_digits", fmt::format("`{}` is no number", digits)});
    meter.register_digits = value;
  }
  return meter;
}

}  // namespace

Result<MeterList> parse_meter_list(std::string_view text) {
  if (text.starts_with("\x1f\x8b"))
    return Error{Errc::invalid_argument, "it is compressed with gzip; unpack a list of meters first"};
  auto names = csv_fields(next_line(text));
  for (auto& name : names) name = lower_case(name);
  for (const auto needed : std::span{kColumns}.first(kNeeded))
    if (std::ranges::find(names, needed) == names.end())
      return Error{Errc::invalid_argument,
                   fmt::format("the header has no column {}; it has: {}", needed, fmt::join(names, ", "))};

  MeterList list;
  for (std::uint64_t line = 2; !text.empty(); ++line) {
    const auto row = next_line(text);
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto values = csv_fields(row);
    if (values.size() != names.size()) {
      list.rejects.push_back({line, "", fmt::format("has {} fields, the header {}", values.size(), names.size())});
      continue;
    }
    std::map<std::string, std::string> fields;
    for (std::size_t i = 0; i < names.size(); ++i) fields[names[i]] = values[i];
    auto meter = meter_of(line, fields);
    if (!meter) {
      list.rejects.push_back(std::move(meter.error()));
      continue;
    }
    list.meters.push_back(std::move(*meter));
    list.lines.push_back(line);
  }
  return list;
}

Result<MeterList> read_meter_list(FileSystem& files, const std::string& path) {
  const auto text = read_file(files, path);
  if (!text) return text.error().during(fmt::format("read the meters of {}", path));
  auto list = parse_meter_list(*text);
  if (!list) return list.error().during(path);
  return list;
}

Result<Dwelling> parse_dwelling(std::string_view text) {
  auto fields = csv_fields(text);
  if (fields.size() != 3 || std::ranges::any_of(fields, [](const std::string& field) { return field.empty(); }))
    return Error{Errc::invalid_argument, fmt::format("`{}` is not REGION,AREA,DWELLING TYPE", text)};
  return Dwelling{std::move(fields[0]), std::move(fields[1]), std::move(fields[2])};
}

}  // namespace meterhouse::cli
