#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <unordered_map>
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
  // kNone: not there
  std::uint32_t find(SeriesKey key) const {
    const std::uint32_t packed = key.packed();
    const std::size_t mask = cells_.size() - 1;
    for (std::size_t at = home(packed);; at = (at + 1) & mask) {
      if (cells_[at].key == packed) return cells_[at].value;
      if (cells_[at].key == kNone) return kNone;
    }
  }
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
//
// All channels of a site grow at about the same time, so the runs of one size are given back together and are no use
// to the next size. Therefore a slab holds runs of one size only, and once all of them are given back it serves any
// other: without that the runs outgrown cost three times what the readings take.
class RunArena {
 public:
  struct Entry {  // a reading within its run, packed
    std::uint32_t seconds;
    std::uint32_t low;  // register | flags << 60, low half
    std::uint32_t high;

    static Entry of(std::uint32_t seconds, MilliWattHours value, ReadingFlags flags) {
      const std::uint64_t packed = static_cast<std::uint64_t>(value.count()) | std::uint64_t{flags.packed()} << 60;
      return {seconds, static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
    }
    Instant at() const { return instant_from_epoch(seconds); }
    MilliWattHours value() const {
      constexpr std::uint64_t kValueMask = (std::uint64_t{1} << 60) - 1;
      return MilliWattHours{static_cast<std::int64_t>((std::uint64_t{high} << 32 | low) & kValueMask)};
    }
    ReadingFlags flags() const { return ReadingFlags::from_packed(static_cast<std::uint8_t>(high >> 28)); }
  };
  static_assert(sizeof(Entry) == 12 && kMaxRegister.count() < std::int64_t{1} << 60);

  RunArena() = default;
  RunArena(const RunArena&) = delete;
  RunArena& operator=(const RunArena&) = delete;

  // The next larger capacity: at least `count`.
  static std::uint8_t size_class(std::uint32_t count);
  static std::uint32_t capacity(std::uint8_t size_class);

  Entry* allocate(std::uint8_t size_class);
  void release(Entry* run, std::uint8_t size_class);
  std::size_t bytes() const { return slabs_ * kSlabBytes + large_bytes_; }

  static constexpr std::size_t kSizeClasses = 80;

 private:
  static constexpr std::size_t kSlabBytes = std::size_t{64} << 10;  // and aligned to it: a run's slab is known
  static constexpr std::size_t kLargeRun = std::size_t{8} << 10;    // a run over this is allocated by itself
  static constexpr std::size_t kEmptySlabsKept = 16;
  static constexpr std::size_t kMostSlabsAtOnce = 32;  // one huge page
  struct Slab;                                         // the header at the front of a slab
  struct Deallocate {
    std::align_val_t alignment;
    void operator()(std::byte* chunk) const { ::operator delete[](chunk, alignment); }
  };

  static std::size_t run_bytes(std::uint8_t size_class) { return capacity(size_class) * sizeof(Entry); }
  Slab* new_slab(std::uint8_t size_class);
  void link(Slab* slab);  // among those of its size that have room
  void unlink(Slab* slab);

  std::vector<std::unique_ptr<std::byte[], Deallocate>> chunks_;
  std::size_t chunk_slabs_ = 0;       // in the newest chunk
  std::size_t chunk_slabs_used_ = 0;  // of those
  std::size_t slabs_ = 0;
  std::vector<Slab*> empty_;
  std::array<Slab*, kSizeClasses> with_room_{};
  std::unordered_map<const Entry*, std::unique_ptr<Entry[]>> large_;
  std::size_t large_bytes_ = 0;
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

  Put put(const Reading& reading, ReadingFlags flags) { return put(find_channel(reading), reading, flags); }
  // The same in two steps, with the cache lines each will need asked for beforehand.
  //   channel  as find_channel said, which also a channel added since does not change
  void prefetch_table(const Reading& reading) const { table_.prefetch(reading.key()); }
  std::uint32_t find_channel(const Reading& reading) const { return table_.find(reading.key()); }
  void prefetch_channel(std::uint32_t channel_index) const {
    if (channel_index != KeyTable::kNone) __builtin_prefetch(&channel(channel_index), 1);
  }
  void prefetch_end(std::uint32_t channel_index) const {
    if (channel_index == KeyTable::kNone) return;
    const Channel& c = channel(channel_index);
    __builtin_prefetch(c.run + c.count, 1);
  }
  Put put(std::uint32_t channel_index, const Reading& reading, ReadingFlags flags) {
    if (channel_index == KeyTable::kNone) return Put::unknown_channel;
    Channel& c = channel(channel_index);
    const auto entry = RunArena::Entry::of(reading.seconds(), reading.register_value(), flags);
    const bool newest =
        (c.count == 0 || entry.seconds > c.newest) && (!c.has_outside || entry.seconds > c.newest_outside);
    if (!newest) return put_out_of_order(c, reading, entry);
    append(c, entry);
    return Put::accepted;
  }

