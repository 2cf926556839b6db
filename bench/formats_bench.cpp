// How many rows a second one thread reads from each format: 1 MiB pieces, batches of 10 000, as the server does it.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <string>

#include "formats/packed_rows.h"
#include "formats/reading_rows.h"

namespace meterhouse {
namespace {

constexpr int kRows = 200'000;
constexpr std::int64_t kStart = 1'740'018'600;  // 2025-02-20T10:30:00+08:00

std::string json_row(int i) {
  return fmt::format(R"({{"meter_id":"{:09}","at":"2025-02-20T10:{:02}:00+08:00","register":{}.{:02}}})",
                     100'000'000 + i, i % 60, 100 + i % 900, i % 100);
}

std::string body_of(ReadingFormat format) {
  std::string body;
  if (format == ReadingFormat::json) body = "[";
  if (format == ReadingFormat::csv) body = "meter_id,at,register\r\n";
  if (format == ReadingFormat::packed) append_packed_header(body);
  for (int i = 0; i < kRows; ++i) {
    const SeriesKey key{MeterId::from_number(static_cast<std::uint32_t>(100'000'000 + i)), Channel::import_};
    switch (format) {
      case ReadingFormat::json:
        body += json_row(i) + (i + 1 < kRows ? "," : "]");
        break;
      case ReadingFormat::ndjson:
        body += json_row(i) + "\n";
        break;
      case ReadingFormat::csv:
        body += fmt::format("{:09},2025-02-20T10:{:02}:00+08:00,{}.{:02}\r\n", 100'000'000 + i, i % 60, 100 + i % 900,
                            i % 100);
        break;
      case ReadingFormat::packed:
        append_packed(body, {key, instant_from_epoch(kStart + i % 60), MilliWattHours{123'450'000}});
        break;
    }
  }
  return body;
}

void read_body(benchmark::State& state, ReadingFormat format, const char* zone) {
  const std::string body = body_of(format);
  const auto calendar = SiteCalendar::of(zone);
  const RowContext context{*calendar, instant_from_epoch(kStart + 86'400)};
  for (auto _ : state) {
    const auto reader = make_row_reader(format, context);
    std::size_t rows = 0;
    const auto count = [&](ParsedRows& batch) -> Status {
      rows += batch.readings.size();
      return {};
    };
    if (!read_rows(*reader, body, 10'000, count) || rows != kRows) state.SkipWithError("not all rows were read");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

BENCHMARK_CAPTURE(read_body, json, ReadingFormat::json, "Asia/Singapore")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_body, ndjson, ReadingFormat::ndjson, "Asia/Singapore")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_body, csv, ReadingFormat::csv, "Asia/Singapore")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_body, packed, ReadingFormat::packed, "Asia/Singapore")->Unit(benchmark::kMillisecond);
// A site whose clocks change keeps the newest instant of each channel of the body.
BENCHMARK_CAPTURE(read_body, json_daylight_saving, ReadingFormat::json, "Europe/London")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace meterhouse

BENCHMARK_MAIN();
