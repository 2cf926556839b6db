// What a program of version 1 wrote to disk: every later one reads the same out of it. Journal and manifest have one
// form for each content, so they are written again byte for byte; a segment's form is the writer's choice, so of whole
// stores the answers are compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "base/testing/golden.h"
#include "base/testing/simulated_disk.h"
#include "codec/testing/sample_series.h"
#include "store/embedded/clean_state.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/verify.h"

namespace meterhouse {
namespace {

using samples::household;
using samples::kSampleStart;

constexpr std::string_view kChange = R"({"change":"patch_meter","id":"100000002","area":"Novena"})";

SeriesKey key_of(std::uint32_t meter, Channel channel = Channel::import_) {
  return {MeterId::from_number(meter), channel};
}

constexpr int kLongFrame = 15;  // readings, so many that they do not fit behind the others into 512 bytes

struct GoldenFrame {
  std::uint64_t sequence;
  FrameKind kind;
  Instant arrived;
  std::vector<Reading> readings;
  std::string change;
  friend bool operator==(const GoldenFrame&, const GoldenFrame&) = default;
};

// The least and the most of each field, and a frame that goes into the next file.
std::vector<GoldenFrame> golden_frames() {
  std::vector<Reading> many;
  for (int i = 0; i < kLongFrame; ++i)
    many.emplace_back(key_of(100'000'001), kSampleStart + Seconds{1'800} * i, MilliWattHours{123'450'000 + i});
  return {
      {41,
       FrameKind::readings,
       instant_from_epoch(1'740'018'601),
       {{key_of(0), kFirstInstant, MilliWattHours{0}},
        {key_of(MeterId::kMax, Channel::export_), kLastInstant, kMaxRegister},
        {key_of(100'000'001), instant_from_epoch(1'740'018'600), MilliWattHours{123'450'000}}},
       {}},
      {42, FrameKind::change, instant_from_epoch(1'740'018'602), {}, std::string{kChange}},
      {44, FrameKind::readings, instant_from_epoch(1'740'018'603), many, {}},  // 43 ends the first file
  };
}

std::string journal_path(std::uint64_t file_id) { return "journal/" + journal_file_name(file_id); }
std::string golden_journal(std::uint64_t file_id) { return fmt::format("journal_v1_{}.bin", file_id); }

void write_frames(SimulatedDisk& disk) {
  Journal::Options options;
  options.directory = "journal";
  options.file_size = 512;
  const auto journal = Journal::create(disk, options, 7, 41).value();
  for (const GoldenFrame& golden : golden_frames()) {
    std::vector<std::byte> frame(kFrameHeaderSize + golden.readings.size() * 16 + golden.change.size());
    if (!golden.change.empty())
      std::memcpy(frame.data() + kFrameHeaderSize, golden.change.data(), golden.change.size());
    for (std::size_t i = 0; i < golden.readings.size(); ++i)
      encode_reading(std::span<std::byte, 16>{frame.data() + kFrameHeaderSize + 16 * i, 16}, golden.readings[i]);
    ASSERT_TRUE(journal->write(golden.kind, golden.arrived, frame));
  }
}

TEST(JournalGolden, AnOldJournalIsReadForEverAndWrittenTheSame) {
  SimulatedDisk now;
  write_frames(now);
  SimulatedDisk disk;
  for (const std::uint64_t id : {7U, 8U}) {
    const auto written = now.content(journal_path(id));
    const auto golden = golden_bytes(golden_journal(id), written);
    EXPECT_EQ(written, golden) << golden_journal(id);
    disk.set_content(journal_path(id), golden);
  }
  std::vector<GoldenFrame> frames;
  const auto scan = scan_journal(
      disk, "journal", 7, 41, [&](const FrameHeader& header, std::span<const std::byte> payload, const std::string&) {
        GoldenFrame& frame = frames.emplace_back(GoldenFrame{header.sequence, header.kind, header.arrived, {}, {}});
        if (header.kind == FrameKind::change) {
          frame.change.assign(reinterpret_cast<const char*>(payload.data()), payload.size());
          return Status{};
        }
        const auto readings = readings_in(payload);
        if (!readings) return Status{readings.error()};
        frame.readings.assign(readings->begin(), readings->end());
        return Status{};
      });
  ASSERT_TRUE(scan) << scan.error().message;
  EXPECT_EQ(frames, golden_frames());
  EXPECT_EQ(scan->last_file, 8U);
  EXPECT_EQ(scan->next_sequence, 45U);
  EXPECT_EQ(scan->end_offset, kJournalHeaderSize + frame_size(16 * kLongFrame));
  EXPECT_FALSE(scan->torn);
}

TEST(ManifestGolden, OldManifestsAreReadForEverAndWrittenTheSame) {
  Manifest running;
  running.timezone = "Asia/Singapore";
  running.next_fold = 12;
  running.first_journal_file = 7;
  running.next_sequence = 4'711;
  running.segments = {{"2025-02-00000000000000000001-00000000000000000011.segment",
                       {instant_from_epoch(1'738'339'200), instant_from_epoch(1'740'758'400)},
                       1,
                       11,
                       91'234,
                       148'800},
                      {"far.segment",
                       {kFirstInstant, kLastInstant},
                       ~std::uint64_t{0} - 1,
                       ~std::uint64_t{0},
                       ~std::uint64_t{0},
                       ~std::uint64_t{0}}};
  Manifest closed = running;
  closed.clean = true;
  closed.segments.clear();
  Manifest held = running;
  held.held = true;
  held.first_pending_file = 3;
  held.next_pending_sequence = 17;
  Manifest held_closed = closed;
  held_closed.held = true;
  held_closed.first_pending_file = ~std::uint64_t{0} - 1;
  held_closed.next_pending_sequence = ~std::uint64_t{0} - 1;
  held_closed.pending_end = ~std::uint64_t{0};
  Manifest released = held;
  released.held = false;
  struct Case {
    const char* file;
    Manifest manifest;
  };
  for (const Case& c : {Case{"manifest_v1_running.txt", running}, Case{"manifest_v1_closed.txt", closed},
                        Case{"manifest_v2_held.txt", held}, Case{"manifest_v2_held_closed.txt", held_closed},
                        Case{"manifest_v2_released.txt", released}}) {
    SCOPED_TRACE(c.file);
    const std::string written = encode_manifest(c.manifest);
    const std::string golden = golden_text(c.file, written);
    const auto decoded = decode_manifest(golden);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, c.manifest);
    EXPECT_EQ(written, golden);
  }
}

// A whole store: two folds over the end of a month, and behind them a change and the last readings, which the clean end
// folds too and a crash leaves in the journal.
struct GoldenStore {
  const char* folder;
  bool closed;
  static constexpr std::size_t kReadings = 700;  // of each channel
  static constexpr std::size_t kFolds[] = {500, 660};

  static std::map<SeriesKey, Series> content() {
    return {{key_of(100'000'001), household(kReadings, 1)},
            {key_of(100'000'001, Channel::export_), household(kReadings, 2)},
            {key_of(100'000'002), household(kReadings, 3)}};
  }

  static Result<std::unique_ptr<EmbeddedReadingStore>> open(SimulatedDisk& disk, const Clock& clock,
                                                            std::vector<std::string>& changes) {
    EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
    options.journal_file_bytes = 1'024;
    options.threads = StoreThreads::none;
    options.on_change = [&](std::string_view change) { return changes.emplace_back(change), Status{}; };
    return EmbeddedReadingStore::open(disk, clock, std::move(options));
  }

  static void append(ReadingStore& store, std::size_t from, std::size_t to) {
    for (const auto& [key, series] : content()) {
      std::vector<Reading> batch;
      for (std::size_t i = from; i < to; ++i) batch.emplace_back(key, series.at[i], series.registers[i]);
      ASSERT_TRUE(store.append_and_wait(std::move(batch)));
    }
  }

  void write(const Clock& clock) const {
    SimulatedDisk disk;
    std::vector<std::string> changes;
    auto store = open(disk, clock, changes).value();
    std::size_t from = 0;
    for (const std::size_t to : kFolds) {
      append(*store, from, to);
      ASSERT_TRUE(store->fold());
      from = to;
    }
    store->record_change(std::string{kChange}, [](const Status& done) { EXPECT_TRUE(done); });
    append(*store, from, kReadings);
    EXPECT_TRUE(!closed || store->close());
    store.reset();
    for (const std::string& path : disk.paths())
      if (path != "data/LOCK") golden_bytes(folder + path.substr(std::strlen("data")), disk.content(path));
  }

  SimulatedDisk& load(SimulatedDisk& disk) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator{golden_path(folder)}) {
      if (!entry.is_regular_file()) continue;
      const std::string below = std::filesystem::relative(entry.path(), golden_path(folder)).generic_string();
      const std::string text = read_golden(std::string{folder} + "/" + below);
      const auto bytes = std::as_bytes(std::span{text});
      disk.set_content("data/" + below, {bytes.begin(), bytes.end()});
    }
    return disk;
  }
};

void expect_content(const ReadingStore& store) {
  Digest expected;
  for (const auto& [key, series] : GoldenStore::content()) {
    const auto read = store.read(key, {}, Neighbours::without);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->at, series.at);
    EXPECT_EQ(read->registers, series.registers);
    for (std::size_t i = 0; i < series.size(); ++i) expected.add(key, series.at[i], series.registers[i]);
  }
  EXPECT_EQ(store.digest().value(), expected);
}

TEST(StoreGolden, AnOldStoreIsOpenedForEver) {
  const ManualClock clock{kSampleStart + std::chrono::hours{24 * 15}};
  for (const GoldenStore& golden : {GoldenStore{"store_v1_closed", true}, GoldenStore{"store_v1_crashed", false}}) {
    SCOPED_TRACE(golden.folder);
    if (golden_is_wanted(golden.folder)) golden.write(clock);
    SimulatedDisk disk;
    const auto report = verify_store(golden.load(disk), "data");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->sound());
    EXPECT_EQ(report->clean, golden.closed);
    EXPECT_FALSE(report->torn);
    EXPECT_EQ(report->segment_readings + report->journal_readings, 3 * GoldenStore::kReadings);

    const auto manifest = read_manifest(disk, "data/MANIFEST").value();
    EXPECT_EQ(check_nothing_beside(disk, "data/journal", "data/segments", manifest).has_value(), golden.closed);

    std::vector<std::string> changes;
    auto store = GoldenStore::open(disk, clock, changes);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_THAT(changes,
                testing::ElementsAreArray(std::vector<std::string>(golden.closed ? 0 : 1, std::string{kChange})));
    EXPECT_EQ((*store)->open_report().replayed_readings, golden.closed ? 0U : 3U * 40U);
    expect_content(**store);
    ASSERT_TRUE((*store)->close());  // what this program makes of it is the same data
    store = GoldenStore::open(disk, clock, changes);
    ASSERT_TRUE(store) << store.error().message;
    expect_content(**store);
  }
}

}  // namespace
}  // namespace meterhouse
