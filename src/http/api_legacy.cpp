// The first system's endpoints: paths, fields, status codes and messages as its clients know them.
#include "formats/legacy_bodies.h"
#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "http/readings_upload.h"
#include "service/events/event_types.h"

namespace meterhouse {

namespace {

Response legacy_message(std::string_view message) {
  JsonWriter json;
  json.object().key("status").text("success").key("message").text(message).end();
  return json_response(200, json.take());
}

Response registered(const LegacyRegistration& registration, std::string_view timestamp) {
  JsonWriter json;
  json.object().key("status").text("success").key("message").text("Registration successful").key("data").object();
  json.key("MeterID").text(registration.meter.text()).key("Region").text(registration.region);
  json.key("Area").text(registration.area).key("DwellingType").text(registration.dwelling_type);
  json.key("TimeStamp").text(timestamp).end().end();
  return json_response(201, json.take());
}

}  // namespace

Task<Response> Api::legacy_post_reading(Request& request, BodyReader& body) {
  const auto start = std::chrono::steady_clock::now();
  body.set_limit(kMaxBodyBytes);
  std::string storage;
  BudgetShare share{held_bodies_};
  const auto text = co_await read_whole(body, storage, share);
  if (!text) co_return error_for(request.path, text.error());
  const auto parsed = parse_legacy_reading(*text, parts_.calendar, parts_.clock.now() + kMaxClockLead);
  if (!parsed) co_return reject_legacy(legacy_error(parsed.error()));
  if (!parts_.directory.contains(parsed->meter)) co_return reject_legacy(legacy_error(400, "MeterID not registered"));
  const auto reading = accept_legacy_reading(*parsed);
  if (!reading) co_return reject_legacy(legacy_error(400, reading.error().message));

  ParsedRows row;
  row.add(1, *reading);
  const auto counts = co_await store_rows(row, ingest_);
  if (!counts) co_return legacy_error(counts.error());
  count(*counts, 0);
  ingest_metrics_.duration.observe(std::chrono::steady_clock::now() - start);
  co_return legacy_message(counts->pending > 0 ? "Reading stored to pending queue (maintenance mode)"
                                               : "Reading queued successfully");
}

Response Api::reject_legacy(Response response) {
  count({}, 1);
  return response;
}

Task<Response> Api::legacy_post_bulk(Request& request, BodyReader& body) {
  const auto start = std::chrono::steady_clock::now();
  body.set_limit(std::max(kMaxBodyBytes, parts_.bulk_records_max * kMaxBulkRecordBytes));
  std::string storage;
  BudgetShare share{held_bodies_};
  const auto text = co_await read_whole(body, storage, share);
  if (!text) co_return error_for(request.path, text.error());
  auto parsed = parse_legacy_bulk(*text, parts_.calendar, parts_.clock.now() + kMaxClockLead, parts_.bulk_records_max);
  if (!parsed) co_return legacy_error(400, parsed.error().message);

  AppendCounts counts;
  std::uint64_t failed = parsed->rejected;
  for (std::size_t first = 0; first < parsed->readings.size(); first += ReadingStore::kMaxBatchReadings) {
    const std::size_t last = std::min(first + ReadingStore::kMaxBatchReadings, parsed->readings.size());
    ParsedRows batch;
    for (std::size_t i = first; i < last; ++i) batch.add(parsed->rows[i], parsed->readings[i]);
    const auto stored = co_await store_rows(batch, ingest_);
    if (!stored) co_return legacy_error(stored.error());
    counts += *stored;
    failed += batch.rejected;
  }
  count(counts, failed);
  ingest_metrics_.duration.observe(std::chrono::steady_clock::now() - start);
  const std::uint64_t succeeded = counts.accepted + counts.duplicate + counts.conflict + counts.pending;
  co_return legacy_message(fmt::format("Bulk queued. Success: {}, Failed: {}", succeeded, failed));
}

Response Api::legacy_register(const Request&, std::string_view body) {
  const auto registration = parse_legacy_registration(body);
  if (!registration) return legacy_error(registration.error());
  const NewMeter meter{
      registration->meter, registration->region, registration->area, registration->dwelling_type, "", {}};
  const auto done = parts_.registry.register_meters({&meter, 1});
  if (!done) return legacy_error(done.error());
  if (done->outcomes.front() == RegisterOutcome::exists) {
    parts_.events.record(event_type::kRegistrationError, "the meter is already registered", "{}", meter.id);
    return legacy_error(409, "MeterID already registered");
  }
  if (const auto valid = check_legacy_registration(*registration, parts_.site); !valid) {
    parts_.events.record(event_type::kRegistrationError, valid.error().message, "{}", meter.id);
    return legacy_error(valid.error());
  }
  parts_.events.record(event_type::kRegistration, "the meter was registered", "{}", meter.id);
  return registered(*registration, parts_.calendar.format(done->at));
}

}  // namespace meterhouse
