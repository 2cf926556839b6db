#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meterhouse {

// A prepared statement, lent by its connection and given back (reset, unbound) when it goes. Columns count from 0,
// parameters from 1.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(SqliteStatement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  SqliteStatement& operator=(SqliteStatement&&) = delete;

  void bind(int parameter, std::int64_t value);
  void bind(int parameter, std::string_view value);
  void bind(int parameter, std::optional<int> value);  // nullopt: NULL
  void bind(int parameter, std::optional<std::int64_t> value);
  void bind_real(int parameter, std::optional<double> value);

  // True: there is a row, its columns can be read until the next step. False: the statement is done.
  Result<bool> step();
  // Runs a statement without rows to its end, ready to be bound and run again.
  Status run();

  std::string name(int column) const;
  enum class Type : std::uint8_t { integer, real, text, null, other };
  Type type(int column) const;  // of what is stored, before any of the following converts it
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const { return type(column) == Type::null; }

 private:
  sqlite3_stmt* statement_;
};

// One connection to a database file. One thread at a time.
//   errors  of every call: corruption (the file is damaged or no database), no_space, io,
//           unavailable (another process holds it longer than the time-out),
//           invalid_argument (a constraint of the schema)
class SqliteConnection {
 public:
  enum class Access {
    write,  // makes the file where there is none
    read,
    copy,     // makes the file, to be filled by copy_to
    inspect,  // leaves every file as it is, and none behind: no one else may have the database open
  };

  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Access access);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Statements without parameters and rows, one or several.
  Status execute(const std::string& sql);
  // Parameters are written $1, $2, … as in PostgreSQL; `$` stands for nothing else. Prepared once a text and kept; one
  // text must not be lent twice at a time (MH_CHECK).
  Result<SqliteStatement> prepare(const std::string& sql);
  // The first column of the first row. errors also: not_found without a row
  Result<std::int64_t> query_integer(const std::string& sql);
  // Makes an empty database a copy of this one as it was committed when the call began; on stable storage once it
  // succeeds.
  Status copy_to(SqliteConnection& empty);
  // Whether every page has a checksum (page_checksums.h): not in a database that an earlier program made.
  Result<bool> has_page_checksums();
  // Needs room for a second copy. Nobody else has the database open.
  Status add_page_checksums();
  // Rows changed by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteConnection(sqlite3* database) : database_(database) {}
  Status set_up(Access access);

  sqlite3* database_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

// Everything until commit() happens or nothing of it. Takes the write lock at once, so that what is read inside stays
// true.
class SqliteTransaction {
 public:
  static Result<SqliteTransaction> begin(SqliteConnection& connection);
  ~SqliteTransaction();  // undoes what was not committed
  SqliteTransaction(SqliteTransaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;

  // On stable storage once it succeeds; undone where it fails.
  Status commit();

 private:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(&connection) {}
  SqliteConnection* connection_;
};

}  // namespace meterhouse
