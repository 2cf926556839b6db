#include "cli/config.h"
#include "cli/data_directory.h"
#include "cli/export_source.h"
#include "service/reading_months.h"
#include "service/usage_queries.h"

namespace meterhouse::cli {
namespace {

constexpr std::size_t kReadingsAtOnce = 10'000;

// [from, to) as the store's range with both ends.
ReadRange closed(TimeRange range) { return {range.from, range.to - Seconds{1}}; }

class DataSource final : public ExportSource {
 public:
  static Result<std::unique_ptr<ExportSource>> open(const std::string& directory, Site site) {
    std::unique_ptr<DataSource> source{new DataSource{std::move(site)}};
    auto data = DataDirectory::open_existing(directory, source->site_, posix_file_system(), source->clock_, {});
    if (!data) return data.error();
    source->data_ = std::move(*data);
    tell_opening("export", *source->data_);
    source->usage_.emplace(source->site_, source->data_->calendar(), source->clock_, source->data_->catalog(),
                           source->data_->readings());
    return std::unique_ptr<ExportSource>{std::move(source)};
  }

  const SiteCalendar& calendar() const override { return data_->calendar(); }

  Status for_each_meter(const VisitMeter& visit) override {
    return data_->catalog().for_each_meter([&](const Meter& meter) { return visit(meter.id); });
  }

  Status readings(SeriesKey key, TimeRange range, const VisitReadings& visit) override {
    if (const auto meter = data_->catalog().meter(key.meter()); !meter) return meter.error();
    std::vector<Reading> some;
    return for_each_month(data_->readings(), key, closed(range), calendar(), [&](const Series& month) -> Result<bool> {
      for (std::size_t i = 0; i < month.size(); ++i) {
        some.emplace_back(key, month.at[i], month.registers[i]);
        if (some.size() < kReadingsAtOnce && i + 1 < month.size()) continue;
        if (const auto status = visit(some); !status) return status.error();
        some.clear();
      }
      return true;
    });
  }

  Result<std::vector<ConsumptionRow>> consumption(SeriesKey key, TimeRange range, Step step) override {
    const auto answer =
        usage_->consumption({.meter = key.meter(), .channel = key.channel(), .range = range, .step = step});
    if (!answer) return answer.error();
    std::vector<ConsumptionRow> rows;
    for (const auto& value : answer->values)
      rows.push_back({value.range, value.energy, std::string{to_string(value.quality)}, value.completeness});
    return rows;
  }

  Result<bool> has_readings(SeriesKey key) override {
    const auto latest = data_->readings().latest(key, 1);
    if (!latest) return latest.error();
    return !latest->empty();
  }

  Result<UnregisteredMeters> left_out() override { return find_unregistered(data_->readings(), data_->meters(), {}); }

  Status finish() override { return data_->close(); }

 private:
  explicit DataSource(Site site) : site_(std::move(site)) {}

  Site site_;
  SystemClock clock_;
  std::unique_ptr<DataDirectory> data_;
  std::optional<UsageQueries> usage_;  // over data_
};

}  // namespace

Result<std::unique_ptr<ExportSource>> export_from_data(const std::string& directory, const std::string& config) {
  auto read = read_config(posix_file_system(), config);
  if (!read) return read.error();
  return DataSource::open(directory, std::move(read->site));
}

}  // namespace meterhouse::cli
