#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/catalog_schema.h"
#include "store/contract/must.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::HasSubstr;
using testing::Not;

// Which way SQLite means to go through the tables: a list must be a walk along one index that ends with the page, so
// that its cost does not grow with the table.
class QueryPlan : public testing::Test {
 protected:
  std::string plan_of(const CatalogQuery& query) {
    std::string plan;
    must(for_each_row(*connection_, "EXPLAIN QUERY PLAN " + query.sql, [&](const SqliteStatement& row) -> Status {
      plan += row.text(3) + "; ";
      return {};
    }));
    return plan;
  }
  std::string plan_of(const char* sql) { return plan_of({sql, {}}); }

 private:
  static std::string made(const std::string& path) {
    must(must(SqliteCatalog::open(path, SystemClock{}))->close());
    return path;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<SqliteConnection> connection_ =
      must(SqliteConnection::open(made(directory_.path() + "/catalog.sqlite"), SqliteConnection::Access::write));
};

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);
constexpr date::local_days kDay{date::days{20'139}};

TEST_F(QueryPlan, ListsOfMetersWalkOneIndexInTheirOrder) {
  struct Case {
    MeterFilter filter;
    const char* index;
  };
  for (const Case& c : {Case{{}, "USING INTEGER PRIMARY KEY"}, Case{{.id_prefix = "12"}, "USING INTEGER PRIMARY KEY"},
                        Case{{.region = "R"}, "USING INDEX meter_by_region"},
                        Case{{.dwelling_type = "D"}, "USING INDEX meter_by_dwelling_type"},
                        Case{{.region = "R", .area = "A", .dwelling_type = "D"}, "USING INDEX meter_by_area"}}) {
    SCOPED_TRACE(c.index);
    const std::string plan = plan_of(meter_query(c.filter, MeterId::from_number(5), 10));
    EXPECT_THAT(plan, HasSubstr(c.index));
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE")));
  }
}

TEST_F(QueryPlan, ListsOfEventsWalkOneIndexInTheirOrder) {
  const MeterId meter = MeterId::from_number(5);
  struct Case {
    EventFilter filter;
    const char* index;
  };
  constexpr const char* kById = "event USING INDEX sqlite_autoindex_event_1";
  constexpr const char* kByType = "event USING INDEX event_by_type (type=?";
  constexpr const char* kByMeter = "event USING INDEX event_by_meter (meter_id=?";
  for (const Case& c :
       {Case{{}, kById}, Case{{.from = kNoon}, kById}, Case{{.from = kNoon, .to = kNoon}, kById},
        Case{{.types = {"a"}}, kByType}, Case{{.types = {"a"}, .from = kNoon, .to = kNoon}, kByType},
        Case{{.meter = meter}, kByMeter}, Case{{.types = {"a"}, .from = kNoon, .to = kNoon, .meter = meter}, kByMeter}})
    for (const EventOrder order : {EventOrder::oldest_first, EventOrder::newest_first})
      for (const auto cursor : {std::optional<std::int64_t>{}, std::optional<std::int64_t>{5}}) {
        const CatalogQuery query = event_query(c.filter, order, cursor, 10);
        SCOPED_TRACE(query.sql);
        const std::string plan = plan_of(query);
        EXPECT_THAT(plan, HasSubstr(c.index));
        EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE")));
      }
}

// Of several types each is walked for itself; only what they bring together is sorted.
TEST_F(QueryPlan, SeveralTypesAreWalkedOneByOne) {
  for (const EventOrder order : {EventOrder::oldest_first, EventOrder::newest_first}) {
    const std::string plan = plan_of(event_query({.types = {"a", "b"}, .from = kNoon}, order, 5, 10));
    EXPECT_THAT(plan, HasSubstr("event USING INDEX event_by_type (type=?"));
    EXPECT_THAT(plan, Not(HasSubstr("SCAN event")));
  }
}

TEST_F(QueryPlan, ListsOfJobRunsWalkOneIndexInTheirOrder) {
  struct Case {
    JobRunFilter filter;
    const char* index;
  };
  for (const Case& c : {Case{{}, "sqlite_autoindex_job_run_1"}, Case{{.job = "daily"}, "job_run_by_job"},
                        Case{{.state = JobRun::State::running}, "job_run_by_state"},
                        Case{{.job = "daily", .state = JobRun::State::running}, "job_run_by_state"},
                        Case{{.job = "daily", .day = kDay, .state = JobRun::State::running}, "job_run_by_day"}}) {
    SCOPED_TRACE(c.index);
    const std::string plan = plan_of(job_run_query(c.filter, 5, 10));
    EXPECT_THAT(plan, HasSubstr(c.index));
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE")));
  }
}

TEST_F(QueryPlan, EveryOtherStatementSeeksWhatItNeeds) {
  for (const char* sql : {kSelectMeter, kSelectState, kSelectRun, kSelectSteps, kDeleteSteps, kSelectTouched,
                          kForgetTouches, kSelectDay, kSelectDays, kSelectTotals, kDeleteTotals, kDeleteEventsUpTo}) {
    SCOPED_TRACE(sql);
    EXPECT_THAT(plan_of(sql), testing::AllOf(Not(HasSubstr("SCAN")), Not(HasSubstr("TEMP B-TREE"))));
  }
  // Along the primary key, as far as the page, the piece or the newest kept.
  EXPECT_THAT(plan_of(kSelectNewestDay), Not(HasSubstr("TEMP B-TREE")));
  EXPECT_THAT(plan_of(kSelectNewestDropped), HasSubstr("USING COVERING INDEX sqlite_autoindex_event_1"));
  EXPECT_THAT(plan_of(kDeleteEventsBefore), HasSubstr("event USING INDEX sqlite_autoindex_event_1 (event_id<?)"));
}

}  // namespace
}  // namespace meterhouse
