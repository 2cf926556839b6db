#include "cli/testing/fault_world.h"

#include <gtest/gtest.h>

#include <map>

#include "service/backup/backup_reach.h"
#include "service/backup/restore.h"
#include "service/backup/restore_marker.h"
#include "store/embedded/embedded_replay.h"
#include "store/embedded/verify.h"

namespace meterhouse {
namespace {

constexpr Instant kJanuary = instant_from_epoch(1'738'000'000);
constexpr Instant kFebruary = instant_from_epoch(1'738'339'200);  // 2025-02-01 00:00 in Singapore
constexpr int kBatchReadings = 5;
constexpr int kMeters = 3;

const StoreId& store_id() {
  static const StoreId id = *StoreId::parse(std::string(32, '1'));
  return id;
}

// A world of some folds in two months, and something in the journal.
Status with_segments(FaultWorld& world) {
  if (auto done = world.open(); !done) return done;
  for (int fold = 0; fold < 5; ++fold) {
    if (auto done = world.append(2, fold % 2 == 0 ? FaultWorld::Month::january : FaultWorld::Month::february); !done)
      return done;
    if (auto done = world.store().fold(); !done) return done;
  }
  return world.append(2);
}

Status held(FaultWorld& world) {
  if (auto done = with_segments(world); !done) return done;
  if (auto done = world.store().hold(); !done) return done;
  return world.append(3);
}

Status released(FaultWorld& world) {
  const auto counts = world.store().release(nullptr);
  return counts ? Status{} : Status{counts.error()};
}

Status backed_up(FaultWorld& world) {
  if (auto done = with_segments(world); !done) return done;
  return world.back_up();
}

// As a crash of the process leaves it: a journal to replay, pending readings too.
Status killed(FaultWorld& world) {
  if (auto done = held(world); !done) return done;
  world.abandon();
  return {};
}

Status closed(FaultWorld& world) {
  if (auto done = held(world); !done) return done;
  return world.close();
}

Status open_and_append(FaultWorld& world) {
  if (auto done = world.open(); !done) return done;
  return world.append(1);
}

}  // namespace

Status FaultWorld::open() {
  if (is_open()) return {};
  if (auto done = backups_.claim(store_id()); !done) return done;
  ShipperOptions shipping{
      .directory = backups_.journal_directory(), .store = store_id(), .mode = ShippingMode::every_batch};
  shipping.threads = ShipperOptions::Threads::none;
  shipping.piece_bytes = 1'500;
  auto shipper = JournalShipper::open(files_, clock_, std::move(shipping));
  if (!shipper) return shipper.error();
  const auto reach = reach_of(files_, backups_.path(), store_id());
  if (!reach) return reach.error();
  (*shipper)->note_backup(reach->backed_up[0], reach->backed_up[1]);
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 1'024;
  options.threads = StoreThreads::none;
  options.on_frame = [to = shipper->get()](FrameStream stream, const FrameHeader& header,
                                           std::span<const std::byte> frame) {
    to->ship(stream, header.sequence, header.arrived, frame);
    return Status{};
  };
  options.before_letting_go = [to = shipper->get()](FrameStream stream, std::uint64_t sequence) {
    to->wait_for(stream, sequence);
  };
  auto store = EmbeddedReadingStore::open(files_, clock_, std::move(options));
  if (!store) return store.error();
  const auto& frames = (*store)->open_report().frames;
  if (auto goes_on = check_goes_on(backups_.path(), *reach, frames); !goes_on) return goes_on;
  static_cast<void>((*shipper)->end_catching_up(frames));  // where it fails it goes on later
  shipper_ = std::move(*shipper);
  store_ = std::move(*store);
  return {};
}

Status FaultWorld::close() {
  auto done = store_->close();
  if (done) done = shipper_->close();
  abandon();
  return done;
}

void FaultWorld::abandon() {
  store_.reset();
  shipper_.reset();
}

void FaultWorld::learn(Deed deed) {
  switch (deed) {
    case Deed::sends_in_january:
      return send(Month::january);
    case Deed::sends_in_february:
      return send(Month::february);
    case Deed::acknowledged:
      sent_.back().acknowledged = true;
      return;
    case Deed::drops_january:
      dropped_ = Dropped::perhaps;
      return;
    case Deed::dropped_january:
      dropped_ = Dropped::yes;
      return;
  }
}

void FaultWorld::does(Deed deed) {
  learn(deed);
  if (on_deed_) on_deed_(deed);
}

void FaultWorld::send(Month month) {
  clock_.advance(Seconds{2});
  Batch batch{.readings = {}, .month = month};
  const auto number = static_cast<int>(sent_.size());
  for (int k = 0; k < kBatchReadings; ++k) {
    const SeriesKey key{MeterId::from_number(static_cast<std::uint32_t>(100'000'000 + k % kMeters)), Channel::import_};
    const Instant at = (month == Month::january ? kJanuary : kFebruary + Seconds{60}) + Seconds{60 * k + 600 * number};
    batch.readings.emplace_back(key, at, MilliWattHours{1'000 * number + k});
  }
  sent_.push_back(std::move(batch));
}

Status FaultWorld::append(int batches, Month month) {
  for (int i = 0; i < batches; ++i) {
    does(month == Month::january ? Deed::sends_in_january : Deed::sends_in_february);
    const auto counts = store_->append_and_wait(sent_.back().readings);
    if (!counts) return counts.error();
    does(Deed::acknowledged);
  }
  return {};
}

Status FaultWorld::change() {
  Status recorded;
  store_->record_change("a change", [&](const Status& done) { recorded = done; });
  return recorded;
}

Status FaultWorld::drop_january() {
  if (auto done = store_->fold(); !done) return done;
  does(Deed::drops_january);
  if (const auto done = store_->drop_before(kFebruary); !done) return done.error();
  does(Deed::dropped_january);
  return {};
}

Status FaultWorld::back_up() {
  clock_.advance(Seconds{60});
  const auto snapshot = store_->snapshot();
  if (!snapshot) return snapshot.error();
  const auto copy = [this](const std::string& path) { return write_file_atomically(files_, path, "catalog"); };
  const auto made =
      backups_.create({.snapshot = *snapshot, .store = store_id(), .copy_catalog = copy}, SharedFiles::trust, {});
  if (!made) return made.error();
  shipper_->note_backup(snapshot->sequence, snapshot->pending_sequence);
  return shipper_->begin_new_pieces();
}

Status FaultWorld::restore() {
  if (restored_) return {};
  const RestoreRequest request{.from = "backups", .to = "restored"};
  const auto plan = plan_restore(files_, request, {});
  if (!plan) {
    if (plan.error().code != Errc::invalid_argument) return plan.error();
    return refuse_while_restoring(files_, "restored");  // it was done but for its last sync
  }
  const auto done = meterhouse::restore(files_, *plan, replay_frames_into, StoreId{}, {});
  if (!done) return done.error();
  restored_ = true;
  return {};
}

// Every frame up to the newest was shipped, or a backup has it, or the shipper tells that it is missing. Where all
// were, so was every reading.
void FaultWorld::check_shipped(const Found& there) {
  const auto reach = reach_of(files_, backups_.path(), store_id());
  ASSERT_TRUE(reach) << reach.error().message;
  Found shipped;
  const auto take = [&](const ShippedRecord& record) -> Status {
    const std::vector<std::byte> frame{record.frame.begin(), record.frame.end()};  // readings lie aligned in it
    const auto header = decode_frame(frame);
    if (!header) return Error{Errc::corruption, fmt::format("frame {} is not whole", record.sequence)};
    if (header->kind != FrameKind::readings) return {};
    const auto readings = readings_in(std::span{frame}.subspan(kFrameHeaderSize, header->payload_size));
    if (!readings) return readings.error();
    for (const Reading& reading : *readings)
      shipped.emplace(std::pair{reading.key().packed(), reading.at()}, reading.register_value());
    return {};
  };
  bool all = true;
  for (const FrameStream stream : {FrameStream::readings, FrameStream::pending}) {
    const ByteProgress untold;
    ByteCounter counter{untold, 0};
    auto scan = scan_pieces(files_, backups_.journal_directory(), stream, store_id(), 0, take, counter);
    ASSERT_TRUE(scan) << scan.error().message;
    ASSERT_TRUE(scan->damages.empty()) << scan->damages.front();
    if (const auto newest = store_->stats().sequence; stream == FrameStream::readings && scan->last_sequence < newest)
      scan->gaps.push_back({scan->last_sequence + 1, newest});
    const auto index = static_cast<std::size_t>(stream);
    const auto told = shipper_->stats().missing[index];
    for (const ShippedGap& gap : scan->gaps)
      ASSERT_TRUE(gap.last <= reach->backed_up[index] || (told && gap.last <= told->last))
          << "frame " << gap.last << " is missing, and nobody tells";
    all = all && scan->gaps.empty();
  }
  if (!all) return;
  for (const auto& [place, value] : there) {
    const auto found = shipped.find(place);
    ASSERT_TRUE(found != shipped.end() && found->second == value) << "a reading was not shipped";
  }
}

void FaultWorld::check() {
  const auto report = verify_store(files_, "data");
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->sound()) << report->damages.front();
  const auto backups = backups_.verify({});
  ASSERT_TRUE(backups) << backups.error().message;
  ASSERT_TRUE(backups->sound());
  const auto done = open();
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_TRUE(store_->release(nullptr));
  Found found;
  ASSERT_TRUE(store_->scan({}, {}, [&](SeriesKey key, const SeriesView& series) {
    for (std::size_t i = 0; i < series.size(); ++i)
      EXPECT_TRUE(found.emplace(std::pair{key.packed(), series.at[i]}, series.registers[i]).second);
    return Status{};
  }));
  // Of a month that is dropped each channel's newest reading stays.
  std::map<std::uint32_t, Instant> newest;
  for (const Batch& batch : sent_)
    if (batch.month == Month::january && batch.acknowledged)
      for (const Reading& reading : batch.readings)
        newest[reading.key().packed()] = std::max(newest[reading.key().packed()], reading.at());
  std::size_t expected = 0;
  for (Batch& batch : sent_) {
    const std::size_t sent = batch.readings.size();
    const auto stays = static_cast<std::size_t>(std::ranges::count_if(
        batch.readings, [&](const Reading& reading) { return newest[reading.key().packed()] == reading.at(); }));
    std::erase_if(batch.readings, [&](const Reading& reading) {
      const auto at = found.find({reading.key().packed(), reading.at()});
      return at == found.end() || at->second != reading.register_value();
    });
    const std::size_t there = batch.readings.size();
    const bool dropped = batch.month == Month::january && dropped_ != Dropped::no;
    ASSERT_TRUE(there == sent || (there == 0 && !batch.acknowledged) || (there == stays && dropped))
        << there << " of a batch of " << sent;
    ASSERT_TRUE(there == stays || batch.month != Month::january || dropped_ != Dropped::yes)
        << "a dropped month is back";
    batch.acknowledged = there > 0;  // from now on it is as it was found
    expected += there;
  }
  ASSERT_EQ(found.size(), expected) << "readings that nobody sent";
  check_shipped(found);
}

const std::vector<FaultScenario>& fault_scenarios() {
  using World = FaultWorld;
  static const std::vector<FaultScenario> scenarios{
      {"append, over the end of a journal file", with_segments, [](World& world) { return world.append(8); }},
      {"append while held", held, [](World& world) { return world.append(8); }},
      {"record a change", with_segments, [](World& world) { return world.change(); }},
      {"hold", with_segments, [](World& world) { return world.store().hold(); }},
      {"release", held, released},
      {"fold", with_segments, [](World& world) { return world.store().fold(); }},
      {"merge", with_segments, [](World& world) { return world.store().merge(); }},
      {"drop a month", with_segments, [](World& world) { return world.drop_january(); }},
      {"close", held, [](World& world) { return world.is_open() ? world.close() : Status{}; }},
      {"open after a crash", killed, open_and_append},
      {"open after a close", closed, open_and_append},
      {"back up", backed_up, [](World& world) { return world.back_up(); }},
      {"restore", backed_up, [](World& world) { return world.restore(); }},
  };
  return scenarios;
}

std::string fault_scenario_name(std::size_t index) {
  std::string name = fault_scenarios()[index].name;
  std::erase(name, ',');
  std::ranges::replace(name, ' ', '_');
  return name;
}

}  // namespace meterhouse
