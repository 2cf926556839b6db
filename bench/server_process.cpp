#include "server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "figures.h"

namespace meterhouse::bench {
namespace {

// The port the log speaks of; 0: not yet.
std::uint16_t port_in(const std::string& log) {
  std::ifstream file{log};
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kSays = "listening on http://127.0.0.1:";
    const auto at = line.find(kSays);
    if (at == std::string::npos) continue;
    std::uint16_t port = 0;
    std::from_chars(line.data() + at + kSays.size(), line.data() + line.size(), port);
    return port;
  }
  return 0;
}

}  // namespace

ServerProcess::ServerProcess(const std::string& program, const std::string& config, const std::string& data) {
  const std::string log = data + ".log";
  std::filesystem::remove(log);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--config", config.c_str(), "--listen",
            "127.0.0.1:0", nullptr);
    ::_exit(127);
  }
  for (int tries = 0; port_ == 0; ++tries) {
    if (tries > 6'000 || ::waitpid(pid_, nullptr, WNOHANG) != 0) die("the server did not start; see " + log);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    port_ = port_in(log);
  }
}

double ServerProcess::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t ServerProcess::peak_resident_bytes() const {
  std::ifstream status{fmt::format("/proc/{}/status", pid_)};
  for (std::string name; status >> name;)
    if (std::uint64_t kib = 0; name == "VmHWM:" && status >> kib) return kib * 1024;
  die("no peak of resident memory in /proc/PID/status");
  return 0;
}

void ServerProcess::reset_peak() { std::ofstream{fmt::format("/proc/{}/clear_refs", pid_)} << '5'; }

void ServerProcess::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace meterhouse::bench
