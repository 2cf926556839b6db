#include "figures.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace meterhouse::bench {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Times times_of(int runs, const std::function<void()>& run) {
  std::vector<double> times;
  double best_cpu = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto start = SteadyClock::now();
    const double cpu = cpu_seconds();
    run();
    best_cpu = std::min(best_cpu, cpu_seconds() - cpu);
    times.push_back(seconds_since(start));
  }
  std::ranges::sort(times);
  return {times.front(), times[times.size() / 2], best_cpu};
}

void print_figure(std::string_view key, std::string_view what, double figure, std::string_view unit, Budget budget,
                  std::string_view note) {
  const bool least = budget.kind == Budget::Kind::at_least;
  std::string budget_text;
  const char* verdict = "";
  if (budget.kind != Budget::Kind::none) {
    budget_text = fmt::format("{} {:g}", least ? ">=" : "<=", budget.value);
    verdict = (least ? figure >= budget.value : figure <= budget.value) ? "met" : "MISSED";
  }
  std::puts(
      fmt::format("{:<62} {:>11.3f} {:<18} {:>9} {:<7}{}", what, figure, unit, budget_text, verdict, note).c_str());
  std::fflush(stdout);
  if (const char* path = std::getenv("MH_BENCH_FIGURES")) {
    if (std::FILE* file = std::fopen(path, "a")) {
      std::fputs(fmt::format("{} {}\n", key, figure).c_str(), file);
      std::fclose(file);
    }
  }
}

double sync_probe_us(const std::string& directory) {
  constexpr std::size_t kPage = 4096;
  constexpr int kPages = 1024;
  constexpr int kSyncs = 400;
  const std::string path = directory + "/sync-probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) die("cannot write " + path);
  const std::vector<char> page(kPage, 'x');
  for (int i = 0; i < kPages; ++i)
    if (::pwrite(file, page.data(), kPage, static_cast<off_t>(i * kPage)) != kPage) die("cannot write " + path);
  ::fsync(file);
  std::vector<double> times;
  for (int i = 0; i < kSyncs; ++i) {
    const auto start = SteadyClock::now();
    if (::pwrite(file, page.data(), kPage, static_cast<off_t>(i % kPages * kPage)) != kPage) die("cannot write");
    if (::fdatasync(file) != 0) die("cannot sync " + path);
    times.push_back(seconds_since(start) * 1e6);
  }
  ::close(file);
  std::filesystem::remove(path);
  std::ranges::nth_element(times, times.begin() + kSyncs / 2);
  return times[kSyncs / 2];
}

void print_sync_probe(const std::string& directory) {
  print_figure("sync_us", "  sync probe: 4 KiB written over + fdatasync, median", sync_probe_us(directory), "us");
}

std::uint64_t directory_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory})
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

}  // namespace meterhouse::bench
