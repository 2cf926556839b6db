#pragma once

#include "formats/row_decoder.h"

namespace meterhouse {

// Reads a JSON row of the commonest kind where it stands: one flat object on one line, each known name once, its
// strings plain ASCII without escapes, its numbers without exponents. Every other row, wrong or only unusual, answers 0
// and is left to simdjson, which alone says what is wrong. So this never judges, it only saves the time: a third of a
// general parse.
//   text     RowBuffer::kPadding zero bytes stand behind what was fed, so no read here needs a bound
//   returns  the bytes of the row, and in `fields` views into it; 0: not a plain row
std::size_t read_plain_row(const char* text, RowNames names, RowFields& fields);

}  // namespace meterhouse
