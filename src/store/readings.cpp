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

Result<AppendCounts> ReadingStore::append_and_wait(std::vector<Reading> batch) {
  std::promise<Result<AppendCounts>> promise;
  auto future = promise.get_future();
  append(std::move(batch), [&promise](Result<AppendCounts> counts) { promise.set_value(std::move(counts)); });
  return future.get();
}

}  // namespace meterhouse
