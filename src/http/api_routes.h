#pragma once

#include "http/api.h"

namespace meterhouse {

// One row of the table: where a handler runs and how much body it takes.
struct Api::Route {
  using Plain = Response (Api::*)(const Request&, std::string_view body);
  using Streaming = Task<Response> (Api::*)(Request&, BodyReader&);
  enum class Runs : std::uint8_t { on_io_thread, on_worker };

  Method method;
  std::string_view path;
  Plain plain = nullptr;  // gets the whole body
  Runs runs = Runs::on_worker;
  Streaming streaming = nullptr;  // reads the body itself, on the I/O thread, and never blocks
  enum class InMaintenance : std::uint8_t { closed, open } in_maintenance = InMaintenance::closed;
  // Whether it asks for readings or what follows from them: one that is refused or fails is an event.
  enum class Asks : std::uint8_t { other, readings } asks = Asks::other;

  // Waits for the disk: runs on a worker.
  static constexpr Route blocking(Method method, std::string_view path, Plain handler) {
    return {method, path, handler, Runs::on_worker, nullptr};
  }
  // Answers out of memory: runs where it is.
  static constexpr Route quick(Method method, std::string_view path, Plain handler) {
    return {method, path, handler, Runs::on_io_thread, nullptr};
  }
  static constexpr Route stream(Method method, std::string_view path, Streaming handler) {
    return {method, path, nullptr, Runs::on_io_thread, handler};
  }
  constexpr Route open_in_maintenance() const {
    Route open = *this;
    open.in_maintenance = InMaintenance::open;
    return open;
  }
  constexpr Route query() const {
    Route query = *this;
    query.asks = Asks::readings;
    return query;
  }
};

}  // namespace meterhouse
