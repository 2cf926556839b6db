#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterhouse {

// The first name that comes twice in each object of a body, which is such an object or a list of them; nullopt where
// none does. Boost.JSON's own objects cannot tell: of a name given twice they keep the last.
//   text  JSON that Boost.JSON has parsed (MH_CHECK)
std::vector<std::optional<std::string>> repeated_names(std::string_view text);

}  // namespace meterhouse
