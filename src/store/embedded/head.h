#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/reading.h"
#include "model/series.h"
#include "store/readings.h"

namespace meterhouse {

// Open addressing from a SeriesKey to a small number; never forgets a key. Our own, because a batch of lookups must be
// able to ask for its cache lines beforehand: with a million meters every lookup is a miss.
class KeyTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  explicit KeyTable(std::size_t expected_keys = 0);

  void prefetch(SeriesKey key) const { __builtin_prefetch(&cells_[home(key.packed())]); }
  std::uint32_t find(SeriesKey key) const;          // kNone: not there
  void insert(SeriesKey key, std::uint32_t value);  // not there yet
  void set(SeriesKey key, std::uint32_t value);     // there or not
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return cells_.size() * sizeof(Cell); }

 private:
  struct Cell {
    std::uint32_t key = kNone;  // no key is: its two low bits would be channel 3
    std::uint32_t value = 0;
  };
  // Fibonacci hashing: neighbouring meter ids, the usual case, spread over the table.
  std::size_t home(std::uint32_t packed) const { return (packed * 0x9E3779B97F4A7C15ULL) >> shift_; }
  void grow();

  std::vector<Cell> cells_;
  int shift_ = 0;
  std::size_t size_ = 0;
};

// Memory for the runs of a head: pieces of a few fixed sizes, given back and used again. 12 bytes a reading.
class RunArena {
 public:
  struct Entry {  // a reading within its run, packed
    std::uint32_t seconds;
    std::uint32_t low;  // register | flags << 60, low half
    std::uint32_t high;

    static Entry of(std::uint32_t seconds, MilliWattHours value, ReadingFlags flags);
    Instant at() const { return instant_from_epoch(seconds); }
    MilliWattHours value() const;
    ReadingFlags flags() const;
  };
  static_assert(sizeof(Entry) == 12 && kMaxRegister.count() < std::int64_t{1} << 60);

  // The next larger capacity: at least `count`.
  static std::uint8_t size_class(std::uint32_t count);
  static std::uint32_t capacity(std::uint8_t size_class);

  Entry* allocate(std::uint8_t size_class);
  void release(Entry* run, std::uint8_t size_class);
  std::size_t bytes() const { return slabs_.size() * kSlabBytes; }

 private:
  static constexpr std::size_t kSlabBytes = std::size_t{1} << 20;
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::size_t used_ = kSlabBytes;
  std::vector<std::vector<Entry*>> free_ = std::vector<std::vector<Entry*>>(64);
};

// The readings not folded yet: per channel a run sorted by instant. Appending in order of time is the fast path.
//   threads  one; readers are kept out by the owner's lock, or the head is frozen and only read
class Head {
 public:
  // channels  how many are expected: a head of the same store before
  explicit Head(std::size_t channels = 0);

  enum class Put : std::uint8_t {
    accepted,
    duplicate,
    conflict,
    unknown_channel,  // first reading of the channel: say with add_channel what is known to be older
    older,  // at or before the newest instant outside the head, and not in it: the caller looks there, then insert()s
  };

  Put put(const Reading& reading, ReadingFlags flags);
  // Asks for the cache lines a later put() will need.
  void prefetch_table(const Reading& reading) const { table_.prefetch(reading.key()); }
  void prefetch_run(const Reading& reading) const;

  // newest_outside  the newest instant of the channel that lies outside this head; nullopt: there is none
  void add_channel(SeriesKey key, std::optional<Instant> newest_outside);
  bool has_channel(SeriesKey key) const { return table_.find(key) != KeyTable::kNone; }
  // Without asking what is outside. An equal instant must not be in the head.
  void insert(const Reading& reading, ReadingFlags flags);

  // The channel's readings, ascending; empty where it has none.
  std::span<const RunArena::Entry> run(SeriesKey key) const;
  // The newest instant of a channel of this head, in it or outside; nullopt: it has no reading anywhere.
  std::optional<Instant> newest_known(SeriesKey key) const;
  std::vector<SeriesKey> sorted_keys(KeyRange keys = {}) const;  // of the channels that have a reading

  std::size_t readings() const { return readings_; }
  std::size_t channels() const { return table_.size(); }
  std::size_t bytes() const;

 private:
  struct Channel {  // 32 bytes: half a cache line
    RunArena::Entry* run = nullptr;
    std::uint32_t key = 0;
    std::uint32_t count = 0;
    std::uint32_t newest = 0;          // seconds of the last entry, meaningful where count > 0
    std::uint32_t newest_outside = 0;  // meaningful where outside_known
    bool has_outside = false;
    std::uint8_t size_class = 0;
  };
  static_assert(sizeof(Channel) == 32);
  static constexpr std::size_t kChunk = 4096;  // channels are kept in chunks: growing moves none of them

  Channel& channel(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const Channel& channel(std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  void append(Channel& channel, RunArena::Entry entry);
  void insert_sorted(Channel& channel, RunArena::Entry entry);
  void make_room(Channel& channel);

  KeyTable table_;
  std::vector<std::unique_ptr<Channel[]>> chunks_;
  RunArena arena_;
  std::size_t readings_ = 0;
};

// The entries of a run within a range, appended to `out`.
void append_run(Series& out, std::span<const RunArena::Entry> run);
std::span<const RunArena::Entry> slice(std::span<const RunArena::Entry> run, ReadRange range);

}  // namespace meterhouse
