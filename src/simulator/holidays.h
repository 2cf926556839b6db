#pragma once

#include <date/date.h>

namespace meterhouse::simulator {

// Whether the day is a public holiday in Singapore, for the shape of simulated use alone: never for a bill.
// New Year, Labour Day, National Day, Christmas and Good Friday follow their rules in every year; the days of the
// Chinese, Islamic, Hindu and Buddhist calendars are a table for 2010 to 2026. One that falls on a Sunday is kept on
// the Monday.
bool is_public_holiday(date::local_days day);

}  // namespace meterhouse::simulator
