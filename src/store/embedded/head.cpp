#include "store/embedded/head.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::size_t kMinCells = 64;
}  // namespace

KeyTable::KeyTable(std::size_t expected_keys) {
  std::size_t cells = kMinCells;
  while (cells * 3 / 4 < expected_keys) cells *= 2;
  cells_.resize(cells);
  shift_ = 64 - std::countr_zero(cells);
}

void KeyTable::insert(SeriesKey key, std::uint32_t value) {
  if ((size_ + 1) * 4 > cells_.size() * 3) grow();
  const std::size_t mask = cells_.size() - 1;
  std::size_t at = home(key.packed());
  while (cells_[at].key != kNone) at = (at + 1) & mask;
  cells_[at] = {key.packed(), value};
  ++size_;
}

void KeyTable::set(SeriesKey key, std::uint32_t value) {
  const std::size_t mask = cells_.size() - 1;
  for (std::size_t at = home(key.packed()); cells_[at].key != kNone; at = (at + 1) & mask) {
    if (cells_[at].key != key.packed()) continue;
    cells_[at].value = value;
    return;
  }
  insert(key, value);
}

void KeyTable::grow() {
  std::vector<Cell> old = std::move(cells_);
  cells_.assign(old.size() * 2, Cell{});
  --shift_;
  const std::size_t mask = cells_.size() - 1;
  for (const Cell& cell : old) {
    if (cell.key == kNone) continue;
    std::size_t at = home(cell.key);
    while (cells_[at].key != kNone) at = (at + 1) & mask;
    cells_[at] = cell;
  }
}

Head::Head(std::size_t channels) : table_(channels) {}

Head::Put Head::put_out_of_order(Channel& c, const Reading& reading, RunArena::Entry entry) {
  const bool after_outside = !c.has_outside || reading.seconds() > c.newest_outside;
  const std::span<const RunArena::Entry> run{c.run, c.count};
  const auto found = std::ranges::lower_bound(run, entry.seconds, {}, &RunArena::Entry::seconds);
  if (found != run.end() && found->seconds == entry.seconds)
    return found->value() == reading.register_value() ? Put::duplicate : Put::conflict;
  if (!after_outside) return Put::older;
  insert_sorted(c, entry);
  return Put::accepted;
}

void Head::add_channel(SeriesKey key, std::optional<Instant> newest_outside) {
  const auto index = static_cast<std::uint32_t>(table_.size());
  if (index % kChunk == 0) chunks_.push_back(std::make_unique<Channel[]>(kChunk));
  Channel& c = channel(index);
  c.key = key.packed();
  c.has_outside = newest_outside.has_value();
  if (newest_outside) c.newest_outside = static_cast<std::uint32_t>(epoch_seconds(*newest_outside));
  table_.insert(key, index);
}

void Head::insert(const Reading& reading, ReadingFlags flags) {
  Channel& c = channel(table_.find(reading.key()));
  const auto entry = RunArena::Entry::of(reading.seconds(), reading.register_value(), flags);
  if (c.count == 0 || reading.seconds() > c.newest)
    append(c, entry);
  else
    insert_sorted(c, entry);
}

void Head::insert_sorted(Channel& c, RunArena::Entry entry) {
  if (c.count == c.capacity) grow(c);
  RunArena::Entry* const end = c.run + c.count;
  RunArena::Entry* const place = std::ranges::lower_bound(c.run, end, entry.seconds, {}, &RunArena::Entry::seconds);
  std::memmove(place + 1, place, static_cast<std::size_t>(end - place) * sizeof(entry));
  *place = entry;
  ++c.count;
  if (watchers_ > 0) {
    inserted_[c.key].push_back({insertions_++, entry.seconds});
    ++inserted_size_;
  }
  c.newest = c.run[c.count - 1].seconds;
  ++readings_;
}

void Head::grow(Channel& c) {
  const bool first = c.run == nullptr;
  const auto larger = static_cast<std::uint8_t>(first ? 0 : c.size_class + 1);
  RunArena::Entry* const run = arena_.allocate(larger);
  if (!first) {
    std::memcpy(run, c.run, c.count * sizeof(*run));
    arena_.release(c.run, c.size_class);
  }
  c.run = run;
  c.size_class = larger;
  c.capacity = RunArena::capacity(larger);
}

