#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "store/embedded/head.h"

namespace meterhouse {
namespace {

// Entries in a run of each size class. A growth costs two or three cache misses, so the first hours of a day take few:
// twice as many up to 8, about a third more up to 64, and what that wastes is less than what a meter may have besides.
// Then a quarter more each time, so that a run just grown still has no more than 15 bytes a reading.
constexpr auto kCapacities = [] {
  std::array<std::uint32_t, RunArena::kSizeClasses> capacities{};
  std::uint32_t capacity = 2;
  for (auto& c : capacities) {
    c = capacity;
    capacity += capacity < 8 ? capacity : capacity < 16 ? 4 : capacity < 64 ? capacity / 3 : capacity / 4;
  }
  return capacities;
}();
static_assert(kCapacities.back() > 268'435'456);

}  // namespace

struct RunArena::Slab {
  Slab* previous = nullptr;
  Slab* next = nullptr;
  Entry* free = nullptr;  // runs given back; each begins with the pointer to the next one
  std::uint32_t runs = 0;
  std::uint32_t runs_begun = 0;  // those before were handed out at least once
  std::uint32_t runs_used = 0;
  std::uint8_t size_class = 0;

  static Slab* of(Entry* run) {
    return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(run) & ~(std::uintptr_t{kSlabBytes} - 1));
  }
  bool has_room() const { return free != nullptr || runs_begun < runs; }
  Entry* take() {
    ++runs_used;
    if (free != nullptr) {
      Entry* const run = free;
      std::memcpy(&free, run, sizeof free);
      return run;
    }
    const std::size_t offset = sizeof(Slab) + runs_begun++ * run_bytes(size_class);
    return reinterpret_cast<Entry*>(reinterpret_cast<std::byte*>(this) + offset);
  }
  void give_back(Entry* run) {
    --runs_used;
    std::memcpy(static_cast<void*>(run), &free, sizeof free);
    free = run;
  }
};

std::uint8_t RunArena::size_class(std::uint32_t count) {
  const auto* const found = std::ranges::lower_bound(kCapacities, count);
  MH_CHECK(found != kCapacities.end());
  return static_cast<std::uint8_t>(found - kCapacities.begin());
}

std::uint32_t RunArena::capacity(std::uint8_t size_class) { return kCapacities[size_class]; }

RunArena::Entry* RunArena::allocate(std::uint8_t size_class) {
  if (run_bytes(size_class) > kLargeRun) {
    auto run = std::make_unique<Entry[]>(capacity(size_class));
    large_bytes_ += run_bytes(size_class);
    Entry* const address = run.get();
    large_.emplace(address, std::move(run));
    return address;
  }
  Slab* slab = with_room_[size_class];
  if (slab == nullptr) slab = new_slab(size_class);
  Entry* const run = slab->take();
  if (!slab->has_room()) unlink(slab);
  return run;
}

void RunArena::release(Entry* run, std::uint8_t size_class) {
  if (run_bytes(size_class) > kLargeRun) {
    large_bytes_ -= run_bytes(size_class);
    large_.erase(run);
    return;
  }
  Slab* const slab = Slab::of(run);
  if (!slab->has_room()) link(slab);
  slab->give_back(run);
  if (slab->runs_used > 0) return;
  unlink(slab);
  empty_.push_back(slab);
  if (empty_.size() <= kEmptySlabsKept) return;
  ::madvise(slab, kSlabBytes, MADV_DONTNEED);  // the system has the memory back, the addresses stay ours
  --slabs_;
}

// Slabs come in chunks that double, so that a small head is small and a large one lies in huge pages.
RunArena::Slab* RunArena::new_slab(std::uint8_t size_class) {
  std::byte* place = nullptr;
  if (!empty_.empty()) {
    if (empty_.size() > kEmptySlabsKept) ++slabs_;
    place = reinterpret_cast<std::byte*>(empty_.back());
    empty_.pop_back();
  } else {
    if (chunk_slabs_used_ == chunk_slabs_) {
      chunk_slabs_ = std::clamp(chunk_slabs_ * 2, std::size_t{1}, kMostSlabsAtOnce);
      chunk_slabs_used_ = 0;
      const std::size_t bytes = chunk_slabs_ * kSlabBytes;
      const auto alignment = std::align_val_t{bytes};
      chunks_.emplace_back(static_cast<std::byte*>(::operator new[](bytes, alignment)), Deallocate{alignment});
      // Readings come in for one meter after the other, each on a page of its own: with small pages every append
      // would also miss in the address translation. Where the kernel has none the advice is without effect.
      if (chunk_slabs_ == kMostSlabsAtOnce) ::madvise(chunks_.back().get(), bytes, MADV_HUGEPAGE);
    }
    place = chunks_.back().get() + chunk_slabs_used_++ * kSlabBytes;
    ++slabs_;
  }
  auto* const slab = new (place) Slab;
  slab->size_class = size_class;
  slab->runs = static_cast<std::uint32_t>((kSlabBytes - sizeof(Slab)) / run_bytes(size_class));
  link(slab);
  return slab;
}

void RunArena::link(Slab* slab) {
  Slab*& first = with_room_[slab->size_class];
  slab->previous = nullptr;
  slab->next = first;
  if (first != nullptr) first->previous = slab;
  first = slab;
}

void RunArena::unlink(Slab* slab) {
  if (slab->previous != nullptr)
    slab->previous->next = slab->next;
  else
    with_room_[slab->size_class] = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

}  // namespace meterhouse
