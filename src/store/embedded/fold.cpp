#include "store/embedded/fold.h"

#include <map>

#include "store/embedded/segment_writer.h"

namespace meterhouse {
namespace {

// The segments of one fold while they are written: the head is walked once, in the order of the keys, and each month
// has its own writer.
class MonthWriters {
 public:
  MonthWriters(FileSystem& files, const std::string& directory, const SiteCalendar& calendar, std::uint64_t fold)
      : files_(files), directory_(directory), calendar_(calendar), fold_(fold) {}

  Status add_channel(SeriesKey key, std::span<const RunArena::Entry> run) {
    std::optional<ReadingBefore> before;
    for (std::size_t at = 0; at < run.size();) {
      const TimeRange month = month_of(run[at].at());
      std::size_t end = at + 1;
      while (end < run.size() && run[end].at() <= month.to) ++end;
      piece_.clear();
      append_run(piece_, run.subspan(at, end - at));
      auto writer = writer_of(month);
      if (!writer) return writer.error();
      if (auto done = (*writer)->add(key, piece_, before); !done) return done.error();
      before = ReadingBefore{piece_.at.back(), piece_.registers.back()};
      at = end;
    }
    return {};
  }

  Result<std::vector<LiveSegment>> finish() {
    std::vector<LiveSegment> live;
    for (auto& [from, open] : writers_) {
      auto info = open.writer.finish();
      if (!info) return info.error();
      auto segment = open_written(files_, directory_, open.name, *info);
      if (!segment) return segment.error();
      live.push_back(std::move(*segment));
    }
    return live;
  }

 private:
  struct OpenWriter {
    std::string name;
    SegmentWriter writer;
  };

  // The last one is remembered: a run asks for few months, and the next run asks for the same.
  TimeRange month_of(Instant at) {
    if (!(last_month_.from < at && at <= last_month_.to)) last_month_ = calendar_.month_closed_by(at);
    return last_month_;
  }

  Result<SegmentWriter*> writer_of(TimeRange month) {
    const auto found = writers_.find(month.from);
    if (found != writers_.end()) return &found->second.writer;
    std::string name = segment_name(month, calendar_, fold_, fold_);
    auto writer = SegmentWriter::create(files_, directory_ + "/" + name, {month.from, month.to, fold_, fold_});
    if (!writer) return writer.error();
    return &writers_.emplace(month.from, OpenWriter{std::move(name), std::move(*writer)}).first->second.writer;
  }

  FileSystem& files_;
  const std::string& directory_;
  const SiteCalendar& calendar_;
  std::uint64_t fold_;
  std::map<Instant, OpenWriter> writers_;
  TimeRange last_month_{kFirstInstant, kFirstInstant};
  Series piece_;
};

}  // namespace

Result<std::vector<LiveSegment>> fold_head(FileSystem& files, const std::string& directory, const Head& head,
                                           const SiteCalendar& calendar, std::uint64_t fold_sequence,
                                           TouchedDays* touched) {
  MonthWriters writers{files, directory, calendar, fold_sequence};
  for (const SeriesKey key : head.sorted_keys()) {
    const auto run = head.run(key);
    if (auto done = writers.add_channel(key, run); !done) return done.error();
    if (touched != nullptr)
      for (const auto& entry : run) touched->add(entry.at());
  }
  return writers.finish();
}

std::string segment_name(TimeRange month, const SiteCalendar& calendar, std::uint64_t first_fold,
                         std::uint64_t last_fold) {
  const date::year_month_day day{calendar.day_of(month.from)};
  return fmt::format("{}-{:020}-{:020}.segment", format_year_month(day.year() / day.month()), first_fold, last_fold);
}

Result<LiveSegment> open_written(FileSystem& files, const std::string& directory, std::string name,
                                 const SegmentInfo& info) {
  auto segment = Segment::open(files, directory + "/" + name);
  if (!segment) return segment.error();
  SegmentEntry entry{std::move(name), {info.start, info.end}, info.first_fold,
                     info.last_fold,  info.size_bytes,        info.readings};
  return LiveSegment{std::move(entry), std::move(*segment)};
}

}  // namespace meterhouse
