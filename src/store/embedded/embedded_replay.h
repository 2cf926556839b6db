#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "store/frame_replay.h"

namespace meterhouse {

// FrameReplay into the data directory of an embedded store. The caller holds its lock.
//   directory  as a snapshot lays it down; one closed in good order gets a journal with the first frame
//   errors     corruption, io
Result<std::unique_ptr<FrameReplay>> replay_frames_into(FileSystem& files, const std::string& directory);

}  // namespace meterhouse
