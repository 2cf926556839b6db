#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "service/backup/backup_directory.h"
#include "service/backup/journal_shipper.h"
#include "store/embedded/embedded_store.h"

namespace meterhouse {

// For test programs. A small store whose frames are shipped, with its backups, on a file system that fails now and
// then; and everything that was ever sent to it, with what was acknowledged. All on the caller's thread.
class FaultWorld {
 public:
  // What the world must know to check the store. Where one process acts and another one checks, the first tells each as
  // it happens, and the second learns them in that order.
  enum class Deed : char {
    sends_in_january = 'j',
    sends_in_february = 'f',
    acknowledged = 'a',
    drops_january = 'd',
    dropped_january = 'D',
  };
  using OnDeed = std::function<void(Deed)>;

  explicit FaultWorld(FileSystem& files, OnDeed on_deed = {})
      : files_(files), backups_(files, clock_, "backups"), on_deed_(std::move(on_deed)) {}
  void learn(Deed deed);

  ManualClock& clock() { return clock_; }
  EmbeddedReadingStore& store() { return *store_; }
  bool is_open() const { return store_ != nullptr; }

  Status open();
  Status close();
  void abandon();  // as a crash of the process

  // So many batches, each of a few readings that no other has, in the month of January or after it.
  enum class Month : std::uint8_t { january, february };
  Status append(int batches, Month month = Month::february);
  Status change();
  Status drop_january();
  Status back_up();
  Status restore();

  // Everything acknowledged is there, once; every other batch is there whole or not at all; all files are sound; and it
  // was shipped, unless a backup has it or the shipper tells what is missing.
  void check();

 private:
  struct Batch {
    std::vector<Reading> readings;
    Month month;
    bool acknowledged = false;
  };

  void does(Deed deed);
  void send(Month month);

  using Found = std::map<std::pair<std::uint32_t, Instant>, MilliWattHours>;
  void check_shipped(const Found& there);

  FileSystem& files_;
  ManualClock clock_{instant_from_epoch(1'741'000'000)};  // 2025-03-03
  BackupDirectory backups_;
  OnDeed on_deed_;
  std::unique_ptr<JournalShipper> shipper_;
  std::unique_ptr<EmbeddedReadingStore> store_;
  std::vector<Batch> sent_;
  enum class Dropped : std::uint8_t { no, perhaps, yes } dropped_ = Dropped::no;
  bool restored_ = false;
};

// What is done while something fails: prepared while nothing does, and done again afterwards.
struct FaultScenario {
  const char* name;
  std::function<Status(FaultWorld&)> prepare;
  std::function<Status(FaultWorld&)> act;
};
const std::vector<FaultScenario>& fault_scenarios();
std::string fault_scenario_name(std::size_t index);  // as the name of a test has to be

}  // namespace meterhouse
