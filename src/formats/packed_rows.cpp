#include "formats/packed_rows.h"

#include <boost/endian/conversion.hpp>
#include <cstring>

#include "formats/buffered_reader.h"

namespace meterhouse {
namespace {

using boost::endian::load_little_s64;
using boost::endian::load_little_u16;
using boost::endian::load_little_u32;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void append_little(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

class PackedReader final : public BufferedReader {
 public:
  explicit PackedReader(const RowContext& context)
      : BufferedReader(RowBuffer::ByteOrderMark::keep), latest_allowed_(context.latest_allowed) {}

  void set_latest_allowed(Instant latest) override { latest_allowed_ = latest; }

 private:
  bool step(ParsedRows& out, std::size_t max_rows) override {
    return header_read_ ? read_records(out, max_rows) : read_header();
  }

  bool read_header() {
    const std::string_view header = buffer_.view().substr(0, kPackedHeaderBytes);
    const std::string_view magic = header.substr(0, kPackedMagic.size());
    if (!kPackedMagic.starts_with(magic)) return fail(fmt::format("header: the first bytes are not {}", kPackedMagic));
    if (header.size() < kPackedHeaderBytes) {
      if (!buffer_.finished()) return false;
      return fail(fmt::format("header: the body ends within its {} bytes", kPackedHeaderBytes));
    }
    const unsigned version = load_little_u16(bytes_of(header) + 4);
    const unsigned record = load_little_u16(bytes_of(header) + 6);
    if (version != kPackedVersion)
      return fail(fmt::format("header: version {} is not known; it must be {}", version, kPackedVersion));
    if (record != kPackedRecordBytes)
      return fail(fmt::format("header: a record has {} bytes, not {}", kPackedRecordBytes, record));
    if (header.find_first_not_of('\0', 8) != std::string_view::npos)
      return fail("header: the reserved bytes 8 to 15 must be zero");
    buffer_.consume(kPackedHeaderBytes);
    return header_read_ = true;
  }

  bool read_records(ParsedRows& out, std::size_t max_rows) {
    const std::size_t count = std::min(max_rows, buffer_.size() / kPackedRecordBytes);
    out.readings.reserve(count);
    out.rows.reserve(count);
    const auto* record = bytes_of(buffer_.view());
    for (std::size_t i = 0; i < count; ++i, record += kPackedRecordBytes) take_record(record, out);
    buffer_.consume(count * kPackedRecordBytes);
    if (count < max_rows && buffer_.finished() && buffer_.size() > 0)
      return fail_at(row_, fmt::format("the body ends within a record of {} bytes", kPackedRecordBytes));
    return false;
  }

  void take_record(const unsigned char* record, ParsedRows& out) {
    const std::uint64_t row = row_++;
    const std::uint32_t key = load_little_u32(record);
    const std::uint32_t meter = key >> 2;
    const std::uint32_t channel = key & 3;
    const Instant at = instant_from_epoch(load_little_u32(record + 4));
    const MilliWattHours value{load_little_s64(record + 8)};
    if (meter > MeterId::kMax || channel > static_cast<std::uint32_t>(Channel::export_))
      return out.reject(row, "key", "is no meter and channel");
    if (at > latest_allowed_) return out.reject(row, "seconds", "is in the future");
    if (value < MilliWattHours{0}) return out.reject(row, "register", "is negative");
    if (value > kMaxRegister) return out.reject(row, "register", "is over 9000000000 kWh");
    out.add(row, Reading{SeriesKey{MeterId::from_number(meter), static_cast<Channel>(channel)}, at, value});
  }

  Instant latest_allowed_;
  bool header_read_ = false;
  std::uint64_t row_ = 1;
};

}  // namespace

std::unique_ptr<RowReader> make_packed_reader(const RowContext& context) {
  return std::make_unique<PackedReader>(context);
}

void append_packed_header(std::string& out) {
  out.append(kPackedMagic);
  append_little(out, kPackedVersion, 2);
  append_little(out, kPackedRecordBytes, 2);
  append_little(out, 0, 8);
}

void append_packed(std::string& out, const Reading& reading) {
  append_little(out, reading.key().packed(), 4);
  append_little(out, reading.seconds(), 4);
  append_little(out, static_cast<std::uint64_t>(reading.register_value().count()), 8);
}

}  // namespace meterhouse
