#include "cli/reading_options.h"

#include "cli/progress.h"

namespace meterhouse::cli {

std::optional<ReadingFormat> format_named(std::string_view name) {
  if (name == "csv") return ReadingFormat::csv;
  if (name == "ndjson") return ReadingFormat::ndjson;
  if (name == "json") return ReadingFormat::json;
  if (name == "packed") return ReadingFormat::packed;
  return std::nullopt;
}

ReadingFormat output_format(std::string_view name, std::string_view file) {
  const auto dot = file.rfind('.');
  const auto ending = dot == std::string_view::npos ? std::string_view{} : file.substr(dot + 1);
  return format_named(name.empty() ? ending : name).value_or(ReadingFormat::csv);
}

std::string counts_text(const AppendCounts& counts) {
  return fmt::format("{} accepted, {} duplicate, {} conflict, {} pending", with_spaces(counts.accepted),
                     with_spaces(counts.duplicate), with_spaces(counts.conflict), with_spaces(counts.pending));
}

std::string counts_json(const AppendCounts& counts) {
  return fmt::format(R"("accepted":{},"duplicate":{},"conflict":{},"pending":{})", counts.accepted, counts.duplicate,
                     counts.conflict, counts.pending);
}

}  // namespace meterhouse::cli
