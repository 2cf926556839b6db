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
  void stop();

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace meterhouse::bench
