#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/check.h"
#include "store/sqlite/page_checksums.h"

namespace meterhouse {
namespace {

// Waited for a lock that another process holds (a backup, a person's shell) before giving up.
constexpr int kBusyTimeoutMs = 10'000;

// Write-ahead log: readers go on while one writes. FULL: each commit is synced. The log is cut back after a large
// registration. cell_size_check finds damaged pages before they are used. 32 MiB of pages a connection at most.
constexpr const char* kSetUpWriter = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -32768;
)sql";
constexpr const char* kSetUpReader = R"sql(
PRAGMA query_only = ON;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -8192;
)sql";
// Nobody reads a file that is not finished, so there is nothing to be rolled back to: a copy that fails is removed.
constexpr const char* kSetUpCopy = R"sql(
PRAGMA journal_mode = OFF;
PRAGMA synchronous = FULL;
)sql";
// With the exclusive lock the index of the write-ahead log is kept in memory and not in a file.
constexpr const char* kSetUpInspector = R"sql(
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA query_only = ON;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -32768;
)sql";

Errc errc_of(int code, int system_errno) {
  switch (code & 0xFF) {
    case SQLITE_ERROR:  // our statements do not fit the tables: the schema is damaged
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::corruption;
    case SQLITE_FULL:
      return Errc::no_space;
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_SHORT_READ) return Errc::corruption;
      if (system_errno == ENOSPC || system_errno == EDQUOT) return Errc::no_space;
      return Errc::io;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::unavailable;
    case SQLITE_CONSTRAINT:
      return Errc::invalid_argument;
    case SQLITE_TOOBIG:
      return Errc::out_of_range;
    default:
      return Errc::io;
  }
}

Error error_of(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  const char* name = sqlite3_db_filename(database, "main");
  if (code == SQLITE_IOERR_DATA) {
    DamagedPage damaged;
    sqlite3_file_control(database, "main", kTellDamagedPage, &damaged);
    return {Errc::corruption, fmt::format("catalog {}: {}", name == nullptr ? "" : name, damaged.text())};
  }
  return {errc_of(code, sqlite3_system_errno(database)),
          fmt::format("catalog {}: {} (SQLite {})", name == nullptr ? "" : name, sqlite3_errmsg(database), code)};
}

// SQLite takes a file shorter than its smallest page for a new database, which would answer that there are no meters.
// An empty one is: a crash right after it was made leaves that.
Status not_cut_short(const std::string& path) {
  constexpr std::uintmax_t kSmallestPage = 512;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size == 0 || size >= kSmallestPage) return {};
  return Error{Errc::corruption, fmt::format("catalog {}: the file was cut to {} bytes", path, size)};
}

// A name for SQLite by which it takes the file as one that nobody changes: it makes no file beside it.
std::string immutable_name(const std::string& path) {
  std::string name = "file:";
  for (const char c : path)
    name += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02X}", static_cast<unsigned>(c)) : std::string{c};
  return name + "?immutable=1";
}

bool has_log(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path + "-wal", error);
  return !error && size > 0;
}

struct OpenAs {
  std::string name;
  int flags;
};
OpenAs open_as(const std::string& path, SqliteConnection::Access access) {
  constexpr int kAlways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case SqliteConnection::Access::write:
      return {path, kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    case SqliteConnection::Access::copy:
      return {path, kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    case SqliteConnection::Access::read:
      break;
    case SqliteConnection::Access::inspect:
      // What a crash left in the log belongs to the database: reading that needs a lock, which needs a file to write.
      if (!has_log(path)) return {immutable_name(path), kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI};
  }
  return {path, kAlways | SQLITE_OPEN_READWRITE};
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqliteStatement::bind(int parameter, std::int64_t value) {
  MH_CHECK(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK);
}

void SqliteStatement::bind(int parameter, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();  // a null pointer would bind NULL
  MH_CHECK(sqlite3_bind_text64(statement_, parameter, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
}

void SqliteStatement::bind(int parameter, std::optional<int> value) {
  MH_CHECK((value ? sqlite3_bind_int(statement_, parameter, *value) : sqlite3_bind_null(statement_, parameter)) ==
           SQLITE_OK);
}

void SqliteStatement::bind(int parameter, std::optional<std::int64_t> value) {
  MH_CHECK((value ? sqlite3_bind_int64(statement_, parameter, *value) : sqlite3_bind_null(statement_, parameter)) ==
           SQLITE_OK);
}

void SqliteStatement::bind_real(int parameter, std::optional<double> value) {
  MH_CHECK((value ? sqlite3_bind_double(statement_, parameter, *value) : sqlite3_bind_null(statement_, parameter)) ==
           SQLITE_OK);
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement_));
}

Status SqliteStatement::run() {
  const auto stepped = step();
  sqlite3_reset(statement_);
  if (!stepped) return stepped.error();
  MH_CHECK(!*stepped);
  return {};
}

std::string SqliteStatement::name(int column) const {
  const char* const name = sqlite3_column_name(statement_, column);
  return name == nullptr ? "" : name;  // out of memory
}

SqliteStatement::Type SqliteStatement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return Type::integer;
    case SQLITE_FLOAT:
      return Type::real;
    case SQLITE_TEXT:
      return Type::text;
    case SQLITE_NULL:
      return Type::null;
    default:
      return Type::other;
  }
}

