#include "cli/testing/failing_allocation.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

long allocations_left = -1;  // below 0: none fails

bool is_to_fail() { return allocations_left >= 0 && allocations_left-- == 0; }

// source  C++20 [new.delete.single]: whoever cannot allocate calls the handler
void* taken(void* memory) {
  if (memory != nullptr) return memory;
  if (const auto handler = std::get_new_handler()) handler();
  throw std::bad_alloc{};
}

void* allocate(std::size_t size) { return taken(is_to_fail() ? nullptr : std::malloc(size)); }

void* allocate(std::size_t size, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  return taken(is_to_fail() ? nullptr : std::aligned_alloc(align, (size + align - 1) / align * align));
}

}  // namespace

namespace meterhouse {

void fail_allocation(long count) { allocations_left = count; }
void fail_no_allocation() { allocations_left = -1; }

}  // namespace meterhouse

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, alignment); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
