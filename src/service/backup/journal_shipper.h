#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "service/backup/shipped_journal.h"
#include "service/backup/store_id.h"
#include "store/snapshot.h"

namespace meterhouse {

enum class ShippingMode : std::uint8_t {
  off,
  every_second,  // a lost disk costs the last second
  every_batch,   // what was acknowledged is shipped: a sync more before each answer
};

struct ShipperOptions {
  std::string directory;  // of the pieces, made where it is missing; below one that BackupDirectory::claim() made
  StoreId store;
  ShippingMode mode = ShippingMode::every_second;
  std::uint64_t piece_bytes = std::uint64_t{64} << 20;
  // Whether a thread of its own writes every second what waits, also after a failure; else only flush() does.
  enum class Threads : std::uint8_t { own, none } threads = Threads::own;
  // Where shipping begins to fail, and where frames are lost; from whichever thread finds it. Must not call back.
  std::function<void(const Error&)> on_error = [](const Error&) {};
};

struct ShipperStats {
  std::uint64_t frames = 0;  // shipped and synced
  std::uint64_t bytes = 0;
  std::uint64_t pieces = 0;                   // begun
  std::uint64_t lost_frames = 0;              // given up: there is a gap in the pieces
  std::uint64_t queued_bytes = 0;             // waiting, also for a disk that fails
  std::optional<Instant> waiting_since = {};  // when the oldest of them arrived
  std::optional<Error> failing = {};
  // By FrameStream: the first and the last frame that neither a piece nor a backup has.
  std::array<std::optional<ShippedGap>, 2> missing = {};
};

// What a person is told of it.
std::string missing_text(FrameStream stream, const ShippedGap& missing);

// Ships the frames of a store's journals to a directory, in pieces. What it is handed waits in memory until it is
// synced there, so that a failure that passes leaves no gap: the piece it met is closed with what reached the disk, and
// shipping goes on in a new one. Where too much waits it is given up, and the gap is visible: a piece never bridges
// one. Whatever is missing is told until a backup has it.
//   threads  any; ship() in the order of the sequences of a stream
//   source   docs/formats/shipped-journal.md
class JournalShipper {
 public:
  // What waits at most, but for one frame; past it what is not being written yet is given up.
  static constexpr std::uint64_t kMaxQueuedBytes = std::uint64_t{64} << 20;
  // How long wait_for() waits at most.
  static constexpr std::chrono::seconds kMaxWait{2};

  // Closes what a crash left open. A damaged last piece is set aside as `….damaged` and told.
  //   errors  io, no_space; unavailable: a newer program wrote there
  static Result<std::unique_ptr<JournalShipper>> open(FileSystem& files, const Clock& clock, ShipperOptions options);
  // Without close() it ends as a crash would.
  ~JournalShipper();

  // Of the newest frame of the stream that is shipped: those behind it are to be handed over first. 0: none.
  std::uint64_t shipped(FrameStream stream) const;

  // Takes a frame over; never fails the caller. One with a sequence that is shipped already does nothing.
  //   frame  at most kMaxShippedFrame bytes, copied
  void ship(FrameStream stream, std::uint64_t sequence, Instant arrived, std::span<const std::byte> frame);

  // While a store opens, it hands over all that it has not folded: much, where shipping begins or had failed for long.
  // In between these two, ship() writes by itself whenever some MiB wait, and syncs them together.
  //   frames  by FrameStream: those that the store had; what it has let go of and is not shipped is missing
  void begin_catching_up();
  Status end_catching_up(const std::array<FrameRange, 2>& frames);

  // Everything handed over is written and synced once it returns success.
  Status flush();
  // Waits until the frames up to this one are shipped, which were handed over: not where shipping fails, and not longer
  // than kMaxWait.
  void wait_for(FrameStream stream, std::uint64_t sequence);
  // There is a backup with the frames up to these: none of them is missing any more.
  void note_backup(std::uint64_t sequence, std::uint64_t pending_sequence);
  // Flushes, and the pieces are closed: the next frame begins a new one.
  Status begin_new_pieces();
  Status close();

  ShipperStats stats() const;

 private:
  struct Waiting {
    FrameStream stream;
    std::uint64_t sequence;
    Instant arrived;
    std::vector<std::byte> bytes;  // the record
  };
  struct Stream {
    FrameStream which = FrameStream::readings;
    std::unique_ptr<File> file = {};  // null: no piece is open
    PieceInfo piece = {};
    ContentHasher hasher = {};             // of the piece so far
    std::optional<std::string> left = {};  // the name of a piece that an error interrupted
    std::uint64_t last_sequence = 0;       // written
    bool touched = false;                  // written since the last sync
  };

  JournalShipper(FileSystem& files, const Clock& clock, ShipperOptions options)
      : files_(files), clock_(clock), options_(std::move(options)) {
    // Not in the initializer: GCC 12 destroys a braced element twice where the next one throws.
    streams_[1].which = FrameStream::pending;
  }

  Status recover(Stream& stream);
  Status close_left(Stream& stream);
  Status set_aside(const std::string& name, const Error& why);
  Status rewrite_closed(const PieceInfo& info, std::vector<std::byte> bytes);
  Status begin_piece(Stream& stream, const Waiting& frame);
  Status close_piece(Stream& stream);
  Status put(Stream& stream, const Waiting& frame);
  Status put_all();
  Status write_waiting();
  void give_up_where_too_much();
  Status fail(const Error& error);
  Status find_missing(FrameStream stream, const FrameRange& frames);
  bool add_missing(FrameStream stream, ShippedGap gap);
  void note_missing(FrameStream stream, const ShippedGap& gap);
  void run();
  std::string path_of(const std::string& name) const { return options_.directory + "/" + name; }

  FileSystem& files_;
  const Clock& clock_;
  ShipperOptions options_;

  // Held across the disk: one writes, the others wait for the same sync.
  std::mutex writing_;
  std::array<Stream, 2> streams_;
  std::deque<Waiting> unsynced_;  // taken from the queue, not known to be on disk
  Instant retry_at_ = {};         // after a failure

  mutable std::mutex mutex_;         // of what follows; never held across the disk
  std::condition_variable wake_;     // the thread
  std::condition_variable written_;  // or failed to
  std::deque<Waiting> queue_;
  std::uint64_t queued_bytes_ = 0;  // unsynced_ included
  std::optional<Instant> waiting_since_;
  std::array<std::uint64_t, 2> shipped_ = {};
  ShipperStats stats_;
  bool giving_up_ = false;  // since the last success
  bool catching_up_ = false;
  bool hurried_ = false;  // somebody waits
  bool stopping_ = false;
  std::array<std::uint64_t, 2> backed_up_ = {};
  std::array<std::optional<ShippedGap>, 2> missing_ = {};  // behind those

  std::thread thread_;
};

}  // namespace meterhouse
