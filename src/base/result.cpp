#include "base/result.h"

namespace meterhouse {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid argument";
    case Errc::not_found:
      return "not found";
    case Errc::conflict:
      return "conflict";
    case Errc::out_of_range:
      return "out of range";
    case Errc::corruption:
      return "corruption";
    case Errc::io:
      return "input/output error";
    case Errc::no_space:
      return "no space left";
    case Errc::unavailable:
      return "unavailable";
  }
  return "unknown error";
}

}  // namespace meterhouse
