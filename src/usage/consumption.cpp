// Every answer is made of edges: instants with the energy counted up to them. A value is the difference of two edges,
// so neighbouring values add up to the register difference whatever the steps, and a gap only moves energy between the
// values at its sides. Cost: one pass over the readings, and a short search for each edge.
#include "usage/consumption.h"

#include <algorithm>

#include "usage/expected_grid.h"
#include "usage/timeline.h"

namespace meterhouse {
namespace {

using Edge = Timeline::Edge;
using Place = Edge::Place;

// Readings that are held, discarded or replaced do not count.
bool all_count(const Series& series) {
  return std::ranges::all_of(series.flags, [](ReadingFlags flags) { return flags.status == ReadingStatus::ok; });
}

Series those_that_count(const Series& series) {
  Series kept;
  kept.reserve(series.size());
  for (std::size_t i = 0; i < series.size(); ++i)
    if (series.flags_at(i).status == ReadingStatus::ok) kept.push_back(series.at[i], series.registers[i]);
  return kept;
}

struct Part {
  Edge start;
  Edge end;
};

// What the readings cover between two edges: an edge outside them moves to the first or last reading.
std::optional<Part> covered_part(const Timeline& timeline, Edge start, Edge end) {
  if (timeline.size() == 0 || start.place == Place::after_last || end.place == Place::before_first) return std::nullopt;
  if (start.place == Place::before_first) start = timeline.on_reading(0);
  if (end.place == Place::after_last) end = timeline.on_reading(timeline.size() - 1);
  if (start.before == end.pairs_end()) return std::nullopt;  // both on one reading
  return Part{start, end};
}

Consumption measure(const Timeline& timeline, const ExpectedGrid& grid, const Edge& from, const Edge& to) {
  Consumption value;
  value.range = {from.instant, to.instant};
  value.completeness = grid.count(value.range);
  const auto part = covered_part(timeline, from, to);
  if (!part) return value;
  const auto& [start, end] = *part;
  value.energy = MilliWattHours{end.energy - start.energy};
  value.quality = start.estimated || end.estimated ? Quality::estimated : Quality::actual;
  if (timeline.suspect(start.before, end.pairs_end())) value.quality = Quality::suspect;
  grid.add_estimates(value.completeness, value.range, start, end);
  value.completeness.covered_from = start.instant;
  value.completeness.covered_to = end.instant;
  return value;
}

Error too_many_values(std::size_t count, std::size_t most) {
  return {Errc::out_of_range,
          fmt::format("{} intervals, at most {} are answered: ask for a shorter range or a longer step", count, most)};
}

// The range's ends, and between them every reading.
Result<std::vector<Edge>> interval_edges(const Timeline& timeline, const Edge& from, const Edge& to, std::size_t most) {
  std::vector<Edge> edges;
  const auto part = covered_part(timeline, from, to);
  if (!part) return edges;
  const std::size_t first = part->start.before + 1;
  const std::size_t last = part->end.pairs_end();  // the reading at or after the end
  const std::size_t count = last - part->start.before;
  if (count > most) return too_many_values(count, most);
  edges.push_back(part->start);
  for (std::size_t reading = first; reading < last; ++reading) edges.push_back(timeline.on_reading(reading));
  edges.push_back(part->end);
  return edges;
}

const SiteCalendar& calendar_of_steps(const ConsumptionQuery& query, const SiteCalendar& site) {
  const bool of_the_clock = query.step == Step::half_hour || query.step == Step::hour;
  return of_the_clock || query.days == nullptr ? site : *query.days;
}

Result<std::vector<Edge>> step_edges(const Timeline& timeline, const ConsumptionQuery& query,
                                     const SiteCalendar& calendar) {
  const auto bounds = step_bounds(query.range, query.step, calendar, query.max_values);
  if (!bounds) return bounds.error();
  std::vector<Edge> edges;
  edges.reserve(bounds->size());
  std::size_t near = 0;
  for (const Instant bound : *bounds) edges.push_back(timeline.edge_at(bound, query.snap, near));
  return edges;
}

}  // namespace

std::string_view to_string(Quality quality) {
  switch (quality) {
    case Quality::actual:
      return "actual";
    case Quality::estimated:
      return "estimated";
    case Quality::suspect:
      return "suspect";
    case Quality::missing:
      return "missing";
  }
  return "?";
}

Result<ConsumptionAnswer> consumption(const Series& series, const ConsumptionQuery& query, const SiteCalendar& site) {
  if (query.range.empty()) return Error{Errc::invalid_argument, "the range is empty: it must end after it begins"};
  if (!all_count(series)) return consumption(those_that_count(series), query, site);
  const auto timeline = Timeline::of(series, query.register_modulus);
  if (!timeline) return timeline.error();

  std::size_t near = 0;
  const Edge from = timeline->edge_at(query.range.from, query.snap, near);
  const Edge to = timeline->edge_at(query.range.to, query.snap, near);
  const auto edges = query.step == Step::interval ? interval_edges(*timeline, from, to, query.max_values)
                                                  : step_edges(*timeline, query, calendar_of_steps(query, site));
  if (!edges) return edges.error();

  const ExpectedGrid grid{query, site.offset_at(query.range.from), *timeline};
  ConsumptionAnswer answer{.total = measure(*timeline, grid, from, to), .dips = timeline->dips(), .values = {}};
  answer.values.reserve(edges->empty() ? 0 : edges->size() - 1);
  for (std::size_t i = 0; i + 1 < edges->size(); ++i)
    answer.values.push_back(measure(*timeline, grid, (*edges)[i], (*edges)[i + 1]));
  return answer;
}

}  // namespace meterhouse
