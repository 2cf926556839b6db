#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What libFuzzer calls with each input; corpus_main.cpp does the same with the files of a folder. A broken promise is
// an MH_CHECK, so that it counts as a crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace meterhouse {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace meterhouse
