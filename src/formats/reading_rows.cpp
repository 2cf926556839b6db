#include "formats/reading_rows.h"

#include <algorithm>

#include "base/ascii.h"
#include "formats/csv_rows.h"
#include "formats/json_rows.h"
#include "formats/packed_rows.h"

namespace meterhouse {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace

std::optional<ReadingFormat> reading_format_of(std::string_view content_type) {
  const std::string type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json") return ReadingFormat::json;
  if (type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl")
    return ReadingFormat::ndjson;
  if (type == "text/csv") return ReadingFormat::csv;
  if (type == kPackedMediaType) return ReadingFormat::packed;
  return std::nullopt;
}

ReadingFormat guess_reading_format(std::string_view first_bytes) {
  if (first_bytes.starts_with(kPackedMagic)) return ReadingFormat::packed;
  if (first_bytes.starts_with("\xEF\xBB\xBF")) first_bytes.remove_prefix(3);
  const std::string_view text = trimmed(first_bytes);
  if (text.starts_with('[')) return ReadingFormat::json;
  if (text.starts_with('{')) return ReadingFormat::ndjson;
  return ReadingFormat::csv;
}

void ParsedRows::clear() {
  readings.clear();
  rows.clear();
  rejects.clear();
  rejected = 0;
}

void ParsedRows::reject(std::uint64_t row, std::string_view field, std::string_view reason) {
  ++rejected;
  if (rejects.size() < kMaxRejects) rejects.push_back({row, std::string{field}, std::string{reason}});
}

std::unique_ptr<RowReader> make_row_reader(ReadingFormat format, const RowContext& context) {
  switch (format) {
    case ReadingFormat::json:
      return make_json_array_reader(context);
    case ReadingFormat::ndjson:
      return make_ndjson_reader(context);
    case ReadingFormat::csv:
      return make_csv_reader(context);
    case ReadingFormat::packed:
      return make_packed_reader(context);
  }
  return nullptr;
}

namespace {

Status drain(RowReader& reader, std::size_t max_rows, ParsedRows& batch,
             const std::function<Status(ParsedRows&)>& visit) {
  for (;;) {
    const auto more = reader.next(batch, max_rows);
    if (batch.size() > 0)
      if (auto visited = visit(batch); !visited) return visited;
    if (!more) return more.error();
    if (!*more) return {};
  }
}

}  // namespace

Status read_rows(RowReader& reader, std::string_view body, std::size_t max_rows,
                 const std::function<Status(ParsedRows&)>& visit) {
  ParsedRows batch;
  while (!body.empty()) {
    const std::size_t size = std::min(body.size(), kMaxFeedBytes);
    reader.feed(body.substr(0, size));
    body.remove_prefix(size);
    if (auto drained = drain(reader, max_rows, batch, visit); !drained) return drained;
  }
  reader.finish();
  return drain(reader, max_rows, batch, visit);
}

}  // namespace meterhouse
