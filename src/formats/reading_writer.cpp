#include "formats/reading_writer.h"

#include <algorithm>
#include <cstring>

#include "formats/packed_rows.h"

namespace meterhouse {
namespace {

constexpr std::int64_t kDay = 86'400;

void put_two(char* at, std::int64_t value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

void append_meter(std::string& out, MeterId meter) {
  char digits[9];
  auto number = meter.number();
  for (int i = 8; i >= 0; --i, number /= 10) digits[i] = static_cast<char>('0' + number % 10);
  out.append(digits, sizeof digits);
}

}  // namespace

void ReadingWriter::begin(std::string& out) {
  switch (format_) {
    case ReadingFormat::csv:
      out += "meter_id,channel,at,register\n";
      break;
    case ReadingFormat::json:
      out += '[';
      break;
    case ReadingFormat::packed:
      append_packed_header(out);
      break;
    case ReadingFormat::ndjson:
      break;
  }
}

void ReadingWriter::end(std::string& out) {
  if (format_ == ReadingFormat::json) out += "]\n";
}

void ReadingWriter::append(std::string& out, const Reading& reading) {
  switch (format_) {
    case ReadingFormat::csv:
      append_line(out, reading);
      break;
    case ReadingFormat::json:
      if (!first_) out += ",\n";
      append_object(out, reading);
      break;
    case ReadingFormat::ndjson:
      append_object(out, reading);
      out += '\n';
      break;
    case ReadingFormat::packed:
      append_packed(out, reading);
      break;
  }
  first_ = false;
}

void ReadingWriter::append_line(std::string& out, const Reading& reading) {
  append_meter(out, reading.key().meter());
  out += ',';
  out += to_string(reading.key().channel());
  out += ',';
  append_instant(out, reading);
  out += ',';
  append_kwh(out, reading.register_value());
  out += '\n';
}

void ReadingWriter::append_object(std::string& out, const Reading& reading) {
  out += R"({"meter_id":")";
  append_meter(out, reading.key().meter());
  if (reading.key().channel() != Channel::import_) {
    out += R"(","channel":")";
    out += to_string(reading.key().channel());
  }
  out += R"(","at":")";
  append_instant(out, reading);
  out += R"(","register":)";
  append_kwh(out, reading.register_value());
  out += '}';
}

void ReadingWriter::append_instant(std::string& out, const Reading& reading) {
  const auto second = static_cast<std::int64_t>(reading.seconds());
  if (second != cached_second_) {
    const auto offset = calendar_.offset_at(reading.at());
    const auto local = second + offset.count();
    const auto day = local / kDay;
    if (offset.count() % 60 != 0 || local < 0) {  // an offset with seconds, of the nineteenth century or so
      calendar_.append(out, reading.at());
      return;
    }
    if (day != cached_day_) {
      const date::year_month_day date{date::local_days{date::days{day}}};
      const auto year = static_cast<int>(date.year());
      put_two(instant_, year / 100);
      put_two(instant_ + 2, year % 100);
      instant_[4] = instant_[7] = '-';
      put_two(instant_ + 5, static_cast<unsigned>(date.month()));
      put_two(instant_ + 8, static_cast<unsigned>(date.day()));
      cached_day_ = day;
    }
    const auto of_day = local % kDay, east = offset.count() < 0 ? -offset.count() : offset.count();
    instant_[10] = 'T';
    put_two(instant_ + 11, of_day / 3600);
    instant_[13] = instant_[16] = ':';
    put_two(instant_ + 14, of_day / 60 % 60);
    put_two(instant_ + 17, of_day % 60);
    instant_[19] = offset.count() < 0 ? '-' : '+';
    put_two(instant_ + 20, east / 3600);
    instant_[22] = ':';
    put_two(instant_ + 23, east / 60 % 60);
    cached_second_ = second;
  }
  out.append(instant_, sizeof instant_);
}

}  // namespace meterhouse
