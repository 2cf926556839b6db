#include "formats/csv_rows.h"

#include <algorithm>
#include <array>

#include "formats/buffered_reader.h"
#include "formats/csv_header.h"
#include "formats/row_decoder.h"
#include "formats/word_scan.h"

namespace meterhouse {
namespace {

using Kind = FieldText::Kind;

// Where a column's text goes; nullptr: nowhere.
using Column = FieldText RowFields::*;

struct ColumnName {
  std::string_view name;
  Column column;
};
constexpr ColumnName kColumnNames[] = {
    {"meter_id", &RowFields::meter_id},      {"at", &RowFields::at},
    {"timestamp", &RowFields::at},           {"register", &RowFields::register_value},
    {"reading", &RowFields::register_value}, {"channel", &RowFields::channel}};
constexpr std::size_t kMaxColumns = 64;

std::string column_name(std::string_view field) {
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  std::string name{field};
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

// At the first of: a comma, a quote, a control character.
const char* skip_plain(const char* p) {
  return scan_words(
      p, [](std::uint64_t word) { return bytes_equal(word, ',') | bytes_equal(word, '"') | bytes_below(word, ' '); });
}

// Cuts one line into fields. A field without quotes is a view into the line, one with quotes into the splitter.
class LineSplitter {
 public:
  // nullptr: cut; else what is wrong with the line. At most kMaxColumns fields.
  const char* split(std::string_view line) {
    count_ = 0;
    unquoted_.clear();
    unquoted_.reserve(line.size());  // the views into it stay
    for (;;) {
      if (count_ == kMaxColumns) return "has too many fields";
      const char* const wrong = line.starts_with('"') ? take_quoted(line) : take_plain(line);
      if (wrong != nullptr) return wrong;
      if (line.empty()) return nullptr;
      line.remove_prefix(1);  // the comma
    }
  }

  // The line that starts here, without quotes and tabs: behind its line break, or nullptr where it is not of this kind
  // or not all there. Zero bytes stand behind what is there.
  const char* split_plain(const char* p) {
    count_ = 0;
    for (;; ++p) {
      const char* const end = skip_plain(p);
      fields_[count_++] = {p, static_cast<std::size_t>(end - p)};
      p = end;
      if (*p != ',' || count_ == kMaxColumns) break;
    }
    if (*p == '\r') ++p;
    return *p == '\n' ? p + 1 : nullptr;
  }

  std::size_t size() const { return count_; }
  std::string_view operator[](std::size_t i) const { return fields_[i]; }

 private:
  const char* take_plain(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find(','));
    if (field.find('"') != std::string_view::npos) return "has a quote within a field";
    fields_[count_++] = field;
    line.remove_prefix(field.size());
    return nullptr;
  }

  const char* take_quoted(std::string_view& line) {
    const std::size_t start = unquoted_.size();
    line.remove_prefix(1);
    for (;;) {
      const std::size_t quote = line.find('"');
      if (quote == std::string_view::npos) return "has a quote that is not closed";
      unquoted_.append(line.substr(0, quote));
      line.remove_prefix(quote + 1);
      if (!line.starts_with('"')) break;
      unquoted_.push_back('"');
      line.remove_prefix(1);
    }
    if (!line.empty() && line.front() != ',') return "has text behind a closing quote";
    fields_[count_++] = std::string_view{unquoted_}.substr(start);
    return nullptr;
  }

  std::array<std::string_view, kMaxColumns> fields_;
  std::size_t count_ = 0;
  std::string unquoted_;
};

class CsvReader final : public BufferedReader {
 public:
  explicit CsvReader(const RowContext& context)
      : BufferedReader(RowBuffer::ByteOrderMark::drop), unknown_fields_(context.unknown_fields), decoder_(context) {}

  void set_latest_allowed(Instant latest) override { decoder_.set_latest_allowed(latest); }

