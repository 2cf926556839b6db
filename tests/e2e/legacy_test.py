"""The first system's endpoints, row by row of the contract."""

import json
import os
import unittest
from datetime import timedelta

from support import PLACE, ServerTest, iso, main, now

REGISTER = "/api/user/register"
READING = "/meter/reading"
BULK = "/meter/bulk_readings"
QUERY = "/api/user/query"
# What the build was told; ctest passes it on. Without it the pages must be there.
WITHOUT_PAGES = os.environ.get("METERHOUSE_WEB") == "OFF"


class LegacyTest(ServerTest):
    CONFIG = {"bulk_records_max": 50}

    def expect_error(self, answer, status, message):
        self.assertEqual(answer, (status, {"status": "error", "message": message}))

    def post(self, path, value):
        return self.client.json("POST", path, value)

    def post_text(self, path, text):
        status, headers, answer = self.client.send("POST", path, text, {"Content-Type": "application/json"})
        self.assertEqual(headers["Content-Type"], "application/json")
        return status, json.loads(answer)


class Register(LegacyTest):
    def test_success(self):
        status, answer = self.post(REGISTER, {"meter_id": "200000001", **PLACE, "seq": 7})
        self.assertEqual(status, 201)
        self.assertEqual((answer["status"], answer["message"]), ("success", "Registration successful"))
        stamp = answer["data"].pop("TimeStamp")
        self.assertRegex(stamp, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
        self.assertEqual(
            answer["data"],
            {"MeterID": "200000001", "Region": "Central Region", "Area": "Bishan", "DwellingType": "4-room"},
        )

    def test_errors_in_their_order(self):
        self.assertEqual(self.post(REGISTER, {"meter_id": "200000002", **PLACE})[0], 201)
        whole = {"meter_id": "200000003", **PLACE}
        wrong_place = {"region": "East Region", "area": "Bishan", "dwelling_type": "castle"}
        rows = [
            ("empty", "", 400, "Empty request body"),
            ("nothing", {}, 400, "Empty request body"),
            ("one field missing", {k: v for k, v in whole.items() if k != "area"}, 400, "Missing fields: ['area']"),
            ("all missing", {"x": 1}, 400, "Missing fields: ['meter_id', 'region', 'area', 'dwelling_type']"),
            ("missing before wrong id", {"meter_id": "1", "dwelling_type": "4-room"}, 400, "Missing fields: ['region', 'area']"),
            ("short id", {**whole, "meter_id": "20000000"}, 400, "MeterID must be 9 digits"),
            ("letters", {**whole, "meter_id": "20000000a"}, 400, "MeterID must be 9 digits"),
            ("wrong id before wrong place", {"meter_id": "1", **wrong_place}, 400, "MeterID must be 9 digits"),
            ("registered", {**whole, "meter_id": "200000002"}, 409, "MeterID already registered"),
            ("registered before wrong place", {"meter_id": "200000002", **wrong_place}, 409, "MeterID already registered"),
            ("area of another region", {**whole, "area": "Tampines"}, 400, "Invalid region-area combination"),
            ("wrong area before wrong dwelling", {"meter_id": "200000003", **wrong_place}, 400, "Invalid region-area combination"),
            ("dwelling", {**whole, "dwelling_type": "castle"}, 400, "Invalid dwelling type"),
        ]
        for name, body, status, message in rows:
            with self.subTest(name):
                answer = self.post_text(REGISTER, body) if isinstance(body, str) else self.post(REGISTER, body)
                self.expect_error(answer, status, message)

    def test_not_json_is_400(self):
        for text in ("{", "nonsense", '{"meter_id": }'):
            with self.subTest(text):
                status, answer = self.post_text(REGISTER, text)
                self.assertEqual((status, answer["status"]), (400, "error"))


class Readings(LegacyTest):
    def test_success(self):
        meter = self.new_meter()
        ok = (200, {"status": "success", "message": "Reading queued successfully"})
        rows = [
            ("number", "2025-02-20T10:30:00", 123.45),
            ("decimal text", "2025-02-20T11:00:00", "124.5"),
            ("zero is a value", "2025-02-20T09:00:00", 0),
            ("float noise", "2025-02-20T11:30:00", 125.30000000000001),
            ("microseconds", "2025-02-20T12:00:00.123456", 126),
            ("no seconds", "2025-02-20T12:30", 127),
            ("a bare date", "2025-02-20", 0),
            ("a space", "2025-02-20 13:00:00", 128),
            ("an offset", "2025-02-20T05:30:00+00:00", 129),
            ("unknown fields", "2025-02-20T14:00:00", 130),
        ]
        for name, at, reading in rows:
            with self.subTest(name):
                body = {"meter_id": meter, "timestamp": at, "reading": reading, "seq": 1}
                self.assertEqual(self.post(READING, body), ok)
        status, page = self.client.json("GET", f"/api/v1/meters/{meter}/readings")
        self.assertEqual(status, 200)
        registers = {reading["at"][:16]: reading["register"] for reading in page["readings"]}
        self.assertEqual(len(registers), len(rows))
        self.assertEqual(registers["2025-02-20T11:30"], 125.3)
        self.assertEqual(registers["2025-02-20T13:30"], 129)
        self.assertEqual(registers["2025-02-20T09:00"], 0)

    def test_errors_in_their_order(self):
        meter = self.new_meter()
        good = {"meter_id": meter, "timestamp": "2025-02-20T10:30:00", "reading": 1.5}
        future = iso(now() + timedelta(minutes=10))
        rows = [
            ("not JSON", "{", "Invalid JSON body"),
            ("empty", "", "Invalid JSON body"),
            ("no reading", {k: v for k, v in good.items() if k != "reading"}, "Missing required fields"),
            ("no meter, wrong time", {"timestamp": "x", "reading": 1}, "Missing required fields"),
            ("short id", {**good, "meter_id": "1"}, "Invalid MeterID format"),
            ("wrong id before wrong time", {**good, "meter_id": "1", "timestamp": "x"}, "Invalid MeterID format"),
            ("time", {**good, "timestamp": "yesterday"}, "Invalid timestamp format"),
            ("wrong time before unknown meter", {**good, "meter_id": "999999999", "timestamp": "x"}, "Invalid timestamp format"),
            ("unknown meter", {**good, "meter_id": "999999999"}, "MeterID not registered"),
            ("unknown meter before wrong reading", {**good, "meter_id": "999999999", "reading": -1}, "MeterID not registered"),
            ("not a number", {**good, "reading": "many"}, "Invalid reading value"),
            ("negative", {**good, "reading": -0.5}, "Invalid reading value"),
            ("wrong reading before future", {**good, "reading": -1, "timestamp": future}, "Invalid reading value"),
            ("future", {**good, "timestamp": future}, "Timestamp in the future"),
        ]
        for name, body, message in rows:
            with self.subTest(name):
                answer = self.post_text(READING, body) if isinstance(body, str) else self.post(READING, body)
                self.expect_error(answer, 400, message)
        soon = {**good, "timestamp": iso(now() + timedelta(minutes=4))}
        self.assertEqual(self.post(READING, soon)[0], 200, "a clock may be five minutes ahead")

    def test_bulk(self):
        meter = self.new_meter()
        good = {"meter_id": meter, "timestamp": "2025-02-20T10:30:00", "reading": 1.5}
        bad = [
            {**good, "meter_id": "999999999"}, {**good, "reading": -1}, {**good, "timestamp": "x"}, 7, None, {},
            {**good, "timestamp": iso(now() + timedelta(hours=1))},
        ]
        rows = [
            ("good and bad", [good, *bad, {**good, "timestamp": "2025-02-20T11:00:00"}], 2, len(bad)),
            ("the same again", [good], 1, 0),
            ("all bad", bad, 0, len(bad)),
            ("none", [], 0, 0),
            ("at the limit", [good] * 50, 50, 0),
        ]
        for name, body, succeeded, failed in rows:
            with self.subTest(name):
                message = f"Bulk queued. Success: {succeeded}, Failed: {failed}"
                self.assertEqual(self.post(BULK, body), (200, {"status": "success", "message": message}))
        self.expect_error(self.post(BULK, good), 400, "Input must be a JSON list")
        self.expect_error(self.post(BULK, [good] * 51), 400, "Exceed max bulk records limit")
        self.assertEqual(self.post_text(BULK, "[{")[0], 400)
        _, page = self.client.json("GET", f"/api/v1/meters/{meter}/readings")
        self.assertEqual(len(page["readings"]), 2, "the good ones are kept")


class Query(LegacyTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # 0.25 kWh every half-hour of the last ten days, the last one just now.
        last = now().replace(second=0) - timedelta(minutes=now().minute % 30)
        cls.readings = [(last - timedelta(minutes=30 * i), 1000 - 0.25 * i) for i in range(480)]

    def filled_meter(self):
        meter = self.new_meter()
        self.accept([{"meter_id": meter, "at": iso(at), "register": register} for at, register in self.readings])
        return meter

    def query(self, meter, period):
        return self.client.json("GET", f"{QUERY}?meter_id={meter}&period={period}")

    def test_errors_in_their_order(self):
        meter = self.new_meter()
        for query, message in [
            ("", "Missing meter_id"), ("?period=1d", "Missing meter_id"), ("?meter_id=&period=1d", "Missing meter_id"),
            ("?meter_id=12&period=x", "Invalid MeterID format"), ("?meter_id=999999999&period=x", "MeterID not registered"),
            (f"?meter_id={meter}", "Invalid period"), (f"?meter_id={meter}&period=2d", "Invalid period"),
        ]:
            with self.subTest(query):
                self.expect_error(self.client.json("GET", QUERY + query), 400, message)

    def test_without_data(self):
        meter = self.new_meter()
        for period in ("30m", "1d", "1w", "1m", "1y"):
            with self.subTest(period):
                self.assertEqual(self.query(meter, period), (200, {"status": "success", "data": []}))

    def test_latest_increment(self):
        meter = self.new_meter()
        at = now() - timedelta(days=3)
        self.accept([{"meter_id": meter, "at": iso(at), "register": 10}])
        status, answer = self.query(meter, "30m")
        self.assertEqual((status, answer["latest_increment"]), (200, 0.0))
        self.assertIsInstance(answer["latest_increment"], float)  # 0.0, not 0: the value types are the contract's
        self.accept([{"meter_id": meter, "at": iso(at + timedelta(hours=7)), "register": 12.5}])
        status, answer = self.query(meter, "30m")
        self.assertEqual(answer, {
            "status": "success", "meter_id": meter, "latest_increment": 2.5,
            "data": [{"time": iso(at + timedelta(hours=7))}],
        })

    def test_a_day(self):
        meter = self.filled_meter()
        status, answer = self.query(meter, "1d")
        self.assertEqual((status, answer["status"], answer["meter_id"]), (200, "success", meter))
        self.assertEqual(set(answer["data"]), {"aggregation", "detail"})
        aggregation = answer["data"]["aggregation"]
        self.assertEqual(set(aggregation), {"consumption", "start_time", "end_time"})
        self.assertEqual(aggregation["consumption"], answer["total_usage"])
        detail = answer["data"]["detail"]
        self.assertIn(len(detail), (47, 48, 49))
        for entry in detail:
            self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\d \d\d:\d\d$")
            self.assertLessEqual(entry["consumption"], 0.25)
        self.assertAlmostEqual(sum(entry["consumption"] for entry in detail), answer["total_usage"], delta=0.011)

    def test_days_and_months(self):
        meter = self.filled_meter()
        for period, name, pattern, most in [
            ("1w", "date", r"^\d{4}-\d\d-\d\d$", 84), ("1m", "date", r"^\d{4}-\d\d-\d\d$", 119.75), ("1y", "month", r"^\d{4}-\d\d$", 119.75),
        ]:
            with self.subTest(period):
                status, answer = self.query(meter, period)
                self.assertEqual(status, 200)
                self.assertEqual(set(answer), {"status", "meter_id", "total_usage", "data"})
                for entry in answer["data"]:
                    self.assertEqual(set(entry), {name, "consumption"})
                    self.assertRegex(entry[name], pattern)
                self.assertEqual(answer["data"], sorted(answer["data"], key=lambda entry: entry[name]))
                self.assertLessEqual(answer["total_usage"], most)
                self.assertGreater(answer["total_usage"], most - 0.51)
                self.assertAlmostEqual(
                    sum(entry["consumption"] for entry in answer["data"]), answer["total_usage"], delta=0.006 * len(answer["data"]))


class Surroundings(LegacyTest):
    def test_other_methods_and_paths(self):
        status, headers, text = self.client.send("GET", READING)
        self.assertEqual((status, headers["Allow"], json.loads(text)["status"]), (405, "POST", "error"))
        self.assertEqual(self.client.json("GET", "/meter/nothing")[1]["status"], "error")

    def page(self, path):
        status, headers, text = self.client.send("GET", path)
        return status, headers["Content-Type"], text

    @unittest.skipIf(WITHOUT_PAGES, "configured without the web pages (METERHOUSE_WEB=OFF)")
    def test_pages(self):
        for path in ("/", "/register/", "/query/"):
            with self.subTest(path):
                status, kind, text = self.page(path)
                self.assertEqual((status, kind), (200, "text/html; charset=utf-8"))
                self.assertIn("<html", text)

    @unittest.skipUnless(WITHOUT_PAGES, "configured with the web pages")
    def test_a_build_without_pages_says_so(self):
        for path in ("/", "/register/", "/query/"):
            with self.subTest(path):
                status, kind, text = self.page(path)
                self.assertEqual((status, kind), (200, "text/plain; charset=utf-8"))
                self.assertIn("built without its web pages", text)

    def test_gzip_body(self):
        import gzip

        meter = self.new_meter()
        body = json.dumps({"meter_id": meter, "timestamp": "2025-02-20T10:30:00", "reading": 1})
        status, _, text = self.client.send(
            "POST", READING, gzip.compress(body.encode()), {"Content-Encoding": "gzip", "Content-Type": "application/json"})
        self.assertEqual((status, json.loads(text)["message"]), (200, "Reading queued successfully"))


if __name__ == "__main__":
    main()
