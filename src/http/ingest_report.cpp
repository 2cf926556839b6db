#include "http/ingest_report.h"

#include <algorithm>

#include "http/json_writer.h"
#include "http/problem.h"
#include "http/response_head.h"

namespace meterhouse {

namespace {

void append_report(JsonWriter& json, const IngestReport& report) {
  json.key("accepted").number(report.counts.accepted).key("duplicate").number(report.counts.duplicate);
  json.key("conflict").number(report.counts.conflict).key("pending").number(report.counts.pending);
  json.key("rejected").number(report.rejected).key("errors").array();
  for (const RowReject& reject : report.errors)
    json.object().key("row").number(reject.row).key("field").text(reject.field).key("reason").text(reject.reason).end();
  json.end();
}

}  // namespace

void IngestReport::add_rejects(const ParsedRows& batch) {
  rejected += batch.rejected;
  for (const RowReject& reject : batch.rejects) {
    if (errors.size() == kMaxErrors) return;
    errors.push_back(reject);
  }
}

Response report_response(const IngestReport& report) {
  JsonWriter json;
  json.object();
  append_report(json, report);
  return json_response(200, json.end().take());
}

Response report_problem(int status, std::string_view detail, const IngestReport& report) {
  JsonWriter json;
  json.object().key("type").text("about:blank").key("title").text(reason_phrase(status));
  json.key("status").number(std::int64_t{status}).key("detail").text(detail);
  append_report(json, report);
  Response response = problem(status, detail);  // for its headers
  response.body = json.end().take();
  return response;
}

void reject_unknown(ParsedRows& rows, const std::vector<std::size_t>& unknown) {
  if (unknown.empty()) return;
  for (const std::size_t position : unknown) {
    if (rows.rejects.size() >= 2 * ParsedRows::kMaxRejects) break;  // more than are ever shown
    rows.rejects.push_back({rows.rows[position], "meter_id", "is not registered"});
  }
  rows.rejected += unknown.size();
  std::ranges::sort(rows.rejects, {}, &RowReject::row);
  if (rows.rejects.size() > ParsedRows::kMaxRejects) rows.rejects.resize(ParsedRows::kMaxRejects);

  std::size_t kept = 0;
  auto next_unknown = unknown.begin();
  for (std::size_t i = 0; i < rows.readings.size(); ++i) {
    if (next_unknown != unknown.end() && *next_unknown == i) {
      ++next_unknown;
      continue;
    }
    rows.readings[kept] = rows.readings[i];
    rows.rows[kept] = rows.rows[i];
    ++kept;
  }
  rows.readings.erase(rows.readings.begin() + static_cast<std::ptrdiff_t>(kept), rows.readings.end());
  rows.rows.resize(kept);
}

}  // namespace meterhouse
