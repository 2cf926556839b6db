#include "service/backup/drill_record.h"

#include <algorithm>
#include <charconv>

#include "service/backup/checked_lines.h"

namespace meterhouse {
namespace {

Error not_a_record() { return {Errc::corruption, "not the record of a drill, or its checksum does not match"}; }

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::string encode_drill_record(const DrillRecord& record) {
  return with_checksum(fmt::format("meterhouse-drill 1\nbackup {}\nstarted {}\nduration_ms {}\npassed {}\noutcome {}\n",
                                   one_line(record.backup), epoch_seconds(record.started), record.duration_ms,
                                   record.passed ? "yes" : "no", one_line(record.outcome)));
}

Result<DrillRecord> decode_drill_record(std::string_view text) {
  std::string_view rest = text;
  if (!take_line(rest, "meterhouse-drill 1")) return not_a_record();
  const auto backup = take_line(rest, "backup ");
  const auto started = take_line(rest, "started ");
  const auto duration = take_line(rest, "duration_ms ");
  const auto passed = take_line(rest, "passed ");
  const auto outcome = take_line(rest, "outcome ");
  if (!backup || !started || !duration || !passed || !outcome) return not_a_record();
  const DrillRecord record{.backup = std::string{*backup},
                           .started = instant_from_epoch(number_of(*started)),
                           .duration_ms = number_of(*duration),
                           .passed = *passed == "yes",
                           .outcome = std::string{*outcome}};
  if (encode_drill_record(record) != text) return not_a_record();
  return record;
}

Result<std::optional<DrillRecord>> read_drill_record(FileSystem& files, const std::string& backups) {
  const std::string path = backups + "/" + kDrillRecordFile;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return std::optional<DrillRecord>{};
  const auto text = read_file(files, path);
  if (!text) return text.error();
  auto record = decode_drill_record(*text);
  if (!record) return record.error().during(path);
  return std::optional{std::move(*record)};
}

Status write_drill_record(FileSystem& files, const std::string& backups, const DrillRecord& record) {
  return write_file_atomically(files, backups + "/" + kDrillRecordFile, encode_drill_record(record));
}

}  // namespace meterhouse
