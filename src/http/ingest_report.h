#pragma once

#include <string_view>
#include <vector>

#include "formats/reading_rows.h"
#include "http/message.h"
#include "store/readings.h"

namespace meterhouse {

// What became of the rows of one request, over all its batches.
struct IngestReport {
  static constexpr std::size_t kMaxErrors = 100;

  AppendCounts counts;
  std::uint64_t rejected = 0;
  std::vector<RowReject> errors;  // the first kMaxErrors, by row

  void add_rejects(const ParsedRows& batch);
};

Response report_response(const IngestReport& report);  // 200
Response report_problem(int status, std::string_view detail,
                        const IngestReport& report);  // the same counts in a problem

// The rows whose meter is not registered become rejects. `unknown`: their positions in rows.readings, ascending.
void reject_unknown(ParsedRows& rows, const std::vector<std::size_t>& unknown);

}  // namespace meterhouse
