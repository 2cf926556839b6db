#include "store/embedded/fold.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "store/embedded/segment_walk.h"
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

// The instants around a run of a channel that lies among others: those within it, and the nearest before and behind.
// Where a damaged segment does not tell them there are none: nobody can sum up its days either.
Result<std::vector<Instant>> instants_around(SeriesKey key, ReadRange run, const SegmentSet& segments) {
  Series before, within, after;
  Status read = segments.newest(key, run.from - Seconds{1}, 1, before);
  if (read) read = segments.read_into(key, run, std::numeric_limits<std::size_t>::max(), within);
  if (read) read = segments.oldest(key, run.to + Seconds{1}, after);
  if (!read && read.error().code != Errc::corruption) return read.error();
  std::vector<Instant> instants;
  if (!read) return instants;
  for (const Series* part : {&before, &within, &after})
    instants.insert(instants.end(), part->at.begin(), part->at.end());
  return instants;
}

// A meter that sends in order of time has but one reading before its run that matters, and the head knows its instant.
Status touch_days(SeriesKey key, const Head& head, const SegmentSet& segments, TouchedDays& touched) {
  const auto run = head.run(key);
  const auto newest = head.newest_outside(key);
  std::vector<Instant> others;
  if (newest && *newest < run.front().at()) {
    others.push_back(*newest);
  } else if (newest) {
    auto around = instants_around(key, {run.front().at(), run.back().at()}, segments);
    if (!around) return around.error();
    others = std::move(*around);
  }
  auto behind = others.begin();
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Instant at = run[i].at();
    while (behind != others.end() && *behind < at) ++behind;
    std::optional<Instant> before, after;
    if (behind != others.begin()) before = *std::prev(behind);
    if (behind != others.end()) after = *behind;
    if (i > 0) before = std::max(before.value_or(kFirstInstant), run[i - 1].at());
    if (i + 1 < run.size())
      after = std::min(after.value_or(kLastInstant), run[i + 1].at());
    else if (others.empty())
      after = touched.now();
    touched.add(at, before, after);
  }
  return {};
}

// One visit for each channel of the segments, with its blocks.
using VisitBlocks = std::function<Status(SeriesKey, const std::vector<SegmentCursor*>&)>;
Status for_each_channel(std::span<const LiveSegment> segments, const VisitBlocks& visit) {
  SegmentWalk walk;
  for (const LiveSegment& live : segments) walk.add(SegmentCursor{live.segment});
  if (auto done = walk.start(); !done) return done;
  while (const auto key = walk.key()) {
    if (auto done = visit(*key, walk.select(*key)); !done) return done;
    if (auto done = walk.pass(); !done) return done;
  }
  return {};
}

// Whether each channel of the segments has one reading in all of them.
Result<bool> are_one_each(std::span<const LiveSegment> segments) {
  std::uint64_t readings = 0;
  std::uint64_t blocks = 0;
  for (const LiveSegment& live : segments) {
    readings += live.entry.readings;
    blocks += live.segment->info().blocks;
  }
  if (readings != blocks) return false;
  std::uint64_t channels = 0;
  const auto walked = for_each_channel(segments, [&](SeriesKey, const auto&) {
    ++channels;
    return Status{};
  });
  if (!walked) return walked.error();
  return channels == readings;
}

}  // namespace

Result<std::vector<LiveSegment>> fold_newest(FileSystem& files, const std::string& directory,
                                             std::span<const LiveSegment> segments, const SiteCalendar& calendar,
                                             std::uint64_t fold_sequence) {
  const auto nothing_to_do = are_one_each(segments);
  if (!nothing_to_do) return nothing_to_do.error();
  if (*nothing_to_do) return std::vector<LiveSegment>{};
  MonthWriters writers{files, directory, calendar, fold_sequence};
  Series series;
  const auto written = for_each_channel(segments, [&](SeriesKey key, const std::vector<SegmentCursor*>& blocks) {
    // Of equal instants the first counts: the lower fold.
    const auto newest = std::ranges::max_element(blocks, {}, [](const auto* block) { return block->summary().last; });
    if (auto done = (*newest)->decode(series); !done) return done;
    const auto seconds = static_cast<std::uint32_t>(epoch_seconds(series.at.back()));
    const auto entry = RunArena::Entry::of(seconds, series.registers.back(), series.flags_at(series.size() - 1));
    return writers.add_channel(key, {&entry, 1});
  });
  if (!written) return written.error();
  return writers.finish();
}

Result<std::vector<LiveSegment>> fold_head(FileSystem& files, const std::string& directory, const Head& head,
                                           const SiteCalendar& calendar, std::uint64_t fold_sequence,
                                           TouchedDays* touched, const SegmentSet& outside) {
  MonthWriters writers{files, directory, calendar, fold_sequence};
  for (const SeriesKey key : head.sorted_keys()) {
    if (auto done = writers.add_channel(key, head.run(key)); !done) return done.error();
    if (touched != nullptr)
      if (auto done = touch_days(key, head, outside, *touched); !done) return done.error();
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
