#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace meterhouse::bench {

// A real `meterhouse serve` on a free loopback port, stopped with SIGTERM at the end of the object.
class ServerProcess {
 public:
  ServerProcess(const std::string& program, const std::string& config, const std::string& data);
  ~ServerProcess() { stop(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::uint16_t port() const { return port_; }
  double cpu_seconds() const;  // processor time it has used
  // The most memory it has had since the last reset_peak().
  std::uint64_t peak_resident_bytes() const;
  void reset_peak();
  void stop();

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace meterhouse::bench
