#pragma once

#include "base/site_calendar.h"
#include "http/json_writer.h"
#include "model/day_total.h"
#include "model/job.h"

namespace meterhouse {

// {"id","job","day","trigger","state","started","ended","steps":[{"name","state","started","ended","duration_ms",
// "progress","outcome"},…]}
void append_job_run(JsonWriter& json, const JobRun& run, const SiteCalendar& calendar);

// {"date","closed_at","readings","missing"}, the object left open for what else belongs to it.
void begin_closed_day(JsonWriter& json, const ClosedDay& day, const SiteCalendar& calendar);
void append_day_total(JsonWriter& json, const DayTotal& total);

}  // namespace meterhouse
