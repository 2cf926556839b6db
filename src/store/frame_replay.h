#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "model/reading.h"
#include "store/snapshot.h"

namespace meterhouse {

// What was put behind the newest frame of a data directory.
struct FrameReplayReport {
  std::uint64_t frames = 0;
  std::uint64_t readings = 0;
  std::uint64_t changes = 0;
  struct Last {
    Reading reading;
    Instant arrived;
  };
  std::optional<Last> last = {};  // the last reading of the logs, added or there before; absent: all are folded
};

// Puts frames that a store once handed to on_frame back behind those of a data directory that nobody has open: the
// next open replays them. It makes no use of the sequences they had.
//   threads  one
class FrameReplay {
 public:
  virtual ~FrameReplay() = default;

  // In the order of arrival. Frames that end a file do nothing. Pending ones wait as such where the directory's store
  // is held; else they are ordinary ones.
  //   errors  corruption: not a whole frame; io, no_space
  virtual Status add(FrameStream stream, std::span<const std::byte> frame) = 0;

  // Once, at the end: everything is durable. Interrupted before, the logs are to be laid down anew.
  virtual Result<FrameReplayReport> finish() = 0;
};

// errors  corruption: of what lies there; io
using OpenFrameReplay =
    std::function<Result<std::unique_ptr<FrameReplay>>(FileSystem& files, const std::string& directory)>;

}  // namespace meterhouse
