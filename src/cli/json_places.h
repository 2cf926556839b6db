#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace meterhouse::cli {

// Where things stand in a JSON text that a person wrote, for messages about it. Lines count from 1.
std::size_t line_at(std::string_view text, std::size_t offset);

// The lines of all values of a JSON text, by their path: "area_data.Area[3]". A member stands where its name does.
class JsonPlaces {
 public:
  // json  valid (a parser has accepted it), nested at most as deep as that parser allows
  explicit JsonPlaces(std::string_view json);

  std::optional<std::size_t> line_of(const std::string& path) const;

  struct Twice {
    std::string path;
    std::size_t line;  // of the second
  };
  // The first name that stands twice in one object. nullopt: there is none.
  const std::optional<Twice>& twice() const { return twice_; }

 private:
  void value(const std::string& path);
  void object(const std::string& path);
  void array(const std::string& path);
  std::string string();  // with its escapes undone
  void skip_space();
  bool at(char c);  // skips it where it stands next

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::unordered_map<std::string, std::size_t> lines_;
  std::optional<Twice> twice_;
};

}  // namespace meterhouse::cli
