#include "http/idempotency.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace meterhouse {
namespace {

constexpr Instant kNow = instant_from_epoch(1'740'000'000);

// Answers with a number that tells how often it ran, and `bytes` of body.
struct Work {
  int status = 201;
  std::size_t bytes = 1;
  int runs = 0;

  Response operator()() {
    ++runs;
    Response response = json_response(status, std::string(bytes, 'x'));
    response.headers.emplace_back("Location", fmt::format("/{}", runs));
    return response;
  }
};

// "201 /1": the status, and which run answered.
std::string once(IdempotencyKeys& keys, std::string_view key, std::string_view body, Work& work, Instant now = kNow) {
  const Response response = keys.once(key, body, now, [&] { return work(); });
  return fmt::format("{} {}", response.status, response.headers.empty() ? "" : response.headers.front().second);
}

TEST(IdempotencyKeys, AnswerARepeatedRequestAsTheFirstTime) {
  IdempotencyKeys keys;
  Work work;
  EXPECT_EQ(once(keys, "a", "body", work), "201 /1");
  EXPECT_EQ(once(keys, "a", "body", work), "201 /1");
  EXPECT_EQ(once(keys, "b", "body", work), "201 /2");
  EXPECT_EQ(once(keys, "", "body", work), "201 /3") << "no key: it just runs";
  EXPECT_EQ(once(keys, "a", "other", work).substr(0, 3), "422");
  EXPECT_EQ(once(keys, std::string(kMaxIdempotencyKeyBytes, 'k'), "body", work), "201 /4");
  EXPECT_EQ(once(keys, std::string(kMaxIdempotencyKeyBytes + 1, 'k'), "body", work).substr(0, 3), "400");
}

TEST(IdempotencyKeys, TellThatTheFirstRequestIsStillRunning) {
  IdempotencyKeys keys;
  Work inner;
  const auto outer = keys.once("a", "body", kNow, [&] {
    EXPECT_EQ(once(keys, "a", "body", inner).substr(0, 3), "409");
    return json_response(201, "{}");
  });
  EXPECT_EQ(outer.status, 201);
  EXPECT_EQ(inner.runs, 0);
}

TEST(IdempotencyKeys, ForgetARequestThatEndedByAThrownError) {
  IdempotencyKeys keys;
  const auto fail = []() -> Response { throw std::runtime_error{"told to"}; };
  EXPECT_THROW(keys.once("a", "body", kNow, fail), std::runtime_error);
  Work work;
  EXPECT_EQ(once(keys, "a", "body", work), "201 /1");
}

TEST(IdempotencyKeys, ForgetFailuresAndWhatIsADayOld) {
  IdempotencyKeys keys;
  Work work{.status = 503};
  once(keys, "a", "body", work);
  work.status = 201;
  EXPECT_EQ(once(keys, "a", "body", work), "201 /2");
  EXPECT_EQ(once(keys, "a", "body", work, kNow + kIdempotencyKept), "201 /2");
  EXPECT_EQ(once(keys, "a", "body", work, kNow + kIdempotencyKept + Seconds{1}), "201 /3");
}

TEST(IdempotencyKeys, KeepTheNewestKeys) {
  IdempotencyKeys keys;
  Work work;
  for (std::size_t i = 0; i < kMaxIdempotencyKeys; ++i) once(keys, fmt::format("k{}", i), "body", work);
  EXPECT_EQ(once(keys, "k0", "body", work), "201 /1") << "at the bound";
  once(keys, "one more", "body", work);
  EXPECT_EQ(once(keys, "k1", "body", work), "201 /2");
  EXPECT_EQ(once(keys, "k0", "body", work), fmt::format("201 /{}", kMaxIdempotencyKeys + 2)) << "one past it";
}

TEST(IdempotencyKeys, HoldNoMoreBytesThanTheirBudget) {
  constexpr std::size_t kBudget = 100'000;
  IdempotencyKeys keys{kBudget};
  Work large{.bytes = 30'000};
  for (int i = 0; i < 100; ++i) {
    once(keys, fmt::format("k{}", i), "body", large);
    ASSERT_LE(keys.bytes(), kBudget);
  }
  EXPECT_EQ(once(keys, "k99", "body", large), "201 /100");
  EXPECT_EQ(once(keys, "k98", "body", large), "201 /99");
  EXPECT_EQ(once(keys, "k97", "body", large), "201 /98") << "three answers have room";
  EXPECT_EQ(once(keys, "k96", "body", large), "201 /101") << "the fourth made room";
}

TEST(IdempotencyKeys, DoNotKeepAnAnswerThatWouldFillTheBudgetAlone) {
  constexpr std::size_t kBudget = 100'000;
  IdempotencyKeys keys{kBudget};
  Work small;
  once(keys, "small", "body", small);
  const std::size_t before = keys.bytes();
  Work huge{.bytes = kBudget};
  EXPECT_EQ(once(keys, "huge", "body", huge), "201 /1");
  EXPECT_EQ(once(keys, "huge", "body", huge), "201 /2") << "it runs again, and nobody waits for it";
  EXPECT_EQ(once(keys, "small", "body", small), "201 /1") << "it drove nobody out";
  EXPECT_LT(keys.bytes(), before + 2'000);
}

TEST(IdempotencyKeys, AnEntryForgottenWhileItRunsIsNotMixedUpWithTheNextOfItsKey) {
  IdempotencyKeys keys{2'000};  // room for two or three keys
  Work others;
  Work second;
  const auto first = keys.once("a", "first", kNow, [&] {
    for (int i = 0; i < 10; ++i) once(keys, fmt::format("k{}", i), "body", others);  // "a" is forgotten
    EXPECT_EQ(once(keys, "a", "second", second), "201 /1");
    return json_response(200, "the first answer");
  });
  EXPECT_EQ(first.body, "the first answer");
  EXPECT_EQ(once(keys, "a", "second", second), "201 /1") << "not the answer to the other body";
}

}  // namespace
}  // namespace meterhouse
