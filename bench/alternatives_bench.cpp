// What a user would otherwise pick, under the same load: Redis with the first system's data model (a sorted set a
// meter, a JSON member a reading) and SQLite with a row a reading.
//   alternatives_bench redis PORT always|everysec      a running, empty redis-server
//   alternatives_bench sqlite DIRECTORY
#include <sqlite3.h>

#include <charconv>
#include <filesystem>
#include <string>

#include "figures.h"
#include "load_loop.h"
#include "town_data.h"

namespace meterhouse::bench {
namespace {

constexpr std::uint32_t kMeters = 1'000;
constexpr std::size_t kBatch = 10'000;

// ---- Redis

std::string zadd(std::uint32_t meter, std::int64_t at, std::int64_t centi_kwh) {
  const std::string key = fmt::format("meter:{}:readings", meter);
  const std::string score = fmt::format("{}", at);
  const std::string member = fmt::format(R"({{"meter_id":"{:09}","timestamp":"{}","reading":{}.{:02}}})", meter, at,
                                         centi_kwh / 100, centi_kwh % 100);
  return fmt::format("*4\r\n$4\r\nZADD\r\n${}\r\n{}\r\n${}\r\n{}\r\n${}\r\n{}\r\n", key.size(), key, score.size(),
                     score, member.size(), member);
}

// A connection's own meters, half-hour after half-hour.
class ZaddStream {
 public:
  ZaddStream(std::uint32_t first, std::uint32_t count) : first_(first), count_(count) {}
  void next(std::string& out, std::size_t commands) {
    out.clear();
    for (std::size_t i = 0; i < commands; ++i, ++turn_)
      out += zadd(first_ + turn_ % count_, 1'000'000'800 + 1'800 * (turn_ / count_), 1'000'000 + 23 * (turn_ / count_));
  }

 private:
  std::uint32_t first_;
  std::uint32_t count_;
  std::uint32_t turn_ = 0;
};

std::vector<ZaddStream> streams(std::uint32_t connections) {
  std::vector<ZaddStream> all;
  const std::uint32_t per = std::max(kMeters / connections, 1U);
  for (std::uint32_t i = 0; i < connections; ++i) all.emplace_back(100'000'000 + i * per, per);
  return all;
}

// One command, its whole reply.
std::string ask(std::uint16_t port, std::string_view inline_command) {
  std::string reply;
  bool sent = false;
  run_load(
      {.port = port, .connections = 1, .seconds = 0.001},
      [&](std::size_t, std::string& out) {
        out = sent ? "PING\r\n" : fmt::format("{}\r\n", inline_command);
        sent = true;
      },
      [&](std::string_view bytes) {
        const auto whole = take_redis_reply(bytes);
        if (whole > 0 && reply.empty()) reply = bytes.substr(0, whole);
        return whole;
      });
  return reply;
}

void redis(std::uint16_t port, const std::string& fsync) {
  ask(port, "CONFIG SET appendonly yes");
  ask(port, "CONFIG SET appendfsync " + fsync);
  constexpr std::uint32_t kPipelines = 4;
  constexpr std::size_t kPipeline = 1'000;  // longer ones only wait in the server's buffers
  auto bulk = streams(kPipelines);
  const auto result = run_load(
      {.port = port, .connections = kPipelines, .seconds = 4},
      [&](std::size_t i, std::string& out) { bulk[i].next(out, kPipeline); }, take_redis_replies(kPipeline));
  const double readings = static_cast<double>(result.answers) * kPipeline;
  print_figure("redis_bulk_" + fsync, fmt::format("Redis, pipelined ZADD of JSON, appendfsync {}", fsync),
               readings / result.seconds / 1e6, "M readings/s");

  const std::string info = ask(port, "INFO memory");
  const auto at = info.find("used_memory:") + 12;
  double memory = 0;
  std::from_chars(info.data() + at, info.data() + info.size(), memory);
  print_figure("redis_memory_" + fsync, "  bytes of memory a reading", memory / readings, "bytes");

  ask(port, "FLUSHALL");
  auto single = streams(64);
  const auto singles = run_load(
      {.port = port, .connections = 64, .seconds = 3}, [&](std::size_t i, std::string& out) { single[i].next(out, 1); },
      take_redis_reply);
  print_figure("redis_single_" + fsync, "  one ZADD at a time on 64 connections", singles.per_second() / 1e3, "k/s", {},
               fmt::format(" p99 {:.0f} us", singles.percentile_us(0.99)));
}

// ---- SQLite

class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) die("cannot open " + path);
  }
  ~Database() { sqlite3_close(database_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(database_));
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) die(sqlite3_errmsg(database_));
    return statement;
  }
  std::int64_t count_rows(const char* sql) {
    sqlite3_stmt* statement = prepare(sql);
    std::int64_t rows = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) ++rows;
    sqlite3_finalize(statement);
    return rows;
  }

 private:
  sqlite3* database_ = nullptr;
};

