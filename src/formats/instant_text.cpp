#include "formats/instant_text.h"

#include <date/date.h>

#include <cstring>

#include "base/ascii.h"

namespace meterhouse {
namespace {

constexpr std::size_t kDateForm = 10;     // 2025-02-20
constexpr std::size_t kSecondsForm = 19;  // 2025-02-20T10:30:00
constexpr std::size_t kOffsetForm = 25;   // …+08:00

int digit(char c) { return c - '0'; }

std::optional<int> two_digits(const char* text) {
  if (!is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
  return digit(text[0]) * 10 + digit(text[1]);
}

// "10:30:00" as seconds of the day. The eight characters minus "00:00:00" are six digits 0..9 and two zeros.
std::optional<std::int64_t> seconds_of_day(const char* text) {
  std::uint64_t word = 0;
  std::uint64_t zeros = 0;
  std::memcpy(&word, text, 8);
  std::memcpy(&zeros, "00:00:00", 8);
  const std::uint64_t digits = word ^ zeros;
  unsigned char d[8];
  std::memcpy(d, &digits, 8);
  if (((digits | (digits + 0x7676767676767676U)) & 0x8080808080808080U) != 0 || d[2] != 0 || d[5] != 0)
    return std::nullopt;
  const int hour = d[0] * 10 + d[1];
  const int minute = d[3] * 10 + d[4];
  const int second = d[6] * 10 + d[7];
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return hour * 3600 + minute * 60 + second;
}

// "+08:00"; nullopt: not of this form, which does not say that it is wrong.
std::optional<std::int64_t> offset_seconds(const char* text) {
  const auto hours = two_digits(text + 1);
  const auto minutes = two_digits(text + 4);
  if (!hours || !minutes || text[3] != ':' || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t size = *hours * 3600 + *minutes * 60;
  if (text[0] == '+') return size;
  if (text[0] == '-') return -size;
  return std::nullopt;
}

InstantReader::Answer one(std::int64_t seconds) {
  const Instant instant = instant_from_epoch(seconds);
  return {InstantReader::Fault::none, instant, instant};
}

}  // namespace

InstantReader::Answer InstantReader::read(std::string_view text) {
  if (text.size() == kOffsetForm) {
    const auto local = local_seconds(text);
    const auto offset = local ? offset_seconds(text.data() + kSecondsForm) : std::nullopt;
    if (offset) return one(*local - *offset);
  } else if (text.size() == kSecondsForm + 1 && text.back() == 'Z') {
    if (const auto local = local_seconds(text)) return one(*local);
  } else if (text.size() == kSecondsForm) {
    if (const auto local = local_seconds(text)) return of_local(*local);
  }
  return read_any(text);
}

std::optional<std::int64_t> InstantReader::local_seconds(std::string_view text) {
  if (text[10] != 'T' && text[10] != ' ') return std::nullopt;
  const auto days = days_of(text.data());
  const auto seconds = seconds_of_day(text.data() + 11);
  if (!days || !seconds) return std::nullopt;
  return *days * 86'400 + *seconds;
}

std::optional<std::int64_t> InstantReader::days_of(const char* date) {
  if (std::memcmp(date, last_date_, kDateForm) == 0) return last_days_;
  const auto century = two_digits(date);
  const auto year = two_digits(date + 2);
  const auto month = two_digits(date + 5);
  const auto day = two_digits(date + 8);
  if (!century || !year || !month || !day || date[4] != '-' || date[7] != '-') return std::nullopt;
  const date::year_month_day ymd{date::year{*century * 100 + *year}, date::month{static_cast<unsigned>(*month)},
                                 date::day{static_cast<unsigned>(*day)}};
  if (!ymd.ok()) return std::nullopt;
  std::memcpy(last_date_, date, kDateForm);
  last_days_ = date::local_days{ymd}.time_since_epoch().count();
  return last_days_;
}

InstantReader::Answer InstantReader::of_local(std::int64_t local) const {
  const auto candidates = calendar_.instants_of(date::local_seconds{Seconds{local}});
  if (!candidates) return {Fault::does_not_exist, {}, {}};
  return {Fault::none, candidates->earlier, candidates->later};
}

InstantReader::Answer InstantReader::read_any(std::string_view text) const {
  const auto written = parse_iso8601(text);
  if (!written) return {Fault::not_a_time, {}, {}};
  const std::int64_t local = written->local.time_since_epoch().count();
  if (!written->offset) return of_local(local);
  return one(local - written->offset->count());
}

}  // namespace meterhouse
