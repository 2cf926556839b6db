#include "cli/data_sink.h"

namespace meterhouse::cli {

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
      return Error{Errc::invalid_argument,
                   fmt::format("meter {} was refused: {}", meters[i].id.text(), to_string(outcome))};
  }
  return counts;
}

Result<std::vector<RefusedReading>> DataSink::take(const std::vector<Reading>& batch, AppendCounts& counts) {
  std::vector<RefusedReading> refused;
  for (const auto index : data_->meters().unknown(batch)) refused.push_back({index, "meter_id", "is not registered"});

  std::vector<Reading> known;
  known.reserve(batch.size() - refused.size());
  auto skip = refused.begin();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (skip != refused.end() && skip->index == i)
      ++skip;
    else
      known.push_back(batch[i]);
  }
  if (known.empty()) return refused;
  const auto appended = data_->readings().append_and_wait(std::move(known));
  if (!appended) return appended.error();
  counts += *appended;
  return refused;
}

}  // namespace meterhouse::cli
