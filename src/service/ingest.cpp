#include "service/ingest.h"

#include <algorithm>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::string_view kNotRegistered = "is not registered";

// The listed rejects stay in the order of the rows, and the first ones.
void list_unknown(ParsedRows& rows, const std::vector<std::size_t>& unknown, std::size_t rejects_listed) {
  const std::size_t shown = std::min(unknown.size(), rejects_listed);
  for (std::size_t i = 0; i < shown; ++i)
    rows.rejects.push_back({rows.rows[unknown[i]], "meter_id", std::string{kNotRegistered}});
  std::ranges::sort(rows.rejects, {}, &RowReject::row);
  rows.rejects.resize(std::min(rows.rejects.size(), rejects_listed));
  rows.rejected += unknown.size();
}

}  // namespace

void IngestReport::add_rejects(const ParsedRows& batch) {
  rejected += batch.rejected;
  const std::size_t room = std::min(kMaxErrors - errors.size(), batch.rejects.size());
  errors.insert(errors.end(), batch.rejects.begin(), batch.rejects.begin() + static_cast<std::ptrdiff_t>(room));
}

void reject_unregistered(ParsedRows& rows, const MeterDirectory& directory, std::size_t rejects_listed) {
  const std::vector<std::size_t> unknown = directory.unknown(rows.readings);
  if (unknown.empty()) return;
  list_unknown(rows, unknown, rejects_listed);
  std::size_t kept = unknown.front();
  auto skip = unknown.begin();
  for (std::size_t i = kept; i < rows.readings.size(); ++i) {
    if (skip != unknown.end() && *skip == i) {
      ++skip;
      continue;
    }
    rows.readings[kept] = rows.readings[i];
    rows.rows[kept++] = rows.rows[i];
  }
  rows.readings.erase(rows.readings.begin() + static_cast<std::ptrdiff_t>(kept), rows.readings.end());
  rows.rows.resize(kept);
}

void Ingest::take(ParsedRows& rows, AppendDone done) {
  MH_CHECK(rows.readings.size() <= ReadingStore::kMaxBatchReadings);
  reject_unregistered(rows, directory_, limits_.rejects_listed);
  if (rows.readings.empty()) return done(AppendCounts{});
  const std::size_t size_bytes = rows.readings.size() * sizeof(Reading);
  if (!reserve(size_bytes))
    return done(Error{Errc::unavailable, "too many readings wait to be stored; send the rest again in a second"});
  const auto release = [bytes_in_flight = bytes_in_flight_, size_bytes,
                        done = std::move(done)](Result<AppendCounts> counts) {
    bytes_in_flight->fetch_sub(size_bytes, std::memory_order_relaxed);
    done(std::move(counts));
  };
  store_.append(std::move(rows.readings), release);
  rows.readings.clear();
  rows.rows.clear();
}

// Relaxed: only the sum matters, nothing else is ordered by it.
bool Ingest::reserve(std::size_t size_bytes) {
  const std::size_t before = bytes_in_flight_->fetch_add(size_bytes, std::memory_order_relaxed);
  if (before == 0 || before + size_bytes <= limits_.bytes_in_flight) return true;
  bytes_in_flight_->fetch_sub(size_bytes, std::memory_order_relaxed);
  return false;
}

}  // namespace meterhouse
