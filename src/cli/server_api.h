#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/http_client.h"
#include "cli/reading_sink.h"
#include "model/site.h"

namespace meterhouse::cli {

// The calls of /api/v1 that the command line makes. One thread, one connection.
//   errors  of every call: those of HttpClient; a refusal of the server with its own words
class ServerApi final : public ReadingSink {
 public:
  explicit ServerApi(HttpClient client) : client_(std::move(client)) {}
  static Result<ServerApi> connect(std::string_view base);

  // Regions, areas, dwelling types and time zone as the server has them.
  Result<Site> site();

  // An answer of the server as JSON. errors  not_found: 404
  Result<boost::json::value> get(const std::string& target);

  // Begins a job: its run as it stands.
  Result<boost::json::value> start_job(const std::string& target);

  Result<MeterCounts> register_meters(std::span<const NewMeter> meters) override;
  Status take(ParsedRows& batch) override;
  Result<Surroundings> around(SeriesKey key, Instant at) override;
  Status finish() override { return {}; }
  AppendCounts counts() const override { return counts_; }

  // A reading that the server refused: its place in the batch, and why.
  struct Refused {
    std::size_t index;
    std::string field;
    std::string reason;
  };
  // Sends at most ReadingStore::kMaxBatchReadings; what became of them is added to counts(). All the refused, in order.
  // Where the connection breaks they are sent again, which changes nothing but the counts: what the server had taken
  // without being able to say so is a duplicate then.
  Result<std::vector<Refused>> send(std::span<const Reading> batch);

 private:
  Result<boost::json::value> post(const std::string& target, const std::string& content_type, std::string_view body,
                                  Broken broken = Broken::fail);
  Result<boost::json::value> send_packed(std::span<const Reading> batch);
  Result<std::optional<Reading>> latest(SeriesKey key);
  // Ascending, from <= at < to, until visit says false.
  Status for_each_reading(SeriesKey key, TimeRange range, const std::function<bool(const Reading&)>& visit);
  Result<std::optional<Reading>> last_before(SeriesKey key, Instant at);

  HttpClient client_;
  AppendCounts counts_;
  std::string body_;  // used again
};

}  // namespace meterhouse::cli
