#include "cli/progress.h"

#include <algorithm>
#include <cstdio>

#include "cli/command.h"

namespace meterhouse::cli {
namespace {

constexpr int kBarWidth = 24;

std::string rate_text(double rate) {
  if (rate >= 1e6) return fmt::format("{:.1f} M/s", rate / 1e6);
  if (rate >= 1e4) return fmt::format("{:.0f} k/s", rate / 1e3);
  return fmt::format("{:.0f}/s", rate);
}

}  // namespace

std::string with_spaces(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ' ');
  return digits;
}

std::string counted(std::uint64_t count, std::string_view word) {
  return fmt::format("{} {}{}", with_spaces(count), word, count == 1 ? "" : "s");
}

std::string progress_line(const std::string& unit, std::uint64_t done, std::uint64_t total, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (total == 0) return fmt::format("{} {}, {}", with_spaces(done), unit, rate_text(rate));

  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  auto line =
      fmt::format("[{}{}] {:3.0f} %  {} of {} {}, {}", std::string(filled, '#'), std::string(kBarWidth - filled, ' '),
                  share * 100, with_spaces(done), with_spaces(total), unit, rate_text(rate));
  if (rate > 0 && done < total) line += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
  return line;
}

Progress::Progress(std::string unit, std::uint64_t total)
    : unit_(std::move(unit)),
      total_(total),
      terminal_(stderr_is_terminal()),
      start_(Clock::now()),
      next_(start_ + std::chrono::seconds{1}) {}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::update(std::uint64_t done) {
  if (!terminal_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds{100};
  shown_ = true;
  fmt::print(stderr, "\r\033[K{}", progress_line(unit_, done, total_, seconds()));
  std::fflush(stderr);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

}  // namespace meterhouse::cli
