#pragma once

#include <memory>

#include "http/message.h"

namespace meterhouse {

// Bytes that come out of a gzip body, kept small against a body made to explode: memory is one buffer of kInflateBytes,
// and past kInflateFreeBytes it may not grow to more than kInflateMaxRatio times what came in.
inline constexpr std::size_t kInflateBytes = 256 * 1024;
inline constexpr std::uint64_t kInflateFreeBytes = 8 * 1024 * 1024;
inline constexpr std::uint64_t kInflateMaxRatio = 200;

// Inflates gzip (RFC 1952, several members after one another included) piece by piece.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool hungry() const;                     // all input given so far is used up
  void feed(std::string_view compressed);  // the bytes stay valid until hungry(). Only when hungry().
  // What the input gives next, valid until the next call; empty: nothing more without more input.
  //   refusals  400: not gzip; 413: it grows too much
  OrRefusal<std::string_view> inflate();
  // The input has ended. refusals  400: in the middle of the gzip data
  OrRefusal<void> finish() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace meterhouse
