// A file that is imported: the same rows however it is cut, whatever the user said about it; and the lists of meters.
//   input  how it is read (1 byte): the form in the lowest two bits, then --meter, --cumulate and its label; the file
#include "base/check.h"
#include "cli/csv_line.h"
#include "cli/import_rows.h"
#include "cli/meter_list.h"
#include "fuzz_target.h"
#include "rows_target.h"

using namespace meterhouse;
using namespace meterhouse::cli;

namespace {

ImportOptions options_of(unsigned how) {
  ImportOptions options;
  options.format =
      std::array{ReadingFormat::csv, ReadingFormat::csv, ReadingFormat::ndjson, ReadingFormat::packed}[how & 3];
  if ((how & 4) != 0) options.meter = MeterId::from_number(100'000'001);
  if ((how & 8) != 0) options.cumulate_from = MilliWattHours{5'000'000};
  if ((how & 16) != 0) options.label = ImportOptions::Label::opening;
  if ((how & 32) != 0) options.columns = {.meter = "a", .at = "b", .value = "c", .channel = "", .value_is = {}};
  return options;
}

RowsRead read_file(std::string_view file, const ImportOptions& options, std::size_t piece) {
  const auto source = [&](std::span<char> out) -> Result<std::size_t> {
    const std::string_view some = file.substr(0, std::min(piece, out.size()));
    std::ranges::copy(some, out.begin());
    file.remove_prefix(some.size());
    return some.size();
  };
  const RowContext context = fuzz_context(UnknownFields::ignore);
  auto rows = ImportRows::open(source, options, context.calendar, context.latest_allowed);
  RowsRead read;
  if (!rows) {
    read.error = rows.error().message;
    return read;
  }
  for (ParsedRows batch;;) {
    const auto more = rows->next(batch, 50);
    MH_CHECK(batch.readings.size() == batch.rows.size());
    read.readings.insert(read.readings.end(), batch.readings.begin(), batch.readings.end());
    read.rows.insert(read.rows.end(), batch.rows.begin(), batch.rows.end());
    read.rejects.insert(read.rejects.end(), batch.rejects.begin(), batch.rejects.end());
    if (!more) read.error = more.error().message;
    if (!more || !*more) return read;
  }
}

void check_lists(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto fields = csv_fields(line);
  std::string again;
  for (const std::string& field : fields) again += csv_field(field) + ',';
  again.pop_back();
  MH_CHECK(csv_fields(again) == fields);
  if (const auto dwelling = parse_dwelling(line)) MH_CHECK(!dwelling->region.empty() && !dwelling->area.empty());
  (void)parse_meter_list(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view file = text_of(data + 1, size - 1);
  const ImportOptions options = options_of(data[0]);
  const RowsRead whole = read_file(file, options, file.size() + 1);
  MH_CHECK(read_file(file, options, 61) == whole);
  check_lists(file);
  return 0;
}
