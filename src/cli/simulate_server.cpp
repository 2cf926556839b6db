#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/guarded.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/server_api.h"
#include "cli/simulate.h"

namespace meterhouse::cli {
namespace {

using simulator::Feed;
using simulator::PlantedFault;
using simulator::Town;

constexpr std::uint32_t kMetersAtOnce = 10'000;

// What the senders share.
struct Sending {
  Guarded<SimulateSummary> summary;
  Guarded<std::string> faults;
  Guarded<std::optional<Error>> error;
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> failed{false};

  void fail(const Error& why) {
    error.with([&](std::optional<Error>& first) {
      if (!first) first = why;
    });
    failed = true;
  }
};

// Holds a sender back so that it sends `rate` readings a second on average.
class Pace {
 public:
  explicit Pace(double rate) : rate_(rate), start_(std::chrono::steady_clock::now()) {}
  void wait_before(std::uint64_t sent) const {
    if (rate_ <= 0) return;
    std::this_thread::sleep_until(start_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                               std::chrono::duration<double>(static_cast<double>(sent) / rate_)));
  }

 private:
  double rate_;
  std::chrono::steady_clock::time_point start_;
};

Result<std::uint64_t> register_meters(const Town& town, const SimulateOptions& options) {
  auto server = ServerApi::connect(options.server);
  if (!server) return server.error();
  Progress progress{"meters registered", town.size()};
  std::uint64_t registered = 0;
  std::vector<NewMeter> some;
  for (std::uint32_t index = 0; index < town.size();) {
    some.clear();
    for (; index < town.size() && some.size() < kMetersAtOnce; ++index) {
      const Meter meter = town.meter(index);
      some.push_back({meter.id, meter.region, meter.area, meter.dwelling_type, meter.serial, meter.register_digits});
    }
    const auto counts = server->register_meters(some);
    if (!counts) return counts.error();
    if (!counts->refused.empty()) {
      const auto& refused = counts->refused.front();
      return Error{Errc::invalid_argument, fmt::format("meter {} was refused: {}: {}", some[refused.index].id.text(),
                                                       refused.field, refused.reason)};
    }
    registered += counts->registered;
    progress.update(index);
  }
  return registered;
}

// Sends the readings of its share of the meters. Each meter's readings go over one connection, so they keep their
// order.
Status send_share(const Town& town, const SimulateOptions& options, std::uint32_t first, std::uint32_t last,
                  Sending& sending) {
  auto server = ServerApi::connect(options.server);
  if (!server) return server.error();
  const bool list = !options.faults_file.empty();
  Feed feed{town, options.order, town.options().period, first, last, [&](const PlantedFault& fault) {
              sending.summary.with([](SimulateSummary& summary) { ++summary.faults; });
              if (list) sending.faults.with([&](std::string& text) { append_ndjson(text, fault, town.calendar()); });
            }};
  const double rate = options.rate / options.connections;
  const auto limit =
      options.rate > 0 ? std::clamp<std::size_t>(static_cast<std::size_t>(rate / 10), 1, options.batch) : options.batch;
  const Pace pace{rate};
  std::vector<Reading> batch;
  std::uint64_t sent = 0;
  while (!sending.failed && feed.next(batch, limit)) {
    pace.wait_before(sent);
    const auto refused = server->send(batch);
    if (!refused) return refused.error();
    sent += batch.size();
    sending.sent += batch.size();
    sending.summary.with([&](SimulateSummary& summary) {
      if (summary.rejected == 0 && !refused->empty())
        summary.first_rejection = fmt::format("meter {}: {}: {}", batch[refused->front().index].key().text(),
                                              refused->front().field, refused->front().reason);
      summary.rejected += refused->size();
    });
  }
  sending.summary.with([&](SimulateSummary& summary) { summary.counts += server->counts(); });
  return {};
}

// One thread a connection; this one shows how far they are.
Status send_all(const Town& town, const SimulateOptions& options, Sending& sending, Progress& progress) {
  const auto senders = std::min(options.connections, town.size());
  std::mutex mutex;
  std::condition_variable ended;
  std::uint32_t running = senders;
  std::vector<std::thread> threads;
  for (std::uint32_t sender = 0; sender < senders; ++sender) {
    const auto share = [&](std::uint32_t of) {
      return static_cast<std::uint32_t>(std::uint64_t{town.size()} * of / senders);
    };
    threads.emplace_back([&, first = share(sender), last = share(sender + 1)] {
      if (const auto status = send_share(town, options, first, last, sending); !status) sending.fail(status.error());
      const std::scoped_lock lock{mutex};
      --running;
      ended.notify_one();
    });
  }
  std::unique_lock lock{mutex};
  while (running > 0) {
    ended.wait_for(lock, std::chrono::milliseconds{100});
    progress.update(sending.sent);
  }
  lock.unlock();
  for (auto& thread : threads) thread.join();
  return sending.error.with([](const std::optional<Error>& error) -> Status {
    if (error) return *error;
    return {};
  });
}

}  // namespace

Result<SimulateSummary> simulate_to_server(const Town& town, const SimulateOptions& options) {
  std::uint64_t registered = 0;
  if (options.register_meters) {
    const auto counted = register_meters(town, options);
    if (!counted) return counted.error();
    registered = *counted;
  }
  Sending sending;
  Progress progress{"readings", expected_readings(town)};
  if (const auto status = send_all(town, options, sending, progress); !status) return status.error();

  if (!options.faults_file.empty()) {
    auto file = OutputFile::open(options.faults_file);
    if (!file) return file.error();
    if (const auto status = file->write(sending.faults.with([](std::string& text) { return text; })); !status)
      return status.error();
    if (const auto status = file->close(); !status) return status.error();
  }
  auto summary = sending.summary.with([](SimulateSummary& counted) { return counted; });
  summary.meters = town.size();
  summary.registered = registered;
  summary.readings = sending.sent;
  summary.seconds = progress.seconds();
  return summary;
}

}  // namespace meterhouse::cli
