#include "http/live_events.h"

#include <gtest/gtest.h>

#include <charconv>
#include <random>
#include <thread>

#include "base/property_test.h"
#include "base/testing/temporary_directory.h"
#include "http/testing/raw_client.h"
#include "service/events/event_log.h"
#include "store/contract/must.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

// Follows all events behind the id that the query is.
class FollowApplication final : public Application {
 public:
  FollowApplication(EventLog& log, const EventCatalog& catalog, const SiteCalendar& calendar,
                    std::chrono::milliseconds sign_of_life)
      : log_(log), catalog_(catalog), calendar_(calendar), sign_of_life_(sign_of_life) {}

  Task<Response> handle(Request& request, BodyReader&) override {
    std::int64_t after = 0;
    std::from_chars(request.query.data(), request.query.data() + request.query.size(), after);
    Response response;
    response.content_type = "text/event-stream";
    response.source =
        std::make_shared<LiveEvents>(must(log_.follow({})), catalog_, workers_, calendar_,
                                     LiveEvents::Options{.filter = {}, .after = after, .sign_of_life = sign_of_life_});
    co_return response;
  }
  Response refuse(std::string_view, const Refusal&) const override { return {}; }

 private:
  EventLog& log_;
  const EventCatalog& catalog_;
  const SiteCalendar& calendar_;
  std::chrono::milliseconds sign_of_life_;
  WorkerPool workers_{2};
};

class LiveEventsTest : public testing::Test {
 protected:
  LiveEventsTest() { log_.begin(*catalog_); }

  void begin(ServerOptions options = {}, std::chrono::milliseconds sign_of_life = std::chrono::seconds{15}) {
    options.port = 0;
    application_ = std::make_unique<FollowApplication>(log_, *catalog_, calendar_, sign_of_life);
    server_ = must(Server::start(options, *application_, clock_));
  }
  std::unique_ptr<RawClient> follow(std::int64_t after) {
    auto client = std::make_unique<RawClient>(server_->port());
    client->send(fmt::format("GET /?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", after));
    return client;
  }
  void record(int count, std::size_t size = 1) {
    for (int i = 0; i < count; ++i) {
      log_.record("system", std::string(size, 'x'));
      if (i % 100 == 99) must(log_.flush());
    }
    must(log_.flush());
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
  SiteCalendar calendar_ = must(SiteCalendar::of("Asia/Singapore"));
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  EventLog log_{clock_, {.write_interval = std::chrono::milliseconds{1}, .listed_per_second_max = 1'000'000}};
  std::unique_ptr<FollowApplication> application_;
  std::unique_ptr<Server> server_;
};

// The ids of the events that came whole, in their order; what is left of the text is the beginning of the next.
std::vector<std::int64_t> take_ids(std::string& text) {
  std::vector<std::int64_t> ids;
  for (std::size_t end = 0; (end = text.find("}\n\n")) != std::string::npos; text.erase(0, end + 3)) {
    const std::size_t id = text.find("id: ");
    ids.push_back(std::stoll(text.substr(id + 4)));
  }
  return ids;
}

TEST_F(LiveEventsTest, NothingIsLostAndNothingTwiceOverManyConnections) {
  constexpr std::int64_t kEvents = 4'000;
  std::mt19937_64 random{test_seed()};
  begin();
  record(500);
  std::thread writer{[&] { record(kEvents - 500); }};
  std::int64_t last = 0;
  int connections = 0;
  while (last < kEvents && !HasFailure()) {
    const auto client = follow(last);
    ++connections;
    std::string text;
    for (auto reads = random() % 6 + 2; reads > 0 && last < kEvents; --reads) {
      const std::string some = client->some();
      ASSERT_FALSE(some.empty()) << "behind " << last;
      text += some;
      for (const std::int64_t id : take_ids(text)) {
        EXPECT_EQ(id, last + 1);
        last = id;
      }
    }
  }
  writer.join();
  EXPECT_EQ(last, kEvents);
  EXPECT_GT(connections, 3);
}

TEST_F(LiveEventsTest, AQuietStreamShowsASignOfLife) {
  begin({}, std::chrono::milliseconds{10});
  const auto client = follow(0);
  EXPECT_TRUE(client->wait_for(": events behind 0\n\n"));
  EXPECT_TRUE(client->wait_for("\r\n:\n\n"));
  record(1);
  EXPECT_TRUE(client->wait_for("id: 1\nevent: system\ndata: {"));
}

TEST_F(LiveEventsTest, AClientThatIsGoneIsNoticedWithoutAnEvent) {
  begin();
  {
    const auto client = follow(0);
    EXPECT_TRUE(client->wait_for(": events behind 0"));
    EXPECT_EQ(log_.stats().followers, 1u);
  }
  const auto until = clock_.stopwatch() + std::chrono::seconds{10};
  while (log_.stats().followers > 0 && clock_.stopwatch() < until) std::this_thread::yield();
  EXPECT_EQ(log_.stats().followers, 0u) << "long before the next sign of life";
}

TEST_F(LiveEventsTest, AStoppingServerEndsIt) {
  begin();
  record(1);
  const auto client = follow(0);
  EXPECT_TRUE(client->wait_for("id: 1\n"));
  const auto since = clock_.stopwatch();
  server_->stop();
  EXPECT_LT(clock_.stopwatch() - since, std::chrono::seconds{3});
  EXPECT_TRUE(client->rest().ends_with("0\r\n\r\n")) << "a whole answer, as far as it goes";
}

TEST_F(LiveEventsTest, AClientThatTakesNothingIsCutOffAndGoesOnWhereItWas) {
  ServerOptions options;
  options.write_deadline = std::chrono::milliseconds{200};
  begin(options);
  record(4'000, EventLog::kMaxMessageBytes);  // 16 MiB, more than lies between two sockets
  const auto client = follow(0);
  const auto until = clock_.stopwatch() + std::chrono::seconds{30};
  EXPECT_TRUE(client->wait_for("id: 1\n"));
  while (log_.stats().followers > 0 && clock_.stopwatch() < until) std::this_thread::yield();
  EXPECT_EQ(log_.stats().followers, 0u);
  std::string text = client->rest();
  EXPECT_FALSE(text.ends_with("0\r\n\r\n"));
  const auto ids = take_ids(text);
  ASSERT_FALSE(ids.empty());
  EXPECT_LT(ids.back(), 4'000);
  const auto again = follow(ids.back());
  EXPECT_TRUE(again->wait_for(fmt::format("id: {}\n", ids.back() + 1)));
}

}  // namespace
}  // namespace meterhouse
