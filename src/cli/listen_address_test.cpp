#include "cli/listen_address.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(ListenAddress, TakesWhatAPersonWrites) {
  struct Case {
    const char* text;
    const char* address;  // null: refused
    int port;
    bool loopback;
  };
  for (const Case& c : {Case{"127.0.0.1:8050", "127.0.0.1", 8050, true}, Case{"8050", "127.0.0.1", 8050, true},
                        Case{"localhost:1", "127.0.0.1", 1, true}, Case{"[::1]:8050", "::1", 8050, true},
                        Case{"0.0.0.0:80", "0.0.0.0", 80, false}, Case{"127.0.0.1:0", "127.0.0.1", 0, true},
                        Case{"127.0.0.1", nullptr, 0, false}, Case{"127.0.0.1:", nullptr, 0, false},
                        Case{"127.0.0.1:65536", nullptr, 0, false}, Case{"nowhere:8050", nullptr, 0, false},
                        Case{"127.0.0.1:80x", nullptr, 0, false}, Case{"", nullptr, 0, false}}) {
    SCOPED_TRACE(c.text);
    const auto listen = parse_listen_address(c.text);
    ASSERT_EQ(listen.has_value(), c.address != nullptr);
    if (!listen) continue;
    EXPECT_EQ(listen->address, c.address);
    EXPECT_EQ(listen->port, c.port);
    EXPECT_EQ(listen->loopback, c.loopback);
  }
}

TEST(ServerOptions, AnswerToLoopbackTheAddressAndTheConfiguredHosts) {
  ServerSettings settings;
  settings.allowed_hosts = {"meters.example"};
  const auto options = server_options(settings, {"192.0.2.7", 80, false});
  for (const char* host : {"localhost", "127.0.0.1", "[::1]", "192.0.2.7", "meters.example"})
    EXPECT_NE(std::ranges::find(options.edge.allowed_hosts, host), options.edge.allowed_hosts.end()) << host;
}

}  // namespace
}  // namespace meterhouse::cli
