#include "http/maintenance_request.h"

#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Seconds kOtherwise{60};
  const auto wanted = parse_maintenance(text_of(data, size), kOtherwise);
  if (!wanted) return 0;
  MH_CHECK(wanted->duration >= Seconds{0} && wanted->duration <= Seconds{kLongestMaintenance});
  MH_CHECK(wanted->reason.size() <= kMaxReasonBytes);
  return 0;
}