std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double SqliteStatement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string SqliteStatement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string{}
                         : std::string{data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Access access) {
  if (const Status whole = not_cut_short(path); !whole) return whole.error();
  const OpenAs as = open_as(path, access);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(as.name.c_str(), &database, as.flags, page_checksum_vfs());
  if (database == nullptr) return Error{Errc::unavailable, fmt::format("open catalog {}: out of memory", path)};
  std::unique_ptr<SqliteConnection> connection{new SqliteConnection{database}};
  if (code != SQLITE_OK)
    return Error{errc_of(code, sqlite3_system_errno(database)),
                 fmt::format("open catalog {}: {}", path, sqlite3_errmsg(database))};
  if (const Status set_up = connection->set_up(access); !set_up) return set_up.error();
  return connection;
}

Status SqliteConnection::set_up(Access access) {
  sqlite3_busy_timeout(database_, kBusyTimeoutMs);
  if (access == Access::write || access == Access::copy) {  // of a new database; an older one stays as it is
    int reserve = kPageReserve;
    MH_CHECK(sqlite3_file_control(database_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve) == SQLITE_OK);
  }
  if (access == Access::write) return execute(kSetUpWriter);
  if (access == Access::read) return execute(kSetUpReader);
  if (access == Access::copy) return execute(kSetUpCopy);
  // The last connection to a database moves the log into it; this one must not.
  MH_CHECK(sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) == SQLITE_OK);
  return execute(kSetUpInspector);
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  MH_CHECK(sqlite3_close(database_) == SQLITE_OK);
}

Status SqliteConnection::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error_of(database_);
  return {};
}

Result<SqliteStatement> SqliteConnection::prepare(const std::string& sql) {
  auto& kept = statements_[sql];
  if (kept == nullptr) {
    sqlite3_stmt* statement = nullptr;
    // PostgreSQL's $2 is the second parameter; SQLite takes it for a name, and its ?2 is the second.
    std::string numbered = sql;
    std::ranges::replace(numbered, '$', '?');
    const int code = sqlite3_prepare_v3(database_, numbered.c_str(), static_cast<int>(numbered.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      const Error error = error_of(database_);
      statements_.erase(sql);
      return error;
    }
    kept.reset(statement);
  }
  MH_CHECK(sqlite3_stmt_busy(kept.get()) == 0);
  return SqliteStatement{kept.get()};
}

Result<std::int64_t> SqliteConnection::query_integer(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto found = statement->step();
  if (!found) return found.error();
  if (!*found) return Error{Errc::not_found, fmt::format("no row: {}", sql)};
  return statement->integer(0);
}

Status SqliteConnection::copy_to(SqliteConnection& empty) {
  sqlite3_backup* const backup = sqlite3_backup_init(empty.database_, "main", database_, "main");
  if (backup == nullptr) return error_of(empty.database_);
  const int stepped = sqlite3_backup_step(backup, -1);  // all pages: one snapshot, and the log is no longer than that
  const int code = sqlite3_backup_finish(backup);
  if (code == SQLITE_OK && stepped == SQLITE_DONE) return {};
  // Busy and locked are the step's alone; everything else finish tells again, and `empty` has its words.
  if (code == SQLITE_OK) return Error{errc_of(stepped, 0), fmt::format("copy catalog: {}", sqlite3_errstr(stepped))};
  return error_of(empty.database_);
}

Result<bool> SqliteConnection::has_page_checksums() {
  bool has = false;
  if (sqlite3_file_control(database_, "main", kTellChecksums, &has) != SQLITE_OK) return error_of(database_);
  return has;
}

// All pages are laid out anew; the log is moved into the database, which is when they get their checksums.
Status SqliteConnection::add_page_checksums() { return execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"); }

std::int64_t SqliteConnection::changes() const { return sqlite3_changes64(database_); }

Result<SqliteTransaction> SqliteTransaction::begin(SqliteConnection& connection) {
  if (const Status begun = connection.execute("BEGIN IMMEDIATE"); !begun) return begun.error();
  return SqliteTransaction{connection};
}

SqliteTransaction::~SqliteTransaction() {
  // Where SQLite has rolled back by itself (disk full) there is no transaction any more, and that is as good.
  if (connection_ != nullptr) (void)connection_->execute("ROLLBACK");
}

Status SqliteTransaction::commit() {
  const Status committed = connection_->execute("COMMIT");
  if (committed) connection_ = nullptr;
  return committed;
}

}  // namespace meterhouse
