#pragma once

#include "http/lane.h"

namespace meterhouse {

// Serves the requests of one connection, one after the other, on the lane's thread, until it ends.
Task<void> serve_connection(Lane& lane, Socket socket);

}  // namespace meterhouse
