#include "service/jobs/maintenance.h"

#include <array>
#include <boost/json.hpp>

namespace meterhouse {
namespace {

constexpr std::string_view kStateName = "maintenance";
constexpr std::chrono::milliseconds kTick{100};  // how late the end of the duration is noticed at most
constexpr std::chrono::seconds kRetry{1};        // between attempts to apply what is pending

constexpr std::array<std::string_view, 4> kPhases{"none", "job", "waiting", "applying"};

}  // namespace

std::string_view to_string(Maintenance::Phase phase) { return kPhases[static_cast<std::size_t>(phase)]; }

Maintenance::Maintenance(Catalog& catalog, ReadingStore& store, JobRunner& jobs, const Clock& clock, Options options)
    : catalog_(catalog), store_(store), jobs_(jobs), clock_(clock), options_(std::move(options)) {}

Maintenance::~Maintenance() { stop(); }

meterhouse::Status Maintenance::keep(const State& state) {
  boost::json::object json{{"phase", to_string(state.status.phase)},
                           {"reason", state.status.reason},
                           {"started", epoch_seconds(state.status.started)},
                           {"duration_s", state.duration.count()}};
  if (state.status.until) json["until"] = epoch_seconds(*state.status.until);
  if (state.status.job) json["job"] = *state.status.job;
  return catalog_.set_state(kStateName, boost::json::serialize(json));
}

Result<Maintenance::State> Maintenance::read(const std::string& text) const {
  try {
    const boost::json::object json = boost::json::parse(text).as_object();
    State state;
    const auto phase = std::ranges::find(kPhases, std::string_view{json.at("phase").as_string()});
    if (phase == kPhases.end()) return Error{Errc::corruption, "no such phase of maintenance"};
    state.status.phase = static_cast<Phase>(phase - kPhases.begin());
    state.status.reason = json.at("reason").as_string();
    state.status.started = instant_from_epoch(json.at("started").as_int64());
    state.duration = Seconds{json.at("duration_s").as_int64()};
    if (const auto* until = json.if_contains("until")) state.status.until = instant_from_epoch(until->as_int64());
    if (const auto* job = json.if_contains("job")) state.status.job = job->as_int64();
    return state;
  } catch (const std::exception& error) {
    return Error{Errc::corruption, fmt::format("the state of maintenance in the catalog: {}", error.what())};
  }
}

meterhouse::Status Maintenance::start() {
  const auto text = catalog_.state(kStateName);
  if (!text) return text.error();
  if (*text) {
    auto state = read(**text);
    if (!state) return state.error();
    if (auto held = store_.hold(); !held) return held.error();
    options_.on_change("maintenance goes on after the restart: " + state->status.reason);
    begin(std::move(*state));
  } else if (store_.stats().held) {
    // The process died between entering and writing it down, or between applying and the end.
    const auto applied = store_.release([](std::uint64_t, std::uint64_t) {});
    if (!applied) return applied.error();
    options_.on_applied(*applied);
  }
  return {};
}

meterhouse::Status Maintenance::enter(Seconds duration, std::string reason,
                                      const std::function<Result<std::int64_t>()>& submit_job) {
  const std::scoped_lock one{entering_};
  if (status().phase != Phase::none) return Error{Errc::conflict, "already in maintenance"};
  if (thread_.joinable()) thread_.join();  // of the mode before
  // The state first: a crash from here on is one in maintenance.
  State state{.status = {.phase = Phase::waiting, .reason = std::move(reason), .started = clock_.now()},
              .duration = duration};
  state.status.until = state.status.started + duration;
  if (auto kept = keep(state); !kept) return kept.error();
  if (auto held = store_.hold(); !held) {
    (void)catalog_.clear_state(kStateName);
    return held.error();
  }
  if (submit_job) {
    // Where the job cannot begin the mode still does what it promised, without it.
    const auto job = submit_job();
    if (!job) options_.on_error(job.error().during("the daily job of maintenance"));
    if (job) {
      state.status.job = *job;
      state.status.phase = Phase::job;
      state.status.until.reset();
      if (auto kept = keep(state); !kept) options_.on_error(kept.error());
    }
  }
  options_.on_change("maintenance begins: " + state.status.reason);
  begin(std::move(state));
  return {};
}

void Maintenance::begin(State state) {
  {
    const std::scoped_lock lock{mutex_};
    state_ = std::move(state);
    end_early_ = false;
  }
  active_ = true;
  thread_ = std::thread{[this] { run(); }};
}

meterhouse::Status Maintenance::end() {
  if (!active()) return Error{Errc::conflict, "not in maintenance"};
  {
    const std::scoped_lock lock{mutex_};
    end_early_ = true;
  }
  changed_.notify_all();
  return {};
}

void Maintenance::run() {
  const Status begun = status();
  if (begun.phase == Phase::job && begun.job && !run_job(*begun.job)) return;
  if (!wait_out()) return;
  change([](State& state) {
    state.status.phase = Phase::applying;
    state.status.until.reset();
  });
  bool told = false;
  for (auto applied = apply(); !applied; applied = apply()) {
    if (!std::exchange(told, true)) options_.on_error(applied.error().during("apply the pending readings"));
    // The mode ends whatever happens: queries are answered again, while readings go on being kept as pending.
    active_ = false;
    std::unique_lock lock{mutex_};
    if (changed_.wait_for(lock, kRetry, [this] { return stopping_; })) return;
  }
  finish();
}

// Whatever becomes of the job: that it failed is told by its run.
bool Maintenance::run_job(std::int64_t job) {
  const auto run = jobs_.wait(job);
  if (run && run->state == JobRun::State::running) return false;
  change([this](State& state) {
    state.status.phase = Phase::waiting;
    state.status.until = clock_.now() + state.duration;
  });
  return true;
}

bool Maintenance::wait_out() {
  std::unique_lock lock{mutex_};
  while (!stopping_ && !end_early_ && state_.status.until && clock_.now() < *state_.status.until)
    changed_.wait_for(lock, kTick);
  return !stopping_;
}

void Maintenance::change(const std::function<void(State&)>& edit) {
  State changed;
  {
    const std::scoped_lock lock{mutex_};
    edit(state_);
    changed = state_;
  }
  if (auto kept = keep(changed); !kept) options_.on_error(kept.error());
}

meterhouse::Status Maintenance::apply() {
  const auto applied = store_.release([this](std::uint64_t done, std::uint64_t total) {
    const std::scoped_lock lock{mutex_};
    state_.status.progress = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  });
  if (!applied) return applied.error();
  options_.on_applied(*applied);
  return {};
}

void Maintenance::finish() {
  if (auto cleared = catalog_.clear_state(kStateName); !cleared) options_.on_error(cleared.error());
  options_.on_change("maintenance ended");
  const std::scoped_lock lock{mutex_};
  state_ = {};
  active_ = false;
  changed_.notify_all();
}

Maintenance::Status Maintenance::status() const {
  std::unique_lock lock{mutex_};
  Status status = state_.status;
  lock.unlock();
  if (status.phase != Phase::job) return status;
  const auto run = jobs_.current();
  if (!run || run->id != status.job || run->steps.empty()) return status;
  double done = 0;
  for (const JobStep& step : run->steps) done += has_ended(step.state) ? 1.0 : step.progress.value_or(0.0);
  status.progress = done / static_cast<double>(run->steps.size());
  return status;
}

Seconds Maintenance::remaining() const {
  const std::scoped_lock lock{mutex_};
  if (state_.status.phase == Phase::none || state_.status.phase == Phase::applying) return Seconds{0};
  if (!state_.status.until) return state_.duration;
  return std::max(Seconds{0}, Seconds{*state_.status.until - clock_.now()});
}

void Maintenance::wait_until_ended() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return stopping_ || state_.status.phase == Phase::none; });
}

void Maintenance::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace meterhouse
