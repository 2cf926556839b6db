#include "store/readings.h"

#include <future>

namespace meterhouse {

AppendCounts& AppendCounts::operator+=(const AppendCounts& other) {
  accepted += other.accepted;
  duplicate += other.duplicate;
  conflict += other.conflict;
  pending += other.pending;
  if (other.exactness == Exactness::deferred) exactness = Exactness::deferred;
  return *this;
}

Error too_many_readings(SeriesKey key, std::size_t most) {
  return {Errc::out_of_range, fmt::format("meter {} has more than {} readings there, the most that are read at once: "
                                          "ask for a shorter range",
                                          key.meter().text(), most)};
}

Result<AppendCounts> ReadingStore::append_and_wait(std::vector<Reading> batch) {
  std::promise<Result<AppendCounts>> promise;
  auto future = promise.get_future();
  append(std::move(batch), [&promise](Result<AppendCounts> counts) { promise.set_value(std::move(counts)); });
  return future.get();
}

}  // namespace meterhouse
