#include "http/readings_upload.h"

#include "http/await_callback.h"
#include "http/problem.h"

namespace meterhouse {

namespace {

void gather(const ParsedRows& rows, ParsedRows& batch) {
  batch.readings.insert(batch.readings.end(), rows.readings.begin(), rows.readings.end());
  batch.rows.insert(batch.rows.end(), rows.rows.begin(), rows.rows.end());
  const std::size_t room = ParsedRows::kMaxRejects - std::min(ParsedRows::kMaxRejects, batch.rejects.size());
  const std::size_t shown = std::min(room, rows.rejects.size());
  batch.rejects.insert(batch.rejects.end(), rows.rejects.begin(),
                       rows.rejects.begin() + static_cast<std::ptrdiff_t>(shown));
  batch.rejected += rows.rejected;
}

}  // namespace

Task<Result<AppendCounts>> store_rows(ParsedRows& rows, Ingest& ingest) {
  const auto take = [&](auto done) { ingest.take(rows, std::move(done)); };
  auto counts = co_await await_callback<Result<AppendCounts>>(take);
  co_return counts;
}

ReadingsUpload::ReadingsUpload(ReadingFormat format, const SiteCalendar& calendar, const Clock& clock, Ingest& ingest)
    : clock_(clock),
      ingest_(ingest),
      reader_(make_row_reader(format, RowContext{calendar, clock.now() + kMaxClockLead})) {}

Task<std::optional<Refusal>> ReadingsUpload::take(BodyReader& body) {
  for (;;) {
    const auto piece = co_await body.next();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    auto failed = co_await take_piece(*piece);
    if (failed) co_return failed;
  }
  reader_->finish();
  auto failed = co_await take_rows();
  if (failed) co_return failed;
  failed = co_await store_batch();
  co_return failed;
}

Task<std::optional<Refusal>> ReadingsUpload::take_piece(std::string_view piece) {
  while (!piece.empty()) {
    const std::string_view some = piece.substr(0, kMaxFeedBytes);
    piece.remove_prefix(some.size());
    reader_->set_latest_allowed(clock_.now() + kMaxClockLead);
    reader_->feed(some);
    auto failed = co_await take_rows();
    if (failed) co_return failed;
  }
  co_return std::nullopt;
}

Task<std::optional<Refusal>> ReadingsUpload::take_rows() {
  for (;;) {
    const auto more = reader_->next(rows_, ReadingStore::kMaxBatchReadings - batch_.readings.size());
    gather(rows_, batch_);
    if (!more || batch_.size() >= ReadingStore::kMaxBatchReadings) {
      auto failed = co_await store_batch();
      if (failed) co_return failed;
    }
    if (!more) co_return refusal_of(more.error());
    if (!*more) co_return std::nullopt;
  }
}

Task<std::optional<Refusal>> ReadingsUpload::store_batch() {
  if (batch_.size() == 0) co_return std::nullopt;
  const auto counts = co_await store_rows(batch_, ingest_);
  if (!counts) co_return refusal_of(counts.error());
  report_.counts += *counts;
  report_.add_rejects(batch_);
  batch_.clear();
  co_return std::nullopt;
}

}  // namespace meterhouse
