#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "model/site.h"
#include "service/meter_directory.h"
#include "simulator/town.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse::cli {

// The simulated town of `serve --demo`: meters with more than a year of half-hours up to now, some gaps among them, so
// that every page has something to show. It lives on: bring_up_to adds what has been read since.
//   threads  one at a time
class DemoTown {
 public:
  struct Size {
    std::uint32_t meters = 200;
    int days = 400;
  };

  // In an empty catalog it registers the meters. In one that holds this town already (a second start) it goes on after
  // the newest reading. nullptr: the catalog holds other meters, or it is empty and the store is not, and nothing is
  // done.
  //   site, store  outlive the town
  //   errors       those of catalog and store
  static Result<std::unique_ptr<DemoTown>> open(const Site& site, Catalog& catalog, ReadingStore& store,
                                                MeterDirectory& directory, Instant now, Size size);

  // Adds every reading that is missing up to `now`; how many. The first call takes about a second. Where `stop` says so
  // it ends early: what is missing then is added by the next call, in this run or another.
  Result<std::uint64_t> bring_up_to(
      Instant now, const std::function<bool()>& stop = [] { return false; });

  std::uint32_t size() const { return town_.size(); }
  MeterId first_meter() const { return town_.options().first_meter; }

  // When the next readings fall due.
  Instant next() const { return done_ + town_.options().interval; }

 private:
  DemoTown(simulator::Town town, ReadingStore& store);
  static Result<simulator::Town> town_from(const Site& site, Instant first, Size size);
  static Result<std::unique_ptr<DemoTown>> found(const Site& site, Catalog& catalog, ReadingStore& store,
                                                 MeterDirectory& directory, Instant now, Size size);
  static Result<std::unique_ptr<DemoTown>> resume(const Site& site, const Meter& first_meter, ReadingStore& store,
                                                  Size size);

  simulator::Town town_;
  ReadingStore& store_;
  Instant done_;  // every reading up to here has been added
};

// Keeps a demo town living: a thread that adds each half-hour's readings as time goes on, until it is destroyed.
class DemoTrickle {
 public:
  // on_error is called from the thread; it goes on with the next half-hour. The clock outlives it.
  DemoTrickle(std::unique_ptr<DemoTown> town, const Clock& clock, std::function<void(const Error&)> on_error);
  ~DemoTrickle();
  DemoTrickle(const DemoTrickle&) = delete;
  DemoTrickle& operator=(const DemoTrickle&) = delete;

 private:
  void run();

  std::unique_ptr<DemoTown> town_;
  const Clock& clock_;
  std::function<void(const Error&)> on_error_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace meterhouse::cli