void insert(Database& database, sqlite3_stmt* statement, const std::vector<Reading>& batch) {
  database.run("BEGIN");
  for (const Reading& reading : batch) {
    sqlite3_bind_int64(statement, 1, reading.key().packed());
    sqlite3_bind_int64(statement, 2, reading.seconds());
    sqlite3_bind_int64(statement, 3, reading.register_value().count());
    if (sqlite3_step(statement) != SQLITE_DONE) die("SQLite refused a row");
    sqlite3_reset(statement);
  }
  database.run("COMMIT");
}

void sqlite(const std::string& directory) {
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/alternative.sqlite";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  const auto town = town_of(kMeters, 60);
  const auto batches = batches_of(town, 0, kMeters, kBatch);
  std::size_t readings = 0;
  for (const auto& batch : batches) readings += batch.size();
  Database database{path};
  database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  database.run(
      "CREATE TABLE reading(series INTEGER, at INTEGER, register INTEGER, PRIMARY KEY(series, at)) WITHOUT ROWID");
  sqlite3_stmt* statement = database.prepare("INSERT OR IGNORE INTO reading VALUES(?,?,?)");
  const auto start = SteadyClock::now();
  for (const auto& batch : batches) insert(database, statement, batch);
  print_figure("sqlite_bulk", "SQLite, a row a reading, synchronous=FULL, 10 000 a commit",
               static_cast<double>(readings) / seconds_since(start) / 1e6, "M readings/s");

  constexpr int kSingles = 1'000;
  const auto singles_start = SteadyClock::now();
  for (int i = 0; i < kSingles; ++i)
    insert(database, statement, {Reading{batches[0][0].key(), first_instant() - Seconds{i + 1}, MilliWattHours{i}}});
  print_figure("sqlite_single", "  one reading a commit", kSingles / seconds_since(singles_start) / 1e3, "k/s");
  sqlite3_finalize(statement);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  print_figure("sqlite_disk", "  bytes on disk a reading",
               static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(readings), "bytes");

  const auto month_end = epoch_seconds(first_instant() + date::days{31});
  const std::string totals = fmt::format(
      "SELECT series, max(register) - min(register) FROM reading WHERE at BETWEEN {} AND {} GROUP BY series",
      epoch_seconds(first_instant() + Seconds{1'800}), month_end);
  const Times times = times_of(5, [&] { database.count_rows(totals.c_str()); });
  print_figure("sqlite_totals_ms", "  a month's total of each of 1 000 meters", times.best * 1e3, "ms");
  const Times scan = times_of(3, [&] { database.count_rows("SELECT sum(register), max(at) FROM reading"); });
  print_figure("sqlite_scan", "  full scan", static_cast<double>(readings) / scan.best / 1e6, "M readings/s");
}

}  // namespace
}  // namespace meterhouse::bench

int main(int argc, char** argv) {
  using namespace meterhouse::bench;
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "redis" && argc == 4)
    redis(static_cast<std::uint16_t>(std::atoi(argv[2])), argv[3]);
  else if (what == "sqlite" && argc == 3)
    sqlite(argv[2]);
  else
    die("alternatives_bench redis PORT always|everysec, or sqlite DIRECTORY");
}
