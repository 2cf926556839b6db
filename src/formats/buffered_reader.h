#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/reading_rows.h"
#include "formats/row_buffer.h"

namespace meterhouse {

// What the readers of all forms share: the bytes that wait, the loop over them, and the error that ends a body.
class BufferedReader : public RowReader {
 public:
  explicit BufferedReader(RowBuffer::ByteOrderMark mark) : buffer_(mark) {}

  void feed(std::string_view bytes) final;
  void finish() final { buffer_.finish(); }
  Result<bool> next(ParsedRows& out, std::size_t max_rows) final;

 protected:
  // Reads on, until `out` has max_rows rows at most. false: nothing more without more bytes, ended, or failed.
  virtual bool step(ParsedRows& out, std::size_t max_rows) = 0;

  // A syntax error, the answer to every later call; false, for step() to return. fail_at adds row and byte.
  bool fail(std::string message);
  bool fail_at(std::uint64_t row, std::string_view reason);

  RowBuffer buffer_;

 private:
  std::optional<Error> fault_;
};

}  // namespace meterhouse