  // newest_outside  the newest instant of the channel that lies outside this head; nullopt: there is none
  void add_channel(SeriesKey key, std::optional<Instant> newest_outside);
  bool has_channel(SeriesKey key) const { return table_.find(key) != KeyTable::kNone; }
  // Without asking what is outside. An equal instant must not be in the head.
  void insert(const Reading& reading, ReadingFlags flags);

  // The channel's readings, ascending; empty where it has none.
  std::span<const RunArena::Entry> run(SeriesKey key) const;
  // The newest instant of a channel of this head, in it or outside; nullopt: it has no reading anywhere.
  std::optional<Instant> newest_known(SeriesKey key) const;
  // As add_channel() was told. The channel is in the head.
  std::optional<Instant> newest_outside(SeriesKey key) const;
  std::vector<SeriesKey> sorted_keys(KeyRange keys = {}) const;  // of the channels that have a reading

  // How a head stood at a moment can be told later, while readings come in: a run then had a size, and has grown at its
  // end, or in its middle by what is noted for as long as anybody watches. Costs an append at the end nothing.
  struct RunSize {
    SeriesKey key;
    std::uint32_t count;
  };
  std::vector<RunSize> run_sizes(KeyRange keys) const;  // of the channels that have a reading, in any order
  // From now on what goes into the middle of a run is noted; returns the moment, for append_run_as_of(). As many
  // unwatch() as watch().
  std::uint64_t watch();
  void unwatch();
  // The readings of a channel within the range as it stood at `moment`, when it had `count`.
  void append_run_as_of(std::uint64_t moment, RunSize then, ReadRange range, Series& out) const;

  std::size_t readings() const { return readings_; }
  std::size_t channels() const { return table_.size(); }
  std::size_t bytes() const;

 private:
  struct Channel {  // half a cache line
    RunArena::Entry* run = nullptr;
    std::uint32_t key = 0;
    std::uint32_t count = 0;
    std::uint32_t capacity = 0;        // of the run
    std::uint32_t newest = 0;          // seconds of the last entry, meaningful where count > 0
    std::uint32_t newest_outside = 0;  // meaningful where outside_known
    bool has_outside = false;
    std::uint8_t size_class = 0;
  };
  static_assert(sizeof(Channel) == 32);
  static constexpr std::size_t kChunk = 512;  // channels are kept in chunks: growing moves none of them

  Channel& channel(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const Channel& channel(std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  Put put_out_of_order(Channel& channel, const Reading& reading, RunArena::Entry entry);
  void append(Channel& channel, RunArena::Entry entry) {
    if (channel.count == channel.capacity) grow(channel);
    channel.run[channel.count++] = entry;
    channel.newest = entry.seconds;
    ++readings_;
  }
  void insert_sorted(Channel& channel, RunArena::Entry entry);
  void grow(Channel& channel);

  KeyTable table_;
  std::vector<std::unique_ptr<Channel[]>> chunks_;
  RunArena arena_;
  std::size_t readings_ = 0;

  struct Inserted {
    std::uint64_t number;  // ascending over all channels
    std::uint32_t seconds;
  };
  std::unordered_map<std::uint32_t, std::vector<Inserted>> inserted_;  // by packed key; empty while nobody watches
  std::uint64_t insertions_ = 0;                                       // noted ever
  std::size_t inserted_size_ = 0;                                      // notes kept
  std::size_t watchers_ = 0;
};

// The entries of a run within a range, appended to `out`.
void append_run(Series& out, std::span<const RunArena::Entry> run);
// With neighbours also one more at either side.
std::span<const RunArena::Entry> slice(std::span<const RunArena::Entry> run, ReadRange range,
                                       Neighbours neighbours = Neighbours::without);

}  // namespace meterhouse
