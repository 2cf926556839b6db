#include "usage/timeline.h"

#include <gtest/gtest.h>

#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::instant;
using testing_support::kwh;
using testing_support::series_of;

constexpr Seconds kSnap{120};

TEST(Timeline, TheNearestReadingWithinSnapStandsOnABoundary) {
  struct Case {
    const char* name;
    Series series;
    const char* energy;  // at 10:00, from the first reading
    bool estimated;
  };
  for (const Case& c : {
           Case{"exact", series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T10:00", "3"}, {"2025-02-20T10:30", "7"}}),
                "2", false},
           Case{"120 s late",
                series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T10:02", "3"}, {"2025-02-20T10:30", "7"}}), "2",
                false},
           Case{"120 s early",
                series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T09:58", "3"}, {"2025-02-20T10:30", "7"}}), "2",
                false},
           Case{"the later is nearer",
                series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T09:59", "3"}, {"2025-02-20T10:00:30", "4"}}), "3",
                false},
           Case{"the earlier is nearer",
                series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T09:59:40", "3"}, {"2025-02-20T10:00:30", "4"}}), "2",
                false},
           Case{"as near: the earlier",
                series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T09:59:30", "3"}, {"2025-02-20T10:00:30", "4"}}), "2",
                false},
           Case{"121 s off", series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T10:02:01", "4.842"}}), "3.6", true},
           Case{"half-way", series_of({{"2025-02-20T09:30", "1"}, {"2025-02-20T10:30", "4"}}), "1.5", true},
           Case{"far apart", series_of({{"2025-02-10T10:00", "1"}, {"2025-03-02T10:00", "5"}}), "2", true},
           Case{"a tie rounds to even", series_of({{"2025-02-20T09:30", "0"}, {"2025-02-20T10:30", "0.000001"}}), "0",
                true},
           Case{"and to even again", series_of({{"2025-02-20T09:30", "0"}, {"2025-02-20T10:30", "0.000003"}}),
                "0.000002", true},
       }) {
    SCOPED_TRACE(c.name);
    const auto timeline = Timeline::of(c.series, std::nullopt);
    std::size_t near = 0;
    const auto edge = timeline->edge_at(instant("2025-02-20T10:00"), kSnap, near);
    ASSERT_EQ(edge.place, Timeline::Edge::Place::known);
    EXPECT_EQ(format_kwh(MilliWattHours{edge.energy}), c.energy);
    EXPECT_EQ(edge.estimated, c.estimated);
  }
}

TEST(Timeline, NothingBoundsWhatLiesOutside) {
  const Series series = series_of({{"2025-02-20T10:00", "1"}, {"2025-02-20T10:30", "2"}});
  const auto timeline = Timeline::of(series, std::nullopt);
  std::size_t near = 0;
  using Place = Timeline::Edge::Place;
  EXPECT_EQ(timeline->edge_at(instant("2025-02-20T09:57:59"), kSnap, near).place, Place::before_first);
  EXPECT_EQ(timeline->edge_at(instant("2025-02-20T09:58:00"), kSnap, near).place, Place::known);
  EXPECT_EQ(timeline->edge_at(instant("2025-02-20T10:32:00"), kSnap, near).place, Place::known);
  EXPECT_EQ(timeline->edge_at(instant("2025-02-20T10:32:01"), kSnap, near).place, Place::after_last);
}

TEST(Timeline, AFallIsARolloverOrSuspect) {
  struct Case {
    const char* name;
    const char* before;
    const char* after;
    std::optional<MilliWattHours> modulus;
    const char* length_end;  // the pair begins at 10:00
    const char* energy;
    bool suspect;
  };
  const MilliWattHours five_digits = kwh("100000");
  for (const Case& c : {
           Case{"rises", "5", "6", five_digits, "2025-02-20T10:30", "1", false},
           Case{"stands", "5", "5", five_digits, "2025-02-20T10:30", "0", false},
           Case{"rollover", "99999.8", "0.3", five_digits, "2025-02-20T10:30", "0.5", false},
           Case{"rollover to exactly zero", "99999.999999", "0", five_digits, "2025-02-20T10:30", "0.000001", false},
           Case{"digits unknown", "99999.8", "0.3", std::nullopt, "2025-02-20T10:30", "0", true},
           Case{"not in the last tenth", "90000", "0.3", five_digits, "2026-02-20T10:30", "0", true},
           Case{"in the last tenth, a year", "95000", "100", five_digits, "2026-02-20T10:00", "5100", false},
           Case{"more than could be drawn", "99900", "0.3", five_digits, "2025-02-20T10:30", "0", true},
           Case{"a small fall in the last tenth, a long gap", "99000", "98999", five_digits, "2027-02-20T10:00", "0",
                true},
           Case{"past the modulus", "100000.5", "0.1", five_digits, "2025-02-20T10:30", "0", true},
           Case{"dip to zero", "5000", "0", five_digits, "2025-02-20T10:30", "0", true},
       }) {
    SCOPED_TRACE(c.name);
    const Series series = series_of({{"2025-02-20T10:00", c.before}, {c.length_end, c.after}});
    const auto timeline = Timeline::of(series, c.modulus);
    EXPECT_EQ(format_kwh(MilliWattHours{timeline->energy(1)}), c.energy);
    EXPECT_EQ(timeline->suspect(0, 1), c.suspect);
  }
}

TEST(Timeline, EnergyGoesOnAfterFalls) {
  const Series series = series_of({{"2025-02-20T10:00", "99999"},
                                   {"2025-02-20T10:30", "1"},
                                   {"2025-02-20T11:00", "3"},
                                   {"2025-02-20T11:30", "2"},
                                   {"2025-02-20T12:00", "2.5"}});
  const auto timeline = Timeline::of(series, kwh("100000"));
  std::vector<std::string> energies;
  for (std::size_t i = 0; i < series.size(); ++i) energies.push_back(format_kwh(MilliWattHours{timeline->energy(i)}));
  EXPECT_EQ(energies, (std::vector<std::string>{"0", "2", "4", "4", "4.5"}));
  EXPECT_FALSE(timeline->suspect(0, 2));
  EXPECT_TRUE(timeline->suspect(2, 3));
  EXPECT_FALSE(timeline->suspect(3, 4));
}

TEST(Timeline, WhatDoesNotFitIsRefused) {
  Series series;
  for (int i = 0; i < 3000; ++i)
    series.push_back(instant_from_epoch(i * 5 * 86'400), i % 2 == 0 ? MilliWattHours{0} : kMaxRegister);
  const auto timeline = Timeline::of(series, std::nullopt);
  ASSERT_FALSE(timeline.has_value());
  EXPECT_EQ(timeline.error().code, Errc::out_of_range);
}

}  // namespace
}  // namespace meterhouse
