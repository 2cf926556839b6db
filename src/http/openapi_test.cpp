// The OpenAPI document and the table of routes tell the same paths and methods. That real answers fit its schemas is
// checked end to end (tests/e2e/v1_test.py).
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "http/api.h"

namespace meterhouse {
namespace {

namespace json = boost::json;

const json::object& paths() {
  static const json::value document = json::parse({openapi_file().bytes.data(), openapi_file().bytes.size()});
  return document.at("paths").as_object();
}

std::set<std::string> documented() {
  std::set<std::string> operations;
  for (const auto& path : paths())
    for (const auto& member : path.value().as_object()) {
      std::string method{member.key()};
      if (method == "parameters") continue;
      std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      operations.insert(method + " " + std::string{path.key()});
    }
  return operations;
}

TEST(OpenApi, HasThePathsAndMethodsOfTheRouteTable) {
  std::set<std::string> routed;
  for (const RoutePattern& route : Api::route_patterns())
    routed.insert(fmt::format("{} {}", to_string(route.method), route.path));
  EXPECT_THAT(documented(), testing::ContainerEq(routed));
}

TEST(OpenApi, DescribesEveryOperation) {
  std::set<std::string> ids;
  for (const auto& path : paths())
    for (const auto& member : path.value().as_object()) {
      if (member.key() == "parameters") continue;
      SCOPED_TRACE(std::string{path.key()});
      const json::object& operation = member.value().as_object();
      for (const char* name : {"operationId", "summary", "responses", "tags"})
        EXPECT_TRUE(operation.contains(name)) << name;
      EXPECT_TRUE(ids.emplace(operation.at("operationId").as_string()).second) << "an operationId comes twice";
    }
}

}  // namespace
}  // namespace meterhouse
