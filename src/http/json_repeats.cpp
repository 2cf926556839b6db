#include "http/json_repeats.h"

#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <set>

#include "base/check.h"

namespace meterhouse {

namespace {

namespace json = boost::json;

// What the parser calls; only objects and their names matter here.
class Names {
 public:
  using Code = boost::system::error_code;
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  bool on_object_begin(Code&) {
    objects_.emplace_back();
    if (is_row()) repeated.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    objects_.pop_back();
    return true;
  }
  bool on_array_begin(Code&) {
    ++arrays_;
    return true;
  }
  bool on_array_end(std::size_t, Code&) {
    --arrays_;
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, Code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Code&) {
    key_.append(part.data(), part.size());
    if (is_row() && !objects_.back().insert(key_).second && !repeated.back()) repeated.back() = key_;
    key_.clear();
    return true;
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, Code&) { return true; }
  bool on_string(json::string_view, std::size_t, Code&) { return true; }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Code&) { return true; }
  bool on_double(double, json::string_view, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

  std::vector<std::optional<std::string>> repeated;

 private:
  bool is_row() const { return objects_.size() == 1 && arrays_ <= 1; }

  std::vector<std::set<std::string>> objects_;  // those that are open, with their names
  std::size_t arrays_ = 0;                      // that are open
  std::string key_;
};

}  // namespace

std::vector<std::optional<std::string>> repeated_names(std::string_view text) {
  json::basic_parser<Names> parser{json::parse_options{}};
  boost::system::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  MH_CHECK(!error);
  return std::move(parser.handler().repeated);
}

}  // namespace meterhouse
