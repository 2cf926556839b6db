#pragma once

#include "formats/reading_rows.h"

namespace meterhouse {

// application/vnd.meterhouse.readings, 16 bytes a reading: docs/formats/packed-readings.md.
inline constexpr std::string_view kPackedMagic = "MHRD";
inline constexpr std::uint16_t kPackedVersion = 1;
inline constexpr std::size_t kPackedHeaderBytes = 16;
inline constexpr std::size_t kPackedRecordBytes = 16;

std::unique_ptr<RowReader> make_packed_reader(const RowContext& context);

void append_packed_header(std::string& out);
void append_packed(std::string& out, const Reading& reading);

}  // namespace meterhouse
