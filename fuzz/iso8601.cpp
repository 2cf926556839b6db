// A time that is read, and printed with its offset, is read as the same again; and the quick reader of rows agrees.
#include "base/iso8601.h"

#include "base/check.h"
#include "formats/instant_text.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

void check_agreement(std::string_view text, const Result<WrittenTime>& time) {
  static const SiteCalendar calendar = SiteCalendar::of("Europe/London").value();
  InstantReader reader{calendar};
  const auto answer = reader.read(text);
  MH_CHECK((answer.fault == InstantReader::Fault::not_a_time) == !time.has_value());
  if (!time) return;
  const auto resolved = calendar.resolve(*time);
  MH_CHECK(resolved.has_value() == (answer.fault == InstantReader::Fault::none));
  if (resolved) MH_CHECK(*resolved == answer.earlier);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  const auto time = parse_iso8601(text);
  check_agreement(text, time);
  (void)parse_date(text);
  (void)parse_year_month(text);
  if (!time || !time->offset) return 0;
  const Instant instant = instant_from_epoch((time->local.time_since_epoch() - *time->offset).count());
  if (instant < kFirstInstant || instant > kLastInstant) return 0;
  const auto again = parse_iso8601(format_iso8601(instant, *time->offset));
  MH_CHECK(again.has_value() && again->local == time->local && again->offset == time->offset);
  return 0;
}