std::span<const RunArena::Entry> Head::run(SeriesKey key) const {
  const std::uint32_t index = table_.find(key);
  if (index == KeyTable::kNone) return {};
  const Channel& c = channel(index);
  return {c.run, c.count};
}

std::optional<Instant> Head::newest_known(SeriesKey key) const {
  const Channel& c = channel(table_.find(key));
  if (c.count == 0 && !c.has_outside) return std::nullopt;
  return instant_from_epoch(std::max(c.count > 0 ? c.newest : 0, c.has_outside ? c.newest_outside : 0));
}

std::optional<Instant> Head::newest_outside(SeriesKey key) const {
  const Channel& c = channel(table_.find(key));
  if (!c.has_outside) return std::nullopt;
  return instant_from_epoch(c.newest_outside);
}

std::vector<SeriesKey> Head::sorted_keys(KeyRange keys) const {
  std::vector<SeriesKey> sorted;
  for (std::uint32_t index = 0; index < table_.size(); ++index) {
    const Channel& c = channel(index);
    if (c.count == 0 || c.key < keys.first || c.key > keys.last) continue;
    sorted.push_back(SeriesKey::from_packed(c.key).value());
  }
  std::ranges::sort(sorted);
  return sorted;
}

std::vector<Head::RunSize> Head::run_sizes(KeyRange keys) const {
  std::vector<RunSize> sizes;
  for (std::uint32_t index = 0; index < table_.size(); ++index) {
    const Channel& c = channel(index);
    if (c.count == 0 || c.key < keys.first || c.key > keys.last) continue;
    sizes.push_back({SeriesKey::from_packed(c.key).value(), c.count});
  }
  return sizes;
}

std::uint64_t Head::watch() {
  ++watchers_;
  return insertions_;
}

void Head::unwatch() {
  MH_CHECK(watchers_ > 0);
  if (--watchers_ > 0) return;
  inserted_.clear();
  inserted_size_ = 0;
}

// Appended was only behind everything that stood there: without what was inserted since, the first `count` are those.
void Head::append_run_as_of(std::uint64_t moment, RunSize then, ReadRange range, Series& out) const {
  const auto now = run(then.key);
  std::vector<std::uint32_t> since;
  if (const auto found = inserted_.find(then.key.packed()); found != inserted_.end()) {
    const auto& notes = found->second;
    for (auto note = std::ranges::lower_bound(notes, moment, {}, &Inserted::number); note != notes.end(); ++note)
      since.push_back(note->seconds);
  }
  if (since.empty()) return append_run(out, slice(now.first(then.count), range));
  std::ranges::sort(since);
  std::uint32_t left = then.count;
  for (const RunArena::Entry& entry : now) {
    if (left == 0 || entry.at() > range.to) return;
    if (std::ranges::binary_search(since, entry.seconds)) continue;
    --left;
    if (entry.at() >= range.from) out.push_back(entry.at(), entry.value(), entry.flags());
  }
}

std::size_t Head::bytes() const {
  return table_.bytes() + chunks_.size() * kChunk * sizeof(Channel) + arena_.bytes() +
         inserted_size_ * sizeof(Inserted);
}

void append_run(Series& out, std::span<const RunArena::Entry> run) {
  for (const RunArena::Entry& entry : run) out.push_back(entry.at(), entry.value(), entry.flags());
}

std::span<const RunArena::Entry> slice(std::span<const RunArena::Entry> run, ReadRange range, Neighbours neighbours) {
  const auto from = std::ranges::lower_bound(run, range.from, {}, &RunArena::Entry::at);
  const auto to = std::ranges::upper_bound(run, range.to, {}, &RunArena::Entry::at);
  if (neighbours == Neighbours::without) return {from, std::max(from, to)};
  const auto before = from == run.begin() ? from : std::prev(from);
  const auto behind = to == run.end() ? to : std::next(to);
  return {std::min(before, to), std::max(behind, from)};  // also where the range is empty and `to` lies before `from`
}

}  // namespace meterhouse
