#include "codec/times.h"

#include <algorithm>

#include "base/check.h"
#include "codec/bytes.h"

namespace meterhouse {
namespace {

constexpr unsigned kMaxDeviationWidth = 34;  // zigzag of a 32-bit distance less a 32-bit step

// The commonest distance; of equally common ones the smallest.
std::int64_t commonest(std::vector<std::int64_t> distances) {
  std::ranges::sort(distances);
  std::int64_t best = distances.front();
  std::ptrdiff_t best_count = 0;
  for (auto from = distances.begin(); from != distances.end();) {
    const auto to = std::upper_bound(from, distances.end(), *from);
    if (to - from > best_count) {
      best_count = to - from;
      best = *from;
    }
    from = to;
  }
  return best;
}

// How many, then for each place whose distance is not the step: how many steps stand before it, and its deviation.
std::vector<std::byte> encode_runs(std::span<const std::uint64_t> deviations) {
  std::vector<std::byte> out;
  put_varint(out, deviations.size() - static_cast<std::size_t>(std::ranges::count(deviations, std::uint64_t{0})));
  std::size_t steps = 0;
  for (const auto deviation : deviations) {
    if (deviation == 0) {
      ++steps;
    } else {
      put_varint(out, steps);
      put_varint(out, deviation);
      steps = 0;
    }
  }
  return out;
}

std::vector<std::byte> encode_packed(std::span<const std::uint64_t> deviations) {
  std::vector<std::byte> out;
  const auto coding = width_coding_of(deviations);
  out.push_back(static_cast<std::byte>(coding));
  append_frames(out, deviations, coding);
  return out;
}

bool unpack_runs(const BlockHeader& header, const TimeSection& section, std::int64_t* out) {
  ByteReader in{section.runs};
  const std::size_t count = header.summary.count;
  const auto last = epoch_seconds(header.summary.last);
  auto at = epoch_seconds(header.summary.first);
  std::size_t done = 1;
  out[0] = at;
  for (std::uint64_t run = 0; run < section.run_count; ++run) {
    const auto steps = in.varint();
    const auto deviation = unzigzag(in.varint());
    if (!in.ok() || steps + 1 > count - done) return false;
    fill_steps(at + header.nominal_step, header.nominal_step, steps, out + done);
    done += steps;
    const auto distance = header.nominal_step + deviation;
    at = out[done - 1] + distance;
    if (distance < 1 || at > last) return false;
    out[done++] = at;
  }
  fill_steps(at + header.nominal_step, header.nominal_step, count - done, out + done);
  return out[count - 1] == last;
}

bool unpack_packed(const BlockHeader& header, const TimeSection& section, std::int64_t* out) {
  out[0] = epoch_seconds(header.summary.first);
  const auto sums = unpack_sums(
      section.deviations, {.start = out[0], .bias = header.nominal_step, .sign = DeltaRule::Sign::zigzag}, out + 1);
  if (sums.last != epoch_seconds(header.summary.last)) return false;
  // No distance is beyond 2^35, so ascending instants that end in range have not wrapped.
  bool ascending = true;
  for (std::size_t i = 1; i < header.summary.count; ++i) ascending &= out[i - 1] < out[i];
  return ascending;
}

// Where the runs end, without writing anything.
std::optional<std::size_t> skip_runs(std::span<const std::byte> runs, std::uint64_t run_count) {
  ByteReader in{runs};
  for (std::uint64_t i = 0; i < run_count && in.ok(); ++i) {
    in.varint();
    in.varint();
  }
  if (!in.ok()) return std::nullopt;
  return in.position();
}

}  // namespace

void append_times(std::vector<std::byte>& out, std::span<const Instant> at, BlockHeader& header) {
  header.time_mode = TimeMode::regular;
  if (at.size() == 1) return;

  const auto step = at[1] - at[0];
  const auto other = std::ranges::adjacent_find(at, [step](Instant a, Instant b) { return b - a != step; });
  if (other == at.end()) {
    header.summary.step = step;
    header.nominal_step = step.count();
    return;
  }

  std::vector<std::int64_t> distances(at.size() - 1);
  for (std::size_t i = 1; i < at.size(); ++i) distances[i - 1] = (at[i] - at[i - 1]).count();
  header.nominal_step = commonest(distances);
  std::vector<std::uint64_t> deviations(distances.size());
  std::ranges::transform(distances, deviations.begin(),
                         [&](std::int64_t distance) { return zigzag(distance - header.nominal_step); });
  const auto runs = encode_runs(deviations);
  const auto packed = encode_packed(deviations);
  const bool runs_smaller = runs.size() <= packed.size();
  header.time_mode = runs_smaller ? TimeMode::runs : TimeMode::packed;
  const auto& section = runs_smaller ? runs : packed;
  out.insert(out.end(), section.begin(), section.end());
}

std::optional<TimeSection> find_times(const BlockHeader& header, std::span<const std::byte> payload,
                                      std::span<const std::byte> readable) {
  TimeSection section;
  if (header.time_mode == TimeMode::regular) return section;
  if (payload.empty()) return std::nullopt;

  if (header.time_mode == TimeMode::runs) {
    ByteReader in{payload};
    section.run_count = in.varint();
    if (!in.ok() || section.run_count < 1 || section.run_count >= header.summary.count) return std::nullopt;
    section.runs = payload.subspan(in.position());
    const auto size = skip_runs(section.runs, section.run_count);
    if (!size) return std::nullopt;
    section.size_bytes = in.position() + *size;
    return section;
  }

  const auto coding = static_cast<std::uint8_t>(payload[0]);
  if (coding > static_cast<std::uint8_t>(WidthCoding::byte)) return std::nullopt;
  const auto deviations = find_frames(payload.subspan(1), readable.subspan(1), header.summary.count - 1,
                                      static_cast<WidthCoding>(coding), kMaxDeviationWidth);
  if (!deviations) return std::nullopt;
  section.deviations = *deviations;
  section.size_bytes = 1 + deviations->size_bytes;
  return section;
}

bool unpack_times(const BlockHeader& header, const TimeSection& section, std::size_t count, std::int64_t* out) {
  MH_CHECK(header.time_mode == TimeMode::regular || count == header.summary.count);
  switch (header.time_mode) {
    case TimeMode::regular:
      fill_steps(epoch_seconds(header.summary.first), header.summary.step.count(), count, out);
      return true;
    case TimeMode::runs:
      return unpack_runs(header, section, out);
    case TimeMode::packed:
      return unpack_packed(header, section, out);
  }
  return false;
}

}  // namespace meterhouse
