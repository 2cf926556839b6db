// A JSON array and JSON lines as streams of rows. Most rows are plain (formats/plain_row.h) and are read where they
// stand. All others are cut out and given to simdjson one by one: in an array an exact scan finds where the row ends,
// so that a fault can be told with its row and byte and the good rows before it are kept.
#include "formats/json_rows.h"

#include "base/check.h"
#include "formats/buffered_reader.h"
#include "formats/json_row.h"
#include "formats/plain_row.h"

namespace meterhouse {
namespace {

namespace ondemand = simdjson::ondemand;
using Outcome = JsonRowWalker::Outcome;
static_assert(RowBuffer::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Looks for the end of the element that starts at text[0], whatever it is; goes on where it was when more of it has
// come.
class ElementScan {
 public:
  // Just behind the element, or kNowhere where it is not all there.
  std::size_t end_of(std::string_view text) {
    for (; at_ < text.size(); ++at_) {
      const char c = text[at_];
      if (in_string_) {
        if (c == '\\') ++at_;
        if (c != '"') continue;
        in_string_ = false;
        if (depth_ == 0) return at_ + 1;
      } else if (c == '"') {
        in_string_ = true;
      } else if (depth_ == 0 && (c == ',' || c == ']' || c == '}' || is_space(c))) {
        return at_;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if ((c == '}' || c == ']') && --depth_ == 0) {
        return at_ + 1;
      }
    }
    return kNowhere;
  }

 private:
  std::size_t at_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
};

// What both readers of JSON share: the walker, the decoder, the parser, and the row that comes next.
class JsonReader : public BufferedReader {
 public:
  explicit JsonReader(const RowContext& context)
      : BufferedReader(RowBuffer::ByteOrderMark::drop),
        names_(context.names),
        walker_(context.names, context.unknown_fields),
        decoder_(context) {
    MH_CHECK(parser_.allocate(kMaxRowBytes + 2) == simdjson::SUCCESS);
  }

  void set_latest_allowed(Instant latest) override { decoder_.set_latest_allowed(latest); }

 protected:
  // The bytes of the row that starts here; 0: it is not a plain one, or not all here.
  std::size_t take_plain_row(ParsedRows& out) {
    RowFields fields;
    const std::size_t size = read_plain_row(buffer_.data(), names_, fields);
    if (size == 0 || size >= kMaxRowBytes) return 0;
    decoder_.decode(row_++, fields, out);
    return size;
  }

  void take(Outcome outcome, std::uint64_t row, ParsedRows& out) {
    if (outcome == Outcome::row)
      decoder_.decode(row, walker_.fields(), out);
    else
      walker_.reject_to(row, out);
  }

  // One row that is a document of its own; `text` lies in the buffer. Empty: it was taken or rejected; else why it is
  // no JSON.
  std::string_view take_document(std::string_view text, ParsedRows& out) {
    ondemand::document document;
    ondemand::object object;
    const auto error_of_text = parser_.iterate(text, text.size() + RowBuffer::kPadding).get(document);
    if (error_of_text == simdjson::UTF8_ERROR) {
      out.reject(row_, field_that_is_no_utf8(text), "is not valid UTF-8");
      return {};
    }
    if (error_of_text) return simdjson::error_message(error_of_text);
    if (!text.starts_with('{')) return take_other(text, document, out);
    if (const auto error = document.get_object().get(object)) return simdjson::error_message(error);
    const Outcome outcome = walker_.walk(object);
    if (outcome == Outcome::broken) return walker_.broken_reason();
    if (outcome != Outcome::left && !at_end(document)) return "there is more than one value";
    take(outcome, row_, out);
    return {};
  }

  RowNames names_;
  JsonRowWalker walker_;
  RowDecoder decoder_;
  ondemand::parser parser_;
  std::uint64_t row_ = 1;  // the next one

 private:
  // A row that is no object: where it nests, its syntax is checked all the same.
  std::string_view take_other(std::string_view text, ondemand::document& document, ParsedRows& out) {
    if (text.starts_with('[')) {
      ondemand::value value;
      if (const auto error = document.get_value().get(value)) return simdjson::error_message(error);
      const bool walked = walker_.walk_value(value, 1);
      if (!walked && !walker_.too_deep()) return walker_.broken_reason();
      if (walked && !at_end(document)) return "there is more than one value";
    }
    out.reject(row_, {}, "must be an object");
    return {};
  }
};

class JsonArrayReader final : public JsonReader {
 public:
  using JsonReader::JsonReader;

 private:
  enum class At : std::uint8_t { array, first_row, row, separator, end };

  bool step(ParsedRows& out, std::size_t max_rows) override {
    buffer_.consume(skip_space(buffer_.view(), 0));
    if (buffer_.size() == 0) {
      if (!buffer_.finished() || at_ == At::end) return false;
      return fail_at(row_, at_ == At::array ? "the body is empty; a JSON array of rows is expected"
                                            : "the body ends before the array is closed");
    }
    const char next = buffer_.data()[0];
    switch (at_) {
      case At::array:
        if (next != '[') return fail_at(row_, "the body must be a JSON array of rows");
        return consume(1, At::first_row);
      case At::first_row:
        if (next == ']') return consume(1, At::end);
        return take_rows(out, max_rows);
      case At::row:
        return take_rows(out, max_rows);
      case At::separator:
        if (next == ',') return consume(1, At::row);
        if (next == ']') return consume(1, At::end);
        return fail_at(row_, "',' or ']' is expected after a row");
      case At::end:
        return fail_at(row_, "there is more text after the array");
    }
    return false;
  }

  bool consume(std::size_t count, At then) {
    buffer_.consume(count);
    at_ = then;
    return true;
  }

  bool take_rows(ParsedRows& out, std::size_t max_rows) {
    while (const std::size_t size = take_plain_row(out)) {
      scan_ = {};
      buffer_.consume(size);
      const bool next_follows = buffer_.data()[0] == ',' && buffer_.data()[1] == '{';
      if (!next_follows || out.size() == max_rows) return at_ = At::separator, true;
      buffer_.consume(1);
    }
    at_ = At::row;
    return take_one(out);
  }

  bool take_one(ParsedRows& out) {
    const std::size_t size = scan_.end_of(buffer_.view());
    if (size > kMaxRowBytes && buffer_.size() > kMaxRowBytes)
      return fail_at(row_, fmt::format("a row is at most {} bytes long", kMaxRowBytes));
    if (size == kNowhere) {
      if (!buffer_.finished()) return false;
      return fail_at(row_, "the body ends within a row");
    }
    if (size == 0) return fail_at(row_, "a row is expected");
    const std::string_view row = buffer_.view().substr(0, size);
    if (const auto reason = take_document(row, out); !reason.empty()) return fail_at(row_, reason);
    scan_ = {};
    ++row_;
    return consume(size, At::separator);
  }

  At at_ = At::array;
  ElementScan scan_;
};

class NdjsonReader final : public JsonReader {
 public:
  using JsonReader::JsonReader;

 private:
  bool step(ParsedRows& out, std::size_t max_rows) override {
    while (const std::size_t size = take_plain_line(out)) {
      buffer_.consume(size);
      if (out.size() == max_rows) return true;
    }
    const std::string_view text = buffer_.view();
    const std::size_t end = text.find('\n');
    const std::size_t size = end == kNowhere ? text.size() : end;
    if (size > kMaxRowBytes) return fail_at(row_, fmt::format("a line is at most {} bytes long", kMaxRowBytes));
    if (end == kNowhere && (!buffer_.finished() || size == 0)) return false;
    take_line(text.substr(0, size), out);
    ++row_;
    buffer_.consume(end == kNowhere ? size : size + 1);
    return true;
  }

  // The bytes of a plain row and of the line break that must stand right behind it.
  std::size_t take_plain_line(ParsedRows& out) {
    RowFields fields;
    const std::size_t size = read_plain_row(buffer_.data(), names_, fields);
    if (size == 0 || size >= kMaxRowBytes) return 0;
    const char* const end = buffer_.data() + size;
    const std::size_t line_break = end[0] == '\n' ? 1 : end[0] == '\r' && end[1] == '\n' ? 2 : 0;
    if (line_break == 0) return 0;
    decoder_.decode(row_++, fields, out);
    return size + line_break;
  }

  void take_line(std::string_view line, ParsedRows& out) {
    line.remove_prefix(skip_space(line, 0));
    if (line.empty()) return;
    if (const auto reason = take_document(line, out); !reason.empty()) out.reject(row_, {}, reason);
  }
};

}  // namespace

std::unique_ptr<RowReader> make_json_array_reader(const RowContext& context) {
  return std::make_unique<JsonArrayReader>(context);
}

std::unique_ptr<RowReader> make_ndjson_reader(const RowContext& context) {
  return std::make_unique<NdjsonReader>(context);
}

}  // namespace meterhouse
