#pragma once

#include <string_view>

#include "http/message.h"
#include "service/ingest.h"

namespace meterhouse {

Response report_response(const IngestReport& report);  // 200
Response report_problem(int status, std::string_view detail,
                        const IngestReport& report);  // the same counts in a problem

}  // namespace meterhouse
