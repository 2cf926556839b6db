#pragma once

#include <boost/json/value.hpp>
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

  Result<MeterCounts> register_meters(std::span<const NewMeter> meters) override;
  Result<std::vector<RefusedReading>> take(const std::vector<Reading>& batch, AppendCounts& counts) override;
  Status finish() override { return {}; }

 private:
  Result<boost::json::value> post(const std::string& target, const std::string& content_type, std::string_view body);
  Result<boost::json::value> send_packed(std::span<const Reading> batch);

  HttpClient client_;
  std::string body_;  // used again
};

}  // namespace meterhouse::cli
