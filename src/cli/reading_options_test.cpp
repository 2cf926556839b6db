#include "cli/reading_options.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(ReadingOptions, AFormatIsNamedOrGoesByTheFile) {
  struct Case {
    const char* name;
    const char* file;
    ReadingFormat format;
  };
  for (const Case& c : {Case{"", "-", ReadingFormat::csv}, Case{"", "a.ndjson", ReadingFormat::ndjson},
                        Case{"", "a.b.packed", ReadingFormat::packed}, Case{"", "dir.json/file", ReadingFormat::csv},
                        Case{"json", "a.csv", ReadingFormat::json}, Case{"csv", "a.ndjson", ReadingFormat::csv},
                        Case{"", "readings", ReadingFormat::csv}, Case{"", "a.json", ReadingFormat::json}})
    EXPECT_EQ(output_format(c.name, c.file), c.format) << c.name << " " << c.file;
  EXPECT_EQ(format_named(""), std::nullopt);
  EXPECT_EQ(format_named("xml"), std::nullopt);
}

TEST(ReadingOptions, CountsAreToldInWordsAndInJson) {
  const AppendCounts counts{1'234, 2, 3, 4};
  EXPECT_EQ(counts_text(counts), "1 234 accepted, 2 duplicate, 3 conflict, 4 pending");
  EXPECT_EQ(counts_json(counts), R"("accepted":1234,"duplicate":2,"conflict":3,"pending":4)");
}

}  // namespace
}  // namespace meterhouse::cli
