#include "cli/import_rows.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file_system.h"

namespace meterhouse::cli {
namespace {

struct Imported {
  std::vector<Reading> readings;
  std::vector<std::uint64_t> lines;
  std::vector<RowReject> rejects;
  std::vector<Reading> begun;
  std::set<std::uint32_t> incomplete;
  std::string value_column;
  std::optional<Error> error;
};

// The text in pieces of `piece` bytes at most.
Imported import(const std::string& text, const ImportOptions& options, const char* zone = "Asia/Singapore",
                std::size_t piece = 1'000'000) {
  std::size_t at = 0;
  const auto source = [&](std::span<char> into) -> Result<std::size_t> {
    const auto count = std::min({piece, into.size(), text.size() - at});
    std::copy_n(text.data() + at, count, into.data());
    at += count;
    return count;
  };
  const auto calendar = *SiteCalendar::of(zone);
  Imported all;
  auto rows = ImportRows::open(source, options, calendar, kLastInstant);
  if (!rows) {
    all.error = rows.error();
    return all;
  }
  ParsedRows batch;
  for (;;) {
    const auto more = rows->next(batch, 150);
    all.readings.insert(all.readings.end(), batch.readings.begin(), batch.readings.end());
    all.lines.insert(all.lines.end(), batch.rows.begin(), batch.rows.end());
    all.rejects.insert(all.rejects.end(), batch.rejects.begin(), batch.rejects.end());
    all.begun.insert(all.begun.end(), rows->begun().begin(), rows->begun().end());
    all.incomplete = rows->incomplete();
    all.value_column = rows->column_of("register");
    if (!more) all.error = more.error();
    if (!more || !*more) return all;
  }
}

const MeterId kMeter = *MeterId::parse("100000001");
const SeriesKey kImport{kMeter, Channel::import_};

Instant at(std::string_view text) { return *SiteCalendar::of("UTC")->resolve(*parse_iso8601(text)); }
MilliWattHours kwh(std::string_view text) { return *parse_kwh(text); }

TEST(ImportRows, FindsColumnsByHeader) {
  const std::vector<Reading> expected = {{kImport, at("2025-02-20T00:30Z"), kwh("1.5")},
                                         {SeriesKey{kMeter, Channel::export_}, at("2025-02-20T01:00Z"), kwh("2")}};
  ImportOptions named;
  named.columns.meter = "Zähler";
  named.columns.at = "when";
  named.columns.value = "stand";
  named.columns.channel = "dir";
  struct Case {
    const char* name;
    std::string text;
    ImportOptions options;
  };
  const std::string rows = "100000001,2025-02-20T00:30Z,1.5,import\n100000001,2025-02-20T01:00Z,2,export\n";
  for (const Case& c :
       {Case{"our own names", "meter_id,at,register,channel\n" + rows, {}},
        Case{"the first system's", "MeterID,Timestamp,Reading,Channel\n" + rows, {}},
        Case{"a byte order mark and CRLF", "\xEF\xBB\xBF\"meter_id\",at,register,channel\r\n" + rows, {}},
        Case{"named by the user", "Zähler,WHEN,stand,dir\n" + rows, named},
        Case{"no newline at the end", "meter_id,at,register,channel\n" + rows.substr(0, rows.size() - 1), {}},
        Case{"columns beside",
             "note,meter_id,at,register,channel\nx,100000001,2025-02-20T00:30Z,1.5,\n"
             "y,100000001,2025-02-20T01:00Z,2,export\n",
             {}}}) {
    SCOPED_TRACE(c.name);
    for (const std::size_t piece : {1u, 7u, 1'000u}) {
      const auto imported = import(c.text, c.options, "Asia/Singapore", piece);
      EXPECT_FALSE(imported.error.has_value()) << imported.error->message;
      EXPECT_EQ(imported.readings, expected);
      EXPECT_EQ(imported.lines, (std::vector<std::uint64_t>{2, 3}));
    }
  }
}

TEST(ImportRows, RecognisesTheFormatByContent) {
  const std::string row = R"({"meter_id":"100000001","at":"2025-02-20T00:30Z","register":1.5})";
  const std::vector<std::string> texts = {row + "\n", "[" + row + "]",
                                          "meter_id,at,register\n100000001,2025-02-20T00:30Z,1.5\n"};
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    EXPECT_EQ(import(text, {}).readings, (std::vector<Reading>{{kImport, at("2025-02-20T00:30Z"), kwh("1.5")}}));
  }
}

TEST(ImportRows, AllRejectsAreKeptWithTheirLines) {
  std::string text = "meter_id,at,register\n";
  for (int i = 0; i < 500; ++i)
    text += i % 2 == 0 ? "100000001,2025-02-20T00:30Z,x\n" : "100000001,2025-02-20T00:30Z,1\n";
  const auto imported = import(text, {});
  EXPECT_EQ(imported.readings.size(), 250u);
  ASSERT_EQ(imported.rejects.size(), 250u);
  EXPECT_EQ(imported.rejects.front(), (RowReject{2, "register", "is not a number"}));
  EXPECT_EQ(imported.rejects.back().row, 500u);
}

TEST(ImportRows, SaysWhichColumnIsMissing) {
  ImportOptions options;
  options.columns.value = "stand";
  EXPECT_NE(import("meter_id,at,register\n", options).error->message.find("`stand`"), std::string::npos);
  EXPECT_NE(import("meter_id,when,register\n", {}).error->message.find("at"), std::string::npos);
  options = {};
  options.cumulate_from = kwh("0");
  EXPECT_EQ(import("[]", options).error->code, Errc::invalid_argument);
}

TEST(ImportRows, AsksWhereAColumnLooksLikeConsumption) {
  ImportOptions named, said;
  named.columns.value = said.columns.value = "kWh";
  said.columns.value_is = ImportOptions::Columns::Value::register_;
  for (auto* options : {&named, &said}) options->meter = kMeter;
  ImportOptions summed = named;
  summed.cumulate_from = kwh("0");
  ImportOptions one_meter;
  one_meter.meter = kMeter;
  struct Case {
    const char* name;
    std::string header;
    ImportOptions options;
    const char* refusal;  // a part of it; nullptr: none
  };
  for (const Case& c :
       {Case{"no other column would do", "Date,at,kWh", one_meter,
             "`kwh` looks like the consumption of intervals: add --cum"},
        Case{"another is a register", "at,register,kWh", one_meter, nullptr},
        Case{"a register by its name", "at,register_kwh", one_meter, nullptr},
        Case{"named as value", "at,register,kWh", named, "--columns register=kwh"},
        Case{"said to be a register", "at,kWh", said, nullptr}, Case{"summed up", "at,kWh", summed, nullptr},
        Case{"usage", "at,Daily Usage", one_meter, "looks like"},
        Case{"neither", "at,x", one_meter, "--columns register=NAME"},
        Case{"semicolons", "at;register", one_meter, "separated by ';'"},
        Case{"a program",
             std::string{"\x7f"
                         "ELF\x02\x01\x01\0\0",
                         9},
             one_meter, "it is not text"},
        Case{"UTF-16",
             std::string{"\xFF\xFE"
                         "a\0t\0",
                         6},
             one_meter, "UTF-16"},
        Case{"nothing", "", one_meter, "the file is empty"},
        Case{"a blank line", " \n", one_meter, "header line is missing"}}) {
    SCOPED_TRACE(c.name);
    const auto imported = import(c.header, c.options);
    EXPECT_EQ(imported.error.has_value(), c.refusal != nullptr);
    if (!imported.error || c.refusal == nullptr) continue;
    EXPECT_EQ(imported.error->code, Errc::invalid_argument);
    EXPECT_NE(imported.error->message.find(c.refusal), std::string::npos) << imported.error->message;
  }
}

ImportOptions cumulated(const char* start = "100") {
  ImportOptions options;
  options.meter = kMeter;
  options.cumulate_from = kwh(start);
  return options;
}

TEST(ImportRows, CumulatesConsumptionToRegisters) {
  const std::string rows = "\n2025-02-20 00:30,0.5\n2025-02-20 01:00,0.25\n\n2025-02-20 03:00,1.3150001\n";
  const auto closing = import("closing_instant_utc,kwh" + rows, cumulated(), "UTC", 5);
  EXPECT_EQ(closing.readings, (std::vector<Reading>{{kImport, at("2025-02-20T00:00Z"), kwh("100")},
                                                    {kImport, at("2025-02-20T00:30Z"), kwh("100.5")},
                                                    {kImport, at("2025-02-20T01:00Z"), kwh("100.75")},
                                                    {kImport, at("2025-02-20T03:00Z"), kwh("102.065")}}));
  EXPECT_EQ(closing.lines, (std::vector<std::uint64_t>{2, 2, 3, 5}));

  auto options = cumulated();
  options.label = ImportOptions::Label::opening;
  const auto opening = import("at,consumption" + rows, options, "UTC");
  ASSERT_EQ(opening.readings.size(), 4u);
  EXPECT_EQ(opening.readings[0], (Reading{kImport, at("2025-02-20T00:30Z"), kwh("100")}));
  EXPECT_EQ(opening.readings[3], (Reading{kImport, at("2025-02-20T03:30Z"), kwh("102.065")}));
}

TEST(ImportRows, CumulatesEachChannelAndMeterAlone) {
  auto options = cumulated("0");
  options.meter.reset();
  const auto imported = import(
      "meter,at,kwh,channel\n000000001,2025-02-20T01:00Z,1,import\n000000002,2025-02-20T01:00Z,2,\n"
      "000000001,2025-02-20T01:00Z,3,export\n000000001,2025-02-20T01:30Z,1,import\n",
      options);
  ASSERT_EQ(imported.readings.size(), 7u);
  EXPECT_EQ(imported.readings.back().register_value(), kwh("2"));
}

TEST(ImportRows, CumulateRefusesWhatDoesNotAscend) {
  const auto imported = import(
      "at,kwh\n2025-02-20T01:00Z,1\n2025-02-20T01:00Z,1\n2025-02-20T00:30Z,1\n2025-02-20T01:30Z,-1\n2025-02-20T02:00Z,"
      "2\n",
      cumulated("0"));
  ASSERT_EQ(imported.rejects.size(), 3u);
  EXPECT_EQ(imported.rejects[0].row, 3u);
  EXPECT_EQ(imported.rejects[1].row, 4u);
  EXPECT_EQ(imported.rejects[2].row, 5u);
  EXPECT_EQ(imported.readings.back().register_value(), kwh("3"));
}

TEST(ImportRows, CumulateNamesMetersWhoseSumsLackARejectedRow) {
  const std::string header = "meter,at,kWh\n";
  const std::string before = "000000001,2025-02-20T01:00Z,1\n000000002,2025-02-20T01:00Z,1\n";
  const std::string bad = "000000001,2025-02-20T01:30Z,bad\n";
  const std::string next = "000000002,2025-02-20T01:30Z,1\n", later = "000000001,2025-02-20T02:00Z,1\n";
  struct Case {
    const char* name;
    std::string rows;
    std::set<std::uint32_t> incomplete;
  };
  for (const Case& c : {Case{"inside a gap", before + bad + next + later, {1}},
                        Case{"no reject: a gap alone", before + next + later, {}},
                        Case{"before the first row", bad + before + next, {}},
                        Case{"mended by a good row", before + bad + "000000001,2025-02-20T01:30Z,1\n" + later, {}},
                        Case{"not ascending", before + "000000002,2025-02-20T00:30Z,1\n" + next, {2}}}) {
    SCOPED_TRACE(c.name);
    for (const std::size_t piece : {1u, 40u, 1'000u}) {
      auto options = cumulated("0");
      options.meter.reset();
      const auto imported = import(header + c.rows, options, "UTC", piece);
      EXPECT_EQ(imported.incomplete, c.incomplete);
      EXPECT_EQ(imported.begun.size(), 2u);
      EXPECT_EQ(imported.value_column, "kWh");
    }
  }
  EXPECT_EQ(import("at,kwh\n2025-02-20T01:00Z,1\nbad,1\n2025-02-20T02:00Z,1\n", cumulated("0")).incomplete,
            (std::set<std::uint32_t>{kMeter.number()}));
}

}  // namespace
}  // namespace meterhouse::cli
