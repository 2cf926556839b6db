#pragma once

#include "model/site.h"
#include "simulator/feed.h"
#include "simulator/town.h"

namespace meterhouse::simulator {

inline Site small_site(std::string timezone = "Asia/Singapore") {
  Site site;
  site.regions = {{"Central Region", {"Bishan", "Novena"}}, {"East Region", {"Bedok"}}};
  site.dwelling_types = {
      "1-room / 2-room", "Private Apartments and Condominiums", "Landed Properties", "5-room and Executive", "3-room",
      "4-room"};
  site.timezone = std::move(timezone);
  return site;
}

inline Instant local_midnight(date::year_month_day date, const std::string& timezone = "Asia/Singapore") {
  return SiteCalendar::of(timezone)->start_of_day(date::local_days{date});
}

inline TownOptions options_for(std::uint32_t meters, date::year_month_day first, int days) {
  TownOptions options;
  options.meters = meters;
  options.period = {local_midnight(first),
                    local_midnight(date::year_month_day{date::local_days{first} + date::days{days}})};
  return options;
}

inline Town town_of(const TownOptions& options, const Site& site = small_site()) {
  auto town = Town::build(options, site);
  EXPECT_TRUE(town.has_value()) << (town ? "" : town.error().message);
  return std::move(*town);
}

inline std::vector<Reading> all_readings(Feed& feed) {
  std::vector<Reading> all, batch;
  while (feed.next(batch, 1'000)) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

inline std::vector<Reading> all_readings(const Town& town, Order order = Order::by_time) {
  Feed feed{town, order, town.options().period};
  return all_readings(feed);
}

}  // namespace meterhouse::simulator
