#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/catalog_days.h"
#include "store/catalog_events.h"
#include "store/catalog_jobs.h"
#include "store/catalog_meters.h"

namespace meterhouse {

// Everything that is not a reading, in parts by subject: whoever needs one part names that part alone. The program
// never loads a table whole: lists are paged, walks are streamed.
//   threads  any thread; a call may wait for the disk, so never from an I/O thread
//   durable  a change is on stable storage once its call returns; unless it says otherwise it happened wholly or not at
//            all, also after a crash
//   errors   of every call: io, no_space, corruption (the database is damaged), unavailable (closed)
class Catalog : public MeterCatalog, public EventCatalog, public JobCatalog, public DayCatalog {
 public:
  // What the program itself must find again after a restart (the maintenance it is in, …): a few texts of at most some
  // kB, each under a name. nullopt: there is none with that name.
  virtual Result<std::optional<std::string>> state(std::string_view name) const = 0;
  virtual Status set_state(std::string_view name, std::string_view value) = 0;  // replaces what it had
  virtual Status clear_state(std::string_view name) = 0;                        // none with that name: success

  // Writes the catalog as of one moment during the call into one file, from which it can be opened again. Readers and
  // writers go on meanwhile.
  //   path     of a file that does not exist, in a directory that does
  //   durable  the file's bytes are on stable storage once it returns; that its name is, too, is up to the caller, who
  //            syncs the directory
  //   errors   conflict: there is such a file, and it stays as it is. After any other error there is none
  virtual Status copy_to(const std::string& path) const = 0;

  virtual Status close() = 0;
};

}  // namespace meterhouse
