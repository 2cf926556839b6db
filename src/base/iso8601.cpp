// The grammar is that of Python 3.12's datetime.fromisoformat (CPython's Modules/_datetimemodule.c), its oddities
// included: clients of the first system may send whatever that function took. Nearly all texts are
// "YYYY-MM-DDTHH:MM:SS" with "Z",
// "+HH:MM" or nothing behind: those are checked and read at fixed places; everything else walks the grammar.
#include "base/iso8601.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.h"
#include "base/utf8.h"

namespace meterhouse {
namespace {

constexpr int kSecondsPerMinute = 60;
constexpr int kSecondsPerHour = 3600;
constexpr int kSecondsPerDay = 86400;

[[gnu::cold]] Error not_a_time(std::string_view text) {
  return {Errc::invalid_argument, fmt::format("not an ISO 8601 date and time: '{:.40}'", text)};
}

constexpr bool is_leap(unsigned year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// year 1..9999 as Python has it
constexpr bool is_date(unsigned year, unsigned month, unsigned day) {
  constexpr std::array<unsigned char, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year - 1 > 9998 || month - 1 > 11 || day == 0) return false;
  return day <= kDays[month] || (month == 2 && day == 29 && is_leap(year));
}

constexpr std::int64_t days_since_epoch(unsigned year, unsigned month, unsigned day) {
  // Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil; here for year >= 1.
  const unsigned y = year - (month <= 2 ? 1 : 0);
  const unsigned era = y / 400;
  const unsigned year_of_era = y - era * 400;
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<std::int64_t>(era) * 146097 + day_of_era - 719468;
}

WrittenTime written(std::int64_t days, int second_of_day, std::optional<Seconds> offset) {
  return {.local = date::local_seconds{Seconds{days * kSecondsPerDay + second_of_day}}, .offset = offset};
}

// Two digits at a fixed place. What is no digit leaves a bit in `bad`.
unsigned two(const char* p, unsigned& bad) {
  const unsigned tens = static_cast<unsigned char>(p[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(p[1]) - unsigned{'0'};
  bad |= static_cast<unsigned>(tens > 9) | static_cast<unsigned>(ones > 9);
  return tens * 10 + ones;
}

// "YYYY-MM-DD?HH:MM:SS", then "", "Z" or "+HH:MM". nullopt: another form, or no time at all.
std::optional<WrittenTime> parse_common(std::string_view text) {
  const std::size_t size = text.size();
  if (size != 25 && size != 19 && size != 20) return std::nullopt;
  const char* p = text.data();
  unsigned bad = 0;
  const unsigned year = two(p, bad) * 100 + two(p + 2, bad);
  const unsigned month = two(p + 5, bad);
  const unsigned day = two(p + 8, bad);
  const unsigned hour = two(p + 11, bad);
  const unsigned minute = two(p + 14, bad);
  const unsigned second = two(p + 17, bad);
  bad |= static_cast<unsigned>(p[4] != '-') | static_cast<unsigned>(p[7] != '-') | static_cast<unsigned>(p[13] != ':') |
         static_cast<unsigned>(p[16] != ':') | static_cast<unsigned>(static_cast<unsigned char>(p[10]) > 0x7F) |
         static_cast<unsigned>(hour > 23) | static_cast<unsigned>(minute > 59) | static_cast<unsigned>(second > 59);
  if (bad != 0 || !is_date(year, month, day)) return std::nullopt;
  const std::int64_t days = days_since_epoch(year, month, day);
  const int second_of_day = static_cast<int>(hour * kSecondsPerHour + minute * kSecondsPerMinute + second);
  if (size == 19) return written(days, second_of_day, std::nullopt);
  if (size == 20) return p[19] == 'Z' ? std::optional{written(days, second_of_day, Seconds{0})} : std::nullopt;
  const unsigned offset_hour = two(p + 20, bad);
  const unsigned offset_minute = two(p + 23, bad);
  if (bad != 0 || p[22] != ':' || offset_hour > 23 || offset_minute > 59 || (p[19] != '+' && p[19] != '-'))
    return std::nullopt;
  const auto offset = static_cast<int>(offset_hour * kSecondsPerHour + offset_minute * kSecondsPerMinute);
  return written(days, second_of_day, Seconds{p[19] == '-' ? -offset : offset});
}

// What is left of a text. Peeking past the end reads '\0', as Python's C strings do.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  char next() {
    const char c = peek();
    ++position_;
    return c;
  }
  void back() { --position_; }
  std::size_t left() const { return at_end() ? 0 : text_.size() - position_; }
  // exactly `count` digits
  std::optional<unsigned> digits(std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(peek())) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(next() - '0');
    }
    return value;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

// Where the date ends: the forms of a date can be told apart by characters 4 and 5, save those of a week, where Python
// guesses as well as it can (any character may separate date and time). Length >= 7.
std::optional<std::size_t> date_length(std::string_view text) {
  const std::size_t size = text.size();
  if (size == 7) return 7;
  if (text[4] == '-') {
    if (text[5] != 'W') return 10;                    // YYYY-MM-DD
    if (size == 8 || text[8] != '-') return 8;        // YYYY-Www
    if (size == 9) return std::nullopt;               // YYYY-Www-
    return size > 10 && is_digit(text[10]) ? 8 : 10;  // YYYY-Www and '-' before the hour, or YYYY-Www-d
  }
  if (text[4] != 'W') return 8;  // YYYYMMDD
  std::size_t digits_end = 7;
  while (digits_end < size && is_digit(text[digits_end])) ++digits_end;
  if (digits_end < 9) return digits_end;
  return digits_end % 2 == 0 ? 7 : 8;  // hours, minutes and seconds come in pairs
}

std::optional<std::int64_t> days_of_iso_week(unsigned year, unsigned week, unsigned weekday) {
  if (year == 0 || week == 0 || weekday == 0 || weekday > 7) return std::nullopt;
  // Week 1 is the one with the year's first Thursday, so with 4 January. 1970-01-01 was a Thursday.
  const std::int64_t fourth = days_since_epoch(year, 1, 4);
  const std::int64_t monday = fourth - (fourth + 3 + 7'000'000) % 7;
  const std::int64_t fourth_of_next = days_since_epoch(year + 1, 1, 4);
  const std::int64_t next_monday = fourth_of_next - (fourth_of_next + 3 + 7'000'000) % 7;
  const std::int64_t start = monday + (static_cast<std::int64_t>(week) - 1) * 7;
  if (start >= next_monday) return std::nullopt;
  const std::int64_t day = start + weekday - 1;
  if (day < days_since_epoch(1, 1, 1) || day > days_since_epoch(9999, 12, 31)) return std::nullopt;
  return day;
}

std::optional<std::int64_t> parse_date_part(std::string_view text) {
  Cursor cursor{text};
  const auto year = cursor.digits(4);
  if (!year) return std::nullopt;
  const bool dashes = cursor.peek() == '-';
  if (dashes) cursor.next();
  if (cursor.peek() == 'W') {
    cursor.next();
    const auto week = cursor.digits(2);
    if (!week) return std::nullopt;
    if (cursor.at_end()) return days_of_iso_week(*year, *week, 1);
    if (dashes && cursor.next() != '-') return std::nullopt;
    const auto weekday = cursor.digits(1);
    return weekday ? days_of_iso_week(*year, *week, *weekday) : std::nullopt;
  }
  const auto month = cursor.digits(2);
  if (!month || (dashes && cursor.next() != '-')) return std::nullopt;
  const auto day = cursor.digits(2);
  if (!day || !cursor.at_end() || !is_date(*year, *month, *day)) return std::nullopt;
  return days_since_epoch(*year, *month, *day);
}

// HH[[:]MM[[:]SS[.,fraction]]] as seconds of the day, each field as it stands (the caller checks the hour's bound).
struct ClockFields {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  bool trailing = false;  // something unread stands behind the fields
};

std::optional<ClockFields> parse_clock(std::string_view text, char after) {
  ClockFields fields;
  Cursor cursor{text};
  bool colons = true;
  for (unsigned* field : {&fields.hour, &fields.minute, &fields.second}) {
    const auto value = cursor.digits(2);
    if (!value) return std::nullopt;
    *field = *value;
    const char c = cursor.at_end() ? after : cursor.peek();
    cursor.next();
    if (field == &fields.hour) colons = c == ':';
    if (cursor.at_end()) {
      fields.trailing = c != '\0';
      return fields;
    }
    if (c == '.' || c == ',') break;
    if (colons && c == ':') continue;
    if (colons) return std::nullopt;
    cursor.back();
  }
  if (!cursor.digits(std::min<std::size_t>(cursor.left(), 6))) return std::nullopt;
  while (is_digit(cursor.peek())) cursor.next();
  fields.trailing = !cursor.at_end() || after != '\0';
  return fields;
}

struct TimePart {
  int second_of_day = 0;
  std::optional<Seconds> offset;
};

std::optional<TimePart> parse_time_part(std::string_view text) {
  const std::size_t zone = std::min(text.find_first_of("+-Z"), text.size());
  const char after = zone < text.size() ? text[zone] : '\0';
  const auto clock = parse_clock(text.substr(0, zone), after);
  if (!clock || clock->hour > 23 || clock->minute > 59 || clock->second > 59) return std::nullopt;
  TimePart part;
  part.second_of_day =
      static_cast<int>(clock->hour * kSecondsPerHour + clock->minute * kSecondsPerMinute + clock->second);
  if (zone == text.size()) return clock->trailing ? std::nullopt : std::optional{part};
  if (after == 'Z') {
    if (zone + 1 != text.size()) return std::nullopt;
    part.offset = Seconds{0};
    return part;
  }
  const auto offset = parse_clock(text.substr(zone + 1), '\0');
  if (!offset || offset->trailing) return std::nullopt;
  const auto seconds =
      static_cast<int>(offset->hour * kSecondsPerHour + offset->minute * kSecondsPerMinute + offset->second);
  if (seconds >= kSecondsPerDay) return std::nullopt;
  part.offset = Seconds{after == '-' ? -seconds : seconds};
  return part;
}

std::optional<WrittenTime> parse_general(std::string_view text) {
  if (text.size() < 7 || text.find('\0') != std::string_view::npos) return std::nullopt;
  const auto length = date_length(text);
  if (!length || *length > text.size()) return std::nullopt;
  const auto days = parse_date_part(text.substr(0, *length));
  if (!days) return std::nullopt;
  if (text.size() == *length) {
    WrittenTime midnight = written(*days, 0, std::nullopt);
    midnight.date_alone = true;
    return midnight;
  }
  const std::size_t separator = utf8_length(text.substr(*length));  // one character, whatever it is
  if (separator == 0) return std::nullopt;
  const auto time = parse_time_part(text.substr(*length + separator));
  if (!time) return std::nullopt;
  return written(*days, time->second_of_day, time->offset);
}

void put_two(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

void put_date(char* out, date::year_month_day day) {
  const auto year = static_cast<unsigned>(static_cast<int>(day.year()));
  put_two(out, year / 100 % 100);
  put_two(out + 2, year % 100);
  out[4] = '-';
  put_two(out + 5, static_cast<unsigned>(day.month()));
  out[7] = '-';
  put_two(out + 8, static_cast<unsigned>(day.day()));
}

void put_clock(char* out, unsigned seconds) {
  put_two(out, seconds / kSecondsPerHour);
  out[2] = ':';
  put_two(out + 3, seconds / kSecondsPerMinute % 60);
}

}  // namespace

Result<WrittenTime> parse_iso8601(std::string_view text) {
  if (const auto time = parse_common(text)) [[likely]]
    return *time;
  const auto time = parse_general(text);
  if (!time) return not_a_time(text);
  return *time;
}

void append_iso8601(std::string& out, Instant instant, Seconds offset) {
  const std::int64_t local = epoch_seconds(instant) + offset.count();
  std::int64_t days = local / kSecondsPerDay;
  std::int64_t second_of_day = local % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  const auto seconds = static_cast<unsigned>(second_of_day);
  std::array<char, 28> text{};
  put_date(text.data(), date::year_month_day{date::local_days{date::days{days}}});
  text[10] = 'T';
  put_clock(text.data() + 11, seconds);
  text[16] = ':';
  put_two(text.data() + 17, seconds % 60);
  const auto distance = static_cast<unsigned>(std::abs(offset.count()));
  text[19] = offset.count() < 0 ? '-' : '+';
  put_clock(text.data() + 20, distance);
  std::size_t size = 25;
  if (distance % 60 != 0) {  // local mean times of before the standard zones
    text[25] = ':';
    put_two(text.data() + 26, distance % 60);
    size = 28;
  }
  out.append(text.data(), size);
}

std::string format_iso8601(Instant instant, Seconds offset) {
  std::string out;
  append_iso8601(out, instant, offset);
  return out;
}

Result<date::local_days> parse_date(std::string_view text) {
  unsigned bad = text.size() != 10 || text[4] != '-' || text[7] != '-' ? 1 : 0;
  if (bad == 0) {
    const unsigned year = two(text.data(), bad) * 100 + two(text.data() + 2, bad);
    const unsigned month = two(text.data() + 5, bad);
    const unsigned day = two(text.data() + 8, bad);
    if (bad == 0 && is_date(year, month, day)) return date::local_days{date::days{days_since_epoch(year, month, day)}};
  }
  return Error{Errc::invalid_argument, fmt::format("not a date (YYYY-MM-DD): '{:.40}'", text)};
}

Result<date::year_month> parse_year_month(std::string_view text) {
  unsigned bad = text.size() != 7 || text[4] != '-' ? 1 : 0;
  if (bad == 0) {
    const unsigned year = two(text.data(), bad) * 100 + two(text.data() + 2, bad);
    const unsigned month = two(text.data() + 5, bad);
    if (bad == 0 && is_date(year, month, 1)) return date::year{static_cast<int>(year)} / static_cast<int>(month);
  }
  return Error{Errc::invalid_argument, fmt::format("not a month (YYYY-MM): '{:.40}'", text)};
}

std::string format_date(date::local_days day) {
  std::string text(10, ' ');
  put_date(text.data(), date::year_month_day{day});
  return text;
}

std::string format_year_month(date::year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()), static_cast<unsigned>(month.month()));
}

}  // namespace meterhouse
