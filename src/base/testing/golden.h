#pragma once

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meterhouse {

// For test programs only. Golden files, tests/golden/`name`, are bytes a program once wrote: every later one reads them
// as the same values. They are never made again; MH_WRITE_GOLDEN in the environment writes those that do not exist yet.
inline std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path{METERHOUSE_SOURCE_DIR} / "tests/golden" / name;
}

inline bool golden_is_wanted(const std::string& name) {
  return std::getenv("MH_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(golden_path(name));
}

inline std::string read_golden(const std::string& name) {
  std::ifstream in{golden_path(name), std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// The golden file, written from `now` where it is wanted; what this program writes stands beside it for comparison.
inline std::string golden_text(const std::string& name, std::string_view now) {
  if (golden_is_wanted(name)) {
    std::filesystem::create_directories(golden_path(name).parent_path());
    std::ofstream{golden_path(name), std::ios::binary} << now;
  }
  return read_golden(name);
}

inline std::vector<std::byte> golden_bytes(const std::string& name, std::span<const std::byte> now) {
  const std::string text = golden_text(name, {reinterpret_cast<const char*>(now.data()), now.size()});
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

}  // namespace meterhouse
