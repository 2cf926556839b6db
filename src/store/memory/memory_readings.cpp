#include "store/memory/memory_readings.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace meterhouse {
namespace {

Error closed_error() { return {Errc::unavailable, "the store is closed"}; }

std::optional<MilliWattHours> total_of(const SeriesView& series, ReadRange range) {
  if (series.at.front() != range.from || series.at.back() != range.to) return std::nullopt;
  if (!std::ranges::is_sorted(series.registers)) return std::nullopt;
  return series.registers.back() - series.registers.front();
}

}  // namespace

AppendCounts MemoryReadingStore::apply(Contents& contents, const Arrived& arrived) {
  ++contents.sequence;
  AppendCounts counts;
  for (const Reading& reading : arrived.batch) {
    const Entry entry{reading.register_value(), arrival_class(reading.at(), arrived.at)};
    const auto [kept, is_new] = contents.channels[reading.key()].try_emplace(reading.at(), entry);
    if (is_new) {
      ++counts.accepted;
    } else if (kept->second.register_value == reading.register_value()) {
      ++counts.duplicate;
    } else {
      ++counts.conflict;
    }
  }
  return counts;
}

Result<AppendCounts> MemoryReadingStore::take(Contents& contents, Arrived arrived) {
  if (contents.closed) return closed_error();
  if (!contents.held) return apply(contents, arrived);
  const std::uint64_t readings = arrived.batch.size();
  contents.pending.push_back(std::move(arrived));
  contents.pending_readings += readings;
  return AppendCounts{.pending = readings};
}

void MemoryReadingStore::append(std::vector<Reading> batch, AppendDone done) {
  MH_CHECK(!batch.empty() && batch.size() <= kMaxBatchReadings);
  Arrived arrived{std::move(batch), clock_.now()};
  done(contents_.with([&](Contents& contents) { return take(contents, std::move(arrived)); }));
}

void MemoryReadingStore::record_change(std::string /*change*/, RecordDone done) { done(still_open()); }

Status MemoryReadingStore::hold() {
  return contents_.with([](Contents& contents) -> Status {
    if (contents.closed) return closed_error();
    contents.held = true;
    return {};
  });
}

Result<AppendCounts> MemoryReadingStore::release(const Progress& progress) {
  std::uint64_t total = 0;
  const auto counts = contents_.with([&](Contents& contents) -> Result<AppendCounts> {
    if (contents.closed) return closed_error();
    AppendCounts released;
    for (const Arrived& arrived : contents.pending) released += apply(contents, arrived);
    total = std::exchange(contents.pending_readings, 0);
    contents.pending.clear();
    contents.held = false;
    return released;
  });
  if (progress && counts && total > 0) progress(total, total);
  return counts;
}

Series MemoryReadingStore::series_of(Channel::const_iterator first, Channel::const_iterator last) {
  Series series;
  for (auto it = first; it != last; ++it)
    series.push_back(it->first, it->second.register_value, {it->second.arrival, ReadingStatus::ok});
  return series;
}

Series MemoryReadingStore::series_within(const Channel& channel, ReadRange range, Neighbours neighbours) {
  if (range.to < range.from) return {};
  auto first = channel.lower_bound(range.from);
  auto last = channel.upper_bound(range.to);
  if (neighbours == Neighbours::with) {
    if (first != channel.begin()) --first;
    if (last != channel.end()) ++last;
  }
  return series_of(first, last);
}

Result<Series> MemoryReadingStore::read(SeriesKey key, ReadRange range, Neighbours neighbours, std::size_t most) const {
  return contents_.with([&](const Contents& contents) -> Result<Series> {
    if (contents.closed) return closed_error();
    const auto found = contents.channels.find(key);
    if (found == contents.channels.end()) return Series{};
    Series series = series_within(found->second, range, neighbours);
    if (series.size() > most) return too_many_readings(key, most);
    return series;
  });
}

Result<Series> MemoryReadingStore::latest(SeriesKey key, std::size_t count) const {
  return contents_.with([&](const Contents& contents) -> Result<Series> {
    if (contents.closed) return closed_error();
    const auto found = contents.channels.find(key);
    if (found == contents.channels.end()) return Series{};
    const Channel& channel = found->second;
    const auto taken = static_cast<std::ptrdiff_t>(std::min(count, channel.size()));
    return series_of(std::prev(channel.end(), taken), channel.end());
  });
}

Result<std::vector<std::pair<SeriesKey, Series>>> MemoryReadingStore::snapshot(KeyRange keys, ReadRange range) const {
  using Snapshot = std::vector<std::pair<SeriesKey, Series>>;
  return contents_.with([&](const Contents& contents) -> Result<Snapshot> {
    if (contents.closed) return closed_error();
    Snapshot answer;
    for (const auto& [key, channel] : contents.channels) {
      if (key.packed() < keys.first || key.packed() > keys.last) continue;
      Series series = series_within(channel, range, Neighbours::without);
      if (!series.empty()) answer.emplace_back(key, std::move(series));
    }
    return answer;
  });
}

Status MemoryReadingStore::scan(KeyRange keys, ReadRange range, const Visit& visit) const {
  const auto found = snapshot(keys, range);
  if (!found) return found.error();
  for (const auto& [key, series] : *found)
    if (const Status visited = visit(key, series); !visited) return visited;
  return {};
}

Status MemoryReadingStore::scan_totals(KeyRange keys, ReadRange range, const VisitTotal& visit) const {
  return scan(keys, range,
              [&](SeriesKey key, const SeriesView& series) { return visit(key, total_of(series, range)); });
}

Result<Digest> MemoryReadingStore::digest() const {
  Digest digest;
  const Status scanned = scan({}, {}, [&](SeriesKey key, const SeriesView& series) -> Status {
    digest.add(key, series);
    return {};
  });
  if (!scanned) return scanned.error();
  return digest;
}

Status MemoryReadingStore::still_open() const {
  return contents_.with([](const Contents& contents) -> Status {
    if (contents.closed) return closed_error();
    return {};
  });
}

Status MemoryReadingStore::fold() { return still_open(); }

Status MemoryReadingStore::merge() { return still_open(); }

Result<StoreSnapshot> MemoryReadingStore::snapshot() {
  if (auto done = still_open(); !done) return done.error();
  return Error{Errc::unavailable, "a store in memory keeps no files"};
}

Result<std::uint64_t> MemoryReadingStore::drop_before(Instant month_start) {
  return contents_.with([&](Contents& contents) -> Result<std::uint64_t> {
    if (contents.closed) return closed_error();
    std::uint64_t dropped = 0;
    for (auto& [key, channel] : contents.channels) {
      const std::size_t before = channel.size();
      const auto behind = channel.upper_bound(month_start);
      if (behind != channel.begin()) channel.erase(channel.begin(), std::prev(behind));
      dropped += before - channel.size();
    }
    return dropped;
  });
}

StoreStats MemoryReadingStore::stats() const {
  return contents_.with([](const Contents& contents) {
    StoreStats stats;
    stats.held = contents.held;
    stats.pending_readings = contents.pending_readings;
    stats.sequence = contents.sequence;
    for (const auto& [key, channel] : contents.channels) {
      stats.head_readings += channel.size();
      if (!channel.empty()) stats.newest = std::max(stats.newest, std::optional{channel.rbegin()->first});
    }
    return stats;
  });
}

Status MemoryReadingStore::close() {
  return contents_.with([](Contents& contents) -> Status {
    if (contents.closed) return closed_error();
    contents.closed = true;
    return {};
  });
}

}  // namespace meterhouse
