#pragma once

namespace meterhouse {

// GCC and clang have it on every 64-bit machine; ISO C++ has no name for it.
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

}  // namespace meterhouse