 private:
  bool step(ParsedRows& out, std::size_t max_rows) override {
    if (!columns_.empty() && take_plain_lines(out, max_rows)) return true;
    const std::string_view text = buffer_.view();
    const std::size_t end = text.find('\n');
    const bool complete = end != std::string_view::npos;
    const std::size_t size = complete ? end : text.size();
    if (size > kMaxRowBytes) return syntax_error(fmt::format("a line is at most {} bytes long", kMaxRowBytes));
    if (!complete && buffer_.finished() && size == 0 && columns_.empty())
      return syntax_error("the header line is missing");
    if (!complete && (!buffer_.finished() || size == 0)) return false;
    std::string_view line = text.substr(0, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (columns_.empty()) {
      if (!take_header(line)) return false;
    } else {
      take_line(line, out);
    }
    buffer_.consume(complete ? size + 1 : size);
    return true;
  }

  bool syntax_error(std::string_view reason) {
    return columns_.empty() ? fail(fmt::format("header line: {}", reason)) : fail_at(row_, reason);
  }

  bool take_header(std::string_view line) {
    if (const char* wrong = splitter_.split(line)) return syntax_error(wrong);
    std::vector<Column> columns;
    for (std::size_t i = 0; i < splitter_.size(); ++i) {
      const std::string name = column_name(splitter_[i]);
      const auto known = std::ranges::find(kColumnNames, name, &ColumnName::name);
      if (known == std::end(kColumnNames)) {
        if (unknown_fields_ == UnknownFields::refuse) return unknown(line, i);
        columns.push_back(nullptr);
        continue;
      }
      if (std::ranges::count(columns, known->column) > 0)
        return syntax_error(fmt::format("{} comes twice", known->name));
      columns.push_back(known->column);
      if (known->column == &RowFields::at) names_.at_name = known->name;
      if (known->column == &RowFields::register_value) names_.register_name = known->name;
    }
    for (const auto& [name, column] : {kColumnNames[0], kColumnNames[1], kColumnNames[3]})
      if (std::ranges::count(columns, column) == 0) return syntax_error(fmt::format("there is no column {}", name));
    columns_ = std::move(columns);
    return true;
  }

  bool unknown(std::string_view header, std::size_t column) {
    if (const auto separated = other_separator(header)) return syntax_error(*separated);
    return syntax_error(
        fmt::format("{}; there are meter_id, at, register, channel", unknown_column(column + 1, splitter_[column])));
  }

  // true: the batch is full.
  bool take_plain_lines(ParsedRows& out, std::size_t max_rows) {
    while (const char* const behind = splitter_.split_plain(buffer_.data())) {
      const auto size = static_cast<std::size_t>(behind - buffer_.data());
      if (size >= kMaxRowBytes) return false;
      take_fields(out);
      buffer_.consume(size);
      if (out.size() == max_rows) return true;
    }
    return false;
  }

  void take_line(std::string_view line, ParsedRows& out) {
    if (const char* wrong = splitter_.split(line)) return out.reject(row_++, {}, wrong);
    take_fields(out);
  }

  void take_fields(ParsedRows& out) {
    const std::uint64_t row = row_++;
    if (splitter_.size() != columns_.size()) {
      if (splitter_.size() == 1 && splitter_[0].empty()) return;  // a blank line
      return out.reject(row, {}, fmt::format("has {} fields, the header {}", splitter_.size(), columns_.size()));
    }
    RowFields fields = names_;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] == nullptr) continue;
      const std::string_view text = splitter_[i];
      fields.*columns_[i] = FieldText{text.empty() ? Kind::absent : Kind::string, text};
    }
    decoder_.decode(row, fields, out);
  }

  UnknownFields unknown_fields_;
  RowDecoder decoder_;
  LineSplitter splitter_;
  std::vector<Column> columns_;  // empty: the header has not been read
  RowFields names_;              // only the names that the header gave the columns
  std::uint64_t row_ = 1;
};

}  // namespace

std::unique_ptr<RowReader> make_csv_reader(const RowContext& context) { return std::make_unique<CsvReader>(context); }

}  // namespace meterhouse
