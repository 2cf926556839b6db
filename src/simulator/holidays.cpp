#include "simulator/holidays.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace meterhouse::simulator {
namespace {

struct MonthDay {
  std::uint8_t month;
  std::uint8_t day;
};

// Chinese New Year (first of two days), Hari Raya Puasa, Vesak Day, Hari Raya Haji, Deepavali.
constexpr int kFirstYear = 2010;
constexpr std::array<MonthDay, 5> kMovable[] = {
    {{{2, 14}, {9, 10}, {5, 28}, {11, 17}, {11, 5}}},  // 2010
    {{{2, 3}, {8, 30}, {5, 17}, {11, 6}, {10, 26}}},   // 2011
    {{{1, 23}, {8, 19}, {5, 5}, {10, 26}, {11, 13}}},  // 2012
    {{{2, 10}, {8, 8}, {5, 24}, {10, 15}, {11, 2}}},   // 2013
    {{{1, 31}, {7, 28}, {5, 13}, {10, 5}, {10, 22}}},  // 2014
    {{{2, 19}, {7, 17}, {6, 1}, {9, 24}, {11, 10}}},   // 2015
    {{{2, 8}, {7, 6}, {5, 21}, {9, 12}, {10, 29}}},    // 2016
    {{{1, 28}, {6, 25}, {5, 10}, {9, 1}, {10, 18}}},   // 2017
    {{{2, 16}, {6, 15}, {5, 29}, {8, 22}, {11, 6}}},   // 2018
    {{{2, 5}, {6, 5}, {5, 19}, {8, 11}, {10, 27}}},    // 2019
    {{{1, 25}, {5, 24}, {5, 7}, {7, 31}, {11, 14}}},   // 2020
    {{{2, 12}, {5, 13}, {5, 26}, {7, 20}, {11, 4}}},   // 2021
    {{{2, 1}, {5, 3}, {5, 15}, {7, 10}, {10, 24}}},    // 2022
    {{{1, 22}, {4, 22}, {6, 2}, {6, 29}, {11, 12}}},   // 2023
    {{{2, 10}, {4, 10}, {5, 22}, {6, 17}, {10, 31}}},  // 2024
    {{{1, 29}, {3, 31}, {5, 12}, {6, 7}, {10, 20}}},   // 2025
    {{{2, 17}, {3, 21}, {5, 31}, {5, 27}, {11, 8}}},   // 2026
};

// Anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).
date::local_days easter_sunday(int year) {
  const int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451, month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
  return date::local_days{date::year{year} / month / day};
}

bool is_named_day(date::local_days day) {
  const date::year_month_day date{day};
  const auto month = static_cast<unsigned>(date.month());
  const auto in_month = static_cast<unsigned>(date.day());
  const auto is = [&](MonthDay named) { return named.month == month && named.day == in_month; };
  if (is({1, 1}) || is({5, 1}) || is({8, 9}) || is({12, 25})) return true;

  const int year = static_cast<int>(date.year());
  if (day == easter_sunday(year) - date::days{2}) return true;

  const int row = year - kFirstYear;
  if (row < 0 || row >= static_cast<int>(std::size(kMovable))) return false;
  const auto& movable = kMovable[row];
  const auto new_year = date::local_days{date.year() / movable[0].month / movable[0].day};
  return std::ranges::any_of(movable, is) || day == new_year + date::days{1};
}

}  // namespace

bool is_public_holiday(date::local_days day) {
  if (is_named_day(day)) return true;
  return date::weekday{day} == date::Monday && is_named_day(day - date::days{1});
}

}  // namespace meterhouse::simulator
