#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "service/backup/drill_record.h"

namespace meterhouse::cli {

// What came of a drill, as the commands tell it.
boost::json::object drill_json(const DrillRecord& record);
std::string drill_text(const DrillRecord& record);

// `meterhouse backup drill`: below the command `backup`.
void add_backup_drill(CLI::App& backup, int& exit_code);

}  // namespace meterhouse::cli
