#include "formats/buffered_reader.h"

#include "base/check.h"

namespace meterhouse {

void BufferedReader::feed(std::string_view bytes) {
  if (!fault_) buffer_.append(bytes);
}

Result<bool> BufferedReader::next(ParsedRows& out, std::size_t max_rows) {
  MH_CHECK(max_rows > 0);
  out.clear();
  while (!fault_ && out.size() < max_rows && buffer_.ready())
    if (!step(out, max_rows)) break;
  if (fault_) return *fault_;
  return out.size() >= max_rows;
}

bool BufferedReader::fail(std::string message) {
  fault_ = Error{Errc::invalid_argument, std::move(message)};
  return false;
}

bool BufferedReader::fail_at(std::uint64_t row, std::string_view reason) {
  return fail(fmt::format("row {}: {} (byte {})", row, reason, buffer_.offset() + 1));
}

}  // namespace meterhouse
