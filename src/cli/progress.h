#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace meterhouse::cli {

// A line on standard error that tells how far a long command is: shown on a terminal only, from the first second on, at
// most ten times a second, and wiped at the end. One thread.
class Progress {
 public:
  // unit "readings"; total 0: not known
  Progress(std::string unit, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done);

  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string unit_;
  std::uint64_t total_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_;
  Clock::time_point next_;
};

// "1 234 567"
std::string with_spaces(std::uint64_t number);

// "1 meter", "2 000 meters": of words whose plural ends in s.
std::string counted(std::uint64_t count, std::string_view word);

// "[#########           ]  45 %  4 500 000 of 10 000 000 readings, 3.1 M/s, 2 s left" (no bar where total is 0).
std::string progress_line(const std::string& unit, std::uint64_t done, std::uint64_t total, double seconds);

}  // namespace meterhouse::cli
