#include "http/static_files.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

constexpr EmbeddedFile kFiles[] = {{"/index.html", "<html>", "gz-html", "\"1\""},
                                   {"/assets/app-Bk1.js", "code", "gz-code", "\"2\""},
                                   {"/favicon.ico", "icon", "", "\"3\""}};

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

TEST(StaticFiles, AnswersPagesAndFiles) {
  const StaticFiles files{kFiles};
  struct Case {
    const char* name;
    std::string_view path;
    std::string_view accept;
    std::string_view if_none_match;
    int status;
    std::string_view body;
    std::string_view type;
    std::string_view cache;
  };
  constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
  for (const Case& c :
       {Case{"page", "/", "", "", 200, "<html>", "text/html; charset=utf-8", "no-cache"},
        Case{"page, gzip", "/query/", "br, gzip", "", 200, "gz-html", "text/html; charset=utf-8", "no-cache"},
        Case{"gzip forbidden", "/", "gzip;q=0", "", 200, "<html>", "text/html; charset=utf-8", "no-cache"},
        Case{"gzip forbidden in full", "/", "br, gzip;q=0.000", "", 200, "<html>", "text/html; charset=utf-8",
             "no-cache"},
        Case{"gzip weighed", "/", "gzip;q=0.5", "", 200, "gz-html", "text/html; charset=utf-8", "no-cache"},
        Case{"hashed name", "/assets/app-Bk1.js", "", "", 200, "code", "text/javascript; charset=utf-8", kForEver},
        Case{"not compressed", "/favicon.ico", "gzip", "", 200, "icon", "image/x-icon", "no-cache"},
        Case{"has it", "/", "", "\"1\"", 304, "", "", "no-cache"},
        Case{"has another", "/", "", "\"9\"", 200, "<html>", "text/html; charset=utf-8", "no-cache"}}) {
    SCOPED_TRACE(c.name);
    Request request;
    request.path = c.path;
    request.headers = {{"Accept-Encoding", c.accept}, {"If-None-Match", c.if_none_match}};
    EXPECT_TRUE(files.known(c.path));
    const Response response = files.answer(request);
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(response.content(), c.body);
    EXPECT_EQ(response.content_type, c.type);
    EXPECT_EQ(header(response, "Cache-Control"), c.cache);
    EXPECT_NE(header(response, "Content-Security-Policy").find("script-src 'self'"), std::string::npos);
  }
  EXPECT_FALSE(files.known("/elsewhere"));
  EXPECT_FALSE(files.known("/index.html/x"));
}

TEST(StaticFiles, APageThatIsNotThereIsStillAPage) {
  Request request;
  request.path = "/elsewhere";
  request.headers = {{"If-None-Match", "\"1\""}};
  const Response response = StaticFiles{kFiles}.not_found(request);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content(), "<html>");
}

TEST(StaticFiles, SayWhereThereAreNone) {
  Request request;
  request.path = "/";
  const Response response = StaticFiles{{}}.answer(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.content().find("without its web pages"), std::string_view::npos);
}

TEST(StaticFiles, TheOpenApiDocumentIsBuiltIn) {
  EXPECT_TRUE(openapi_file().bytes.starts_with("{\n  \"openapi\": \"3.1.0\""));
  EXPECT_TRUE(openapi_file().gzip.starts_with("\x1f\x8b"));
}

}  // namespace
}  // namespace meterhouse
