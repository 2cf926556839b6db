#include "cli/import_header.h"

#include <algorithm>

#include "base/printable.h"
#include "cli/csv_line.h"
#include "formats/csv_header.h"

namespace meterhouse::cli {
namespace {

constexpr std::size_t kHeaderBytesShown = 200;

std::vector<std::string> header_names(std::string_view line) {
  auto names = csv_fields(line);
  for (auto& name : names) name = lower_case(name);
  return names;
}

using UsualNames = std::vector<std::string>;

// The column that bears the wanted name, else the first of the usual ones. nullopt: none does.
std::optional<std::size_t> find_column(const std::vector<std::string>& names, const std::string& wanted,
                                       const UsualNames& usual) {
  const auto place_of = [&](const std::string& name) -> std::optional<std::size_t> {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
  };
  if (!wanted.empty()) return place_of(lower_case(wanted));
  for (const auto& name : usual)
    if (const auto place = place_of(name)) return place;
  return std::nullopt;
}

Error refuse(std::string words) { return {Errc::invalid_argument, std::move(words)}; }

// The first of these names that speaks of the energy of an interval rather than of a register.
std::optional<std::string> consumption_among(const std::vector<std::string>& names) {
  const auto speaks_of = [](const std::string& name, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return name.find(word) != std::string::npos; });
  };
  for (const auto& name : names)
    if (speaks_of(name, {"kwh", "consumption", "usage", "energy", "delta"}) &&
        !speaks_of(name, {"register", "reading", "cumul", "total", "index"}))
      return name;
  return std::nullopt;
}

Error looks_like_consumption(const std::string& name) {
  const auto shown = printable(name, kHeaderBytesShown);
  return refuse(fmt::format(
      "the column `{0}` looks like the consumption of intervals: add --cumulate START, which sums it up to a "
      "register; if it holds registers, say so with --columns register={0}",
      shown));
}

// Text that is no CSV header, whatever its columns.
Status check_text(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return refuse("the header line is missing");
  if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")) return refuse("it is UTF-16 text; UTF-8 is wanted");
  const bool binary =
      std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r'; });
  if (binary) return refuse("it is not text; CSV, NDJSON, a JSON array or packed readings are wanted");
  return {};
}

}  // namespace

Result<std::string> canonical_header(std::string_view line, const ImportOptions& options) {
  if (const auto text = check_text(line); !text) return text.error();
  const auto names = header_names(line);
  std::vector<std::string> canonical(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) canonical[i] = fmt::format("ignored_{}", i);

  const auto place = [&](std::string_view role, const std::string& wanted, const UsualNames& usual,
                         std::string_view column, bool needed) -> Status {
    const auto found = find_column(names, wanted, usual);
    if (found) {
      canonical[*found] = column;
      return {};
    }
    if (!needed && wanted.empty()) return {};
    if (const auto separated = other_separator(line)) return refuse(fmt::format("the header is {}", *separated));
    const auto missing = wanted.empty() ? fmt::format("{} (looked for {})", role, fmt::join(usual, ", "))
                                        : fmt::format("`{}` ({})", wanted, role);
    return refuse(fmt::format("the header has no column for {}; it has: {}. --columns {}=NAME names one", missing,
                              printable(fmt::format("{}", fmt::join(names, ", ")), kHeaderBytesShown), role));
  };
  auto status =
      place("at", options.columns.at,
            {"at", "timestamp", "time", "datetime", "closing_instant", "closing_instant_utc", "to"}, "at", true);
  const auto& value = options.columns.value;
  if (options.cumulate_from) {
    if (status)
      status =
          place("value", value, {"consumption", "kwh", "usage", "energy", "value", "energy_kwh"}, "register", true);
  } else {
    const UsualNames usual = {"register", "reading", "register_kwh"};
    const bool unsaid = options.columns.value_is == ImportOptions::Columns::Value::unsaid;
    const auto candidates = value.empty() ? names : std::vector{lower_case(value)};
    const auto consumption = consumption_among(candidates);
    const bool there = find_column(names, value, usual).has_value();
    const bool would_do = value.empty() ? !there : there;  // none has a register's name, or just this one was asked for
    if (status && unsaid && consumption && would_do) return looks_like_consumption(*consumption);
    if (status) status = place("register", value, usual, "register", true);
  }
  if (status) status = place("channel", options.columns.channel, {"channel"}, "channel", false);
  if (status && !options.meter)
    status = place("meter", options.columns.meter, {"meter_id", "meterid", "meter"}, "meter_id", true);
  if (!status) return status.error();
  return fmt::format("{}{}\n", options.meter ? "meter_id," : "", fmt::join(canonical, ","));
}

}  // namespace meterhouse::cli
