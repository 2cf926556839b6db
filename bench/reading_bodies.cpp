#include "reading_bodies.h"

#include <date/date.h>
#include <fmt/format.h>

#include <cstring>
#include <iterator>

#include "base/check.h"

namespace meterhouse::bench {
namespace {

constexpr Seconds kHalfHour{1'800};
constexpr std::size_t kRegisterChars = 8;  // 10000.00
constexpr std::string_view kInstant = "2001-09-09T01:46:40Z";

void write_digits(char* out, std::uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

void write_register(char* out, std::uint32_t centi_kwh) {
  write_digits(out, centi_kwh / 100, 5);
  out[5] = '.';
  write_digits(out + 6, centi_kwh % 100, 2);
}

std::string instant_text(Instant at) {
  const auto day = date::floor<date::days>(at);
  const date::year_month_day ymd{day};
  const auto second = (at - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), second / 3600,
                     second / 60 % 60, second % 60);
}

std::string post_head(std::string_view target, std::string_view type, std::size_t length, std::uint16_t port) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", target,
                     port, type, length);
}

}  // namespace

std::string_view media_type(BodyForm form) {
  switch (form) {
    case BodyForm::json:
      return "application/json";
    case BodyForm::ndjson:
      return "application/x-ndjson";
    case BodyForm::csv:
      return "text/csv";
    case BodyForm::packed:
      return "application/vnd.meterhouse.readings";
  }
  return {};
}

BulkRequest::BulkRequest(BodyForm form, std::uint32_t first_meter, std::uint32_t count, std::uint16_t port,
                         Instant before)
    : form_(form), count_(count), at_(before) {
  std::string opening;
  if (form == BodyForm::json) opening = "[";
  if (form == BodyForm::csv) opening = "meter_id,at,register\n";
  if (form == BodyForm::packed) opening = std::string{"MHRD\x01\0\x10\0\0\0\0\0\0\0\0\0", 16};
  for (std::uint32_t i = 0; i < count; ++i) {
    append_row(first_meter + i);
    if (i == 0) row_size_ = text_.size();
    centi_kwh_.push_back(1'000'000 + i * 37 % 5'000);
  }
  if (form == BodyForm::json) text_.back() = ']';
  const std::string head = post_head("/api/v1/readings", media_type(form), opening.size() + text_.size(), port);
  rows_at_ = head.size() + opening.size();
  text_ = head + opening + text_;
}

void BulkRequest::append_row(std::uint32_t meter) {
  std::string row;
  switch (form_) {
    case BodyForm::json:
      row = fmt::format(R"({{"meter_id":"{:09}","at":"{}","register":10000.00}},)", meter, kInstant);
      break;
    case BodyForm::ndjson:
      row = fmt::format("{{\"meter_id\":\"{:09}\",\"at\":\"{}\",\"register\":10000.00}}\n", meter, kInstant);
      break;
    case BodyForm::csv:
      row = fmt::format("{:09},{},10000.00\n", meter, kInstant);
      break;
    case BodyForm::packed: {
      const std::uint32_t key = meter << 2;
      row.assign(16, '\0');
      std::memcpy(row.data(), &key, 4);
      break;
    }
  }
  instant_at_ = form_ == BodyForm::packed ? 4 : row.find(kInstant);
  register_at_ = form_ == BodyForm::packed ? 8 : row.find("10000.00");
  text_ += row;
}

void BulkRequest::write_row(char* row, std::uint32_t index) const {
  if (form_ == BodyForm::packed) {
    const auto seconds = static_cast<std::uint32_t>(epoch_seconds(at_));
    const std::int64_t value = std::int64_t{centi_kwh_[index]} * 10'000;
    std::memcpy(row + 4, &seconds, 4);
    std::memcpy(row + 8, &value, 8);
    return;
  }
  write_register(row + register_at_, centi_kwh_[index]);
}

void BulkRequest::next(std::string& out) {
  at_ += kHalfHour;
  const std::string instant = instant_text(at_);
  MH_CHECK(instant.size() == kInstant.size());
  char* row = text_.data() + rows_at_;
  for (std::uint32_t i = 0; i < count_; ++i, row += row_size_) {
    centi_kwh_[i] += 20 + i % 16;
    if (form_ != BodyForm::packed) std::memcpy(row + instant_at_, instant.data(), instant.size());
    write_row(row, i);
  }
  out = text_;
}

SingleRequest::SingleRequest(std::uint32_t first_meter, std::uint32_t count, std::uint16_t port)
    : first_meter_(first_meter), count_(count), at_(kBeforeAll) {
  constexpr std::string_view kBody =
      R"({"meter_id":"100000001","timestamp":"2001-09-09T01:46:40Z","reading":10000.00})";
  head_ = post_head("/meter/reading", "application/json", kBody.size(), port);
}

void SingleRequest::next(std::string& out) {
  if (turn_++ % count_ == 0) {
    at_ += kHalfHour;
    centi_kwh_ += 23;
  }
  out = head_;
  fmt::format_to(std::back_inserter(out), R"({{"meter_id":"{:09}","timestamp":"{}","reading":{:05}.{:02}}})",
                 first_meter_ + turn_ % count_, instant_text(at_), centi_kwh_ / 100, centi_kwh_ % 100);
}

std::string get_request(std::string_view target, std::uint16_t port) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", target, port);
}

}  // namespace meterhouse::bench
