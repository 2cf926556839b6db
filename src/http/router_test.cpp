#include "http/router.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

const Router& router() {
  static const Router table{{{Method::get, "/api/v1/meters"},
                             {Method::post, "/api/v1/meters"},
                             {Method::get, "/api/v1/meters/{meter_id}"},
                             {Method::get, "/api/v1/meters/{meter_id}/latest"},
                             {Method::post, "/meter/reading"}}};
  return table;
}

TEST(Router, FindsRoutesAndTheirParameters) {
  using Kind = Router::Match::Kind;
  struct Case {
    const char* name;
    Method method;
    std::string_view path;
    Kind kind;
    std::size_t index;
    std::string meter_id;
    std::string allow;
  };
  for (const Case& c : {
           Case{"plain", Method::get, "/api/v1/meters", Kind::found, 0, "", ""},
           Case{"by method", Method::post, "/api/v1/meters", Kind::found, 1, "", ""},
           Case{"HEAD is GET", Method::head, "/api/v1/meters", Kind::found, 0, "", ""},
           Case{"parameter at the end", Method::get, "/api/v1/meters/100000001", Kind::found, 2, "100000001", ""},
           Case{"parameter in between", Method::get, "/api/v1/meters/1/latest", Kind::found, 3, "1", ""},
           Case{"escaped parameter", Method::get, "/api/v1/meters/a%2Fb", Kind::found, 2, "a/b", ""},
           Case{"broken escape", Method::get, "/api/v1/meters/a%2", Kind::no_such_path, 0, "", ""},
           Case{"empty parameter", Method::get, "/api/v1/meters/", Kind::no_such_path, 0, "", ""},
           Case{"too long", Method::get, "/api/v1/meters/1/latest/x", Kind::no_such_path, 0, "", ""},
           Case{"too short", Method::get, "/api/v1", Kind::no_such_path, 0, "", ""},
           Case{"other method", Method::delete_, "/api/v1/meters", Kind::no_such_method, 0, "", "GET, HEAD, POST"},
           Case{"only POST", Method::get, "/meter/reading", Kind::no_such_method, 0, "", "POST"},
       }) {
    SCOPED_TRACE(c.name);
    Request request;
    request.method = c.method;
    request.path = c.path;
    const Router::Match match = router().match(request);
    EXPECT_EQ(match.kind, c.kind);
    EXPECT_EQ(match.index, c.index);
    EXPECT_EQ(request.path_parameter("meter_id"), c.meter_id);
    EXPECT_EQ(match.allow, c.allow);
  }
}

}  // namespace
}  // namespace meterhouse
