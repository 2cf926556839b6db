#include "cli/data_sink.h"

namespace meterhouse::cli {

DataSink::DataSink(std::unique_ptr<DataDirectory> data)
    : data_(std::move(data)),
      ingest_(data_->meters(), data_->readings(), {.rejects_listed = std::numeric_limits<std::size_t>::max()}) {}

DataSink::~DataSink() { (void)wait_until_at_most(0); }

Result<MeterCounts> DataSink::register_meters(std::span<const NewMeter> meters) {
  const auto registrations = data_->registry().register_meters(meters);
  if (!registrations) return registrations.error();
  MeterCounts counts;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const auto outcome = registrations->outcomes[i];
    if (outcome == RegisterOutcome::registered)
      ++counts.registered;
    else if (outcome == RegisterOutcome::exists)
      ++counts.existed;
    else
      counts.refused.push_back({i, std::string{field_of(outcome)}, std::string{to_string(outcome)}});
  }
  return counts;
}

Result<Surroundings> DataSink::around(SeriesKey key, Instant at) {
  const auto series = data_->readings().read(key, {at, at}, Neighbours::with);
  if (!series) return series.error();
  Surroundings found;
  for (std::size_t i = 0; i < series->size(); ++i) {
    const Reading reading{key, series->at[i], series->registers[i]};
    (reading.at() < at ? found.before : reading.at() == at ? found.exactly : found.after) = reading;
  }
  return found;
}

Status DataSink::take(ParsedRows& batch) {
  if (auto room = wait_until_at_most(kMaxBatchesInFlight - 1); !room) return room;
  {
    const std::scoped_lock lock{mutex_};
    ++in_flight_;
  }
  ingest_.take(batch, [this](const Result<AppendCounts>& counts) { done(counts); });
  return {};
}

void DataSink::done(const Result<AppendCounts>& counts) {
  const std::scoped_lock lock{mutex_};  // held over the notification: who waits may destroy the object right after
  --in_flight_;
  if (counts)
    counts_ += *counts;
  else if (!error_)
    error_ = counts.error();
  landed_.notify_one();
}

Status DataSink::wait_until_at_most(std::size_t in_flight) {
  std::unique_lock lock{mutex_};
  landed_.wait(lock, [&] { return in_flight_ <= in_flight; });
  if (error_) return *error_;
  return {};
}

Status DataSink::finish() {
  auto landed = wait_until_at_most(0);
  auto closed = data_->close();
  return landed ? closed : landed;
}

AppendCounts DataSink::counts() const {
  const std::scoped_lock lock{mutex_};
  return counts_;
}

}  // namespace meterhouse::cli
