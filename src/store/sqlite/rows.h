#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/catalog_query.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// A query ready to step, its parameters bound.
inline Result<SqliteStatement> prepare(SqliteConnection& connection, const CatalogQuery& query) {
  auto select = connection.prepare(query.sql);
  if (!select) return select;
  int parameter = 0;
  for (const auto& value : query.parameters)
    std::visit([&](const auto& bound) { select->bind(++parameter, bound); }, value);
  return select;
}

// visit(row) -> Status for each row that is left of a statement; a failed visit ends the walk with its error.
template <class Visit>
Status for_each_row(SqliteStatement& select, Visit visit) {
  for (;;) {
    const auto found = select.step();
    if (!found) return found.error();
    if (!*found) return {};
    if (Status visited = visit(std::as_const(select)); !visited) return visited;
  }
}

template <class Visit>
Status for_each_row(SqliteConnection& connection, const std::string& sql, Visit visit) {
  auto select = connection.prepare(sql);
  if (!select) return select.error();
  return for_each_row(*select, std::move(visit));
}

// The rows that are left, each as value_of(row) -> Result<T> makes it.
template <class T, class ValueOf>
Result<std::vector<T>> collect(SqliteStatement& select, ValueOf value_of) {
  std::vector<T> values;
  const Status walked = for_each_row(select, [&](const SqliteStatement& row) -> Status {
    auto value = value_of(row);
    if (!value) return value.error();
    values.push_back(std::move(*value));
    return {};
  });
  if (!walked) return walked.error();
  return values;
}

// The row that is left, where there is one.
template <class T, class ValueOf>
Result<std::optional<T>> first_of(SqliteStatement& select, ValueOf value_of) {
  const auto found = select.step();
  if (!found) return found.error();
  if (!*found) return std::optional<T>{};
  auto value = value_of(select);
  if (!value) return value.error();
  return std::optional<T>{std::move(*value)};
}

// The columns of a row, each checked as what is written is: damaged bytes must not become a value. The first that is
// not as it must be is remembered, and makes checked() an error; until then what was read means nothing.
class CheckedRow {
 public:
  // what  the rows' name in messages; the first column is their key
  CheckedRow(const SqliteStatement& row, std::string_view what) : row_(row), what_(what) {}

  std::int64_t integer(int column, std::int64_t first, std::int64_t last);  // both included
  std::int64_t count(int column);                                           // not negative
  Instant instant(int column);
  std::string text(int column);
  // nullopt: NULL
  std::optional<std::int64_t> integer_or_null(int column, std::int64_t first, std::int64_t last);
  std::optional<Instant> instant_or_null(int column);
  std::optional<double> share_or_null(int column);  // 0 to 1
  // A text that parse(text) -> Result<T> understands.
  template <class T, class Parse>
  T parsed(int column, Parse parse) {
    const Result<T> value = parse(text(column));
    if (value) return *value;
    fault(column);
    return T{};
  }

  // The value; errors  corruption: a column was not as it must be
  template <class T>
  Result<T> checked(T value) const {
    if (faulty_column_) return error();
    return value;
  }

 private:
  void fault(int column) {
    if (!faulty_column_) faulty_column_ = column;
  }
  Error error() const;

  const SqliteStatement& row_;
  std::string_view what_;
  std::optional<int> faulty_column_;
};

}  // namespace meterhouse
