#include "cli/import_rows.h"

#include <algorithm>

#include "cli/csv_line.h"
#include "cli/import_header.h"

namespace meterhouse::cli {
namespace {

// Prefixing lines makes a piece at most six times as long; it must stay below kMaxFeedBytes.
constexpr std::size_t kPieceBytes = 64 << 10;
// Rejects are kept whole: a reader shows no more than these of one call.
constexpr std::size_t kRowsAtOnce = ParsedRows::kMaxRejects;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Result<ImportRows> ImportRows::open(ByteSource source, const ImportOptions& options, const SiteCalendar& calendar,
                                    Instant latest_allowed) {
  ImportRows rows{std::move(source), options};
  if (const auto status = rows.read_piece(); !status) return status.error();
  rows.format_ = options.format.value_or(guess_reading_format(rows.pending_));
  const bool csv = rows.format_ == ReadingFormat::csv;
  const auto& columns = options.columns;
  const bool named =
      !columns.meter.empty() || !columns.at.empty() || !columns.value.empty() || !columns.channel.empty();
  if (!csv && (options.meter || options.cumulate_from || named))
    return Error{Errc::invalid_argument, "--meter, --cumulate and --columns are for CSV, and this file is none"};
  rows.reader_ = make_row_reader(rows.format_, RowContext{calendar, latest_allowed, UnknownFields::ignore});
  if (csv)
    if (const auto status = rows.begin_csv(); !status) return status.error();
  return rows;
}

Status ImportRows::read_piece() {
  const auto before = pending_.size();
  pending_.resize(before + kPieceBytes);
  auto count = source_(std::span{pending_}.subspan(before));
  pending_.resize(before + (count ? *count : 0));
  if (!count) return count.error();
  bytes_ += *count;
  ended_ = *count == 0;
  return {};
}

// Takes the header line off the file and feeds the canonical one.
Status ImportRows::begin_csv() {
  while (pending_.find('\n') == std::string::npos && !ended_ && pending_.size() <= kMaxRowBytes)
    if (const auto status = read_piece(); !status) return status;
  if (pending_.empty()) return Error{Errc::invalid_argument, "the file is empty"};
  if (pending_.starts_with(kByteOrderMark)) pending_.erase(0, kByteOrderMark.size());
  const auto end = pending_.find('\n');
  const auto header = canonical_header(std::string_view{pending_}.substr(0, end), options_);
  if (!header) return header.error();
  const auto ours = csv_fields(*header);  // with --meter one more, in front
  const auto theirs = csv_fields(std::string_view{pending_}.substr(0, end));
  for (std::size_t i = 0; i < theirs.size(); ++i) columns_[ours[ours.size() - theirs.size() + i]] = theirs[i];
  pending_.erase(0, end == std::string::npos ? pending_.size() : end + 1);
  first_line_ = 2;
  if (options_.meter) line_prefix_ = options_.meter->text() + ",";
  reader_->feed(*header);
  return reader_->next(parsed_, 1).map([](bool) {});
}

// What can be fed of pending_: all of it, or its whole lines with the meter in front of each.
std::string ImportRows::csv_piece(bool last) {
  if (line_prefix_.empty()) return std::exchange(pending_, {});
  std::string piece;
  std::size_t from = 0;
  while (from < pending_.size()) {
    const auto newline = pending_.find('\n', from);
    if (newline == std::string::npos && !last && pending_.size() - from <= kMaxRowBytes) break;
    const auto end = newline == std::string::npos ? pending_.size() : newline + 1;
    const auto line = std::string_view{pending_}.substr(from, end - from);
    if (!trimmed(line.substr(0, line.find('\n'))).empty()) piece += line_prefix_;
    piece += line;
    from = end;
  }
  pending_.erase(0, from);
  return piece;
}

std::string ImportRows::column_of(const std::string& field) const {
  const auto found = columns_.find(field);
  return found == columns_.end() ? field : found->second;
}

Result<bool> ImportRows::next(ParsedRows& out, std::size_t max_rows) {
  out.clear();
  begun_.clear();
  while (out.size() < max_rows) {
    const auto more = reader_->next(parsed_, kRowsAtOnce);
    take(parsed_, out);
    if (!more) return more.error();
    if (*more) continue;
    if (finished_) return false;
    if (pending_.empty() && !ended_)
      if (const auto status = read_piece(); !status) return status.error();
    if (format_ == ReadingFormat::csv)
      reader_->feed(csv_piece(ended_));
    else
      reader_->feed(std::exchange(pending_, {}));
    if (ended_) {
      reader_->finish();
      finished_ = true;
    } else if (!pending_.empty()) {  // the beginning of a line; its rest must come first
      if (const auto status = read_piece(); !status) return status.error();
    }
  }
  return true;
}

void ImportRows::take(const ParsedRows& rows, ParsedRows& out) {
  const auto before = static_cast<std::ptrdiff_t>(out.rejects.size());
  for (RowReject reject : rows.rejects) {
    reject.row += first_line_ - 1;
    out.rejects.push_back(std::move(reject));
  }
  auto reject = rows.rejects.begin();
  for (std::size_t i = 0; i < rows.readings.size(); ++i) {
    const auto line = rows.rows[i] + first_line_ - 1;
    for (; reject != rows.rejects.end() && reject->row < rows.rows[i]; ++reject)
      last_rejected_ = reject->row + first_line_ - 1;
    if (options_.cumulate_from) {
      cumulate(line, rows.readings[i], out);
    } else {
      out.add(line, rows.readings[i]);
    }
  }
  if (reject != rows.rejects.end()) last_rejected_ = rows.rejects.back().row + first_line_ - 1;
  std::stable_sort(out.rejects.begin() + before, out.rejects.end(),
                   [](const RowReject& a, const RowReject& b) { return a.row < b.row; });
  out.rejected = out.rejects.size();
}

// A row's value is the energy of the interval that ends at closing. A channel's first row also gives the register at
// the interval's beginning. Rows that are missing add nothing: the register simply has not counted what the file does
// not tell. A rejected row is not known to be whose; a channel with a gap around it is taken to lack its energy.
void ImportRows::cumulate(std::uint64_t line, const Reading& row, ParsedRows& out) {
  const bool opening = options_.label == ImportOptions::Label::opening;
  const Instant closing = opening ? row.at() + options_.interval : row.at();
  const auto reject = [&](std::string reason) {
    out.rejects.push_back({line, "at", std::move(reason)});
    incomplete_.insert(row.key().meter().number());
  };
  if (closing > kLastInstant || closing - options_.interval < kFirstInstant) return reject("is out of range");

  const auto [found, first] =
      sums_.try_emplace(row.key().packed(), Sum{closing - options_.interval, *options_.cumulate_from, line});
  Sum& sum = found->second;
  if (!first && closing <= sum.last)
    return reject("is not after the row before; consumption can be summed up in ascending order alone");
  const auto value = sum.value + row.register_value();
  if (value > kMaxRegister) return reject("the sum is over the largest register");

  if (first) {
    begun_.emplace_back(row.key(), sum.last, sum.value);
    out.add(line, begun_.back());
  } else if (last_rejected_ > sum.line && closing - options_.interval > sum.last) {
    incomplete_.insert(row.key().meter().number());
  }
  sum = {closing, value, line};
  out.add(line, {row.key(), closing, value});
}

}  // namespace meterhouse::cli
