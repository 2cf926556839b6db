#include "http/ingest_report.h"

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

}  // namespace meterhouse
