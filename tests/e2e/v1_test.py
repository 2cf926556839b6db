"""/api/v1, each answer checked against the OpenAPI document the server hands out."""

import gzip
import json
import struct
from datetime import datetime, timedelta, timezone

from openapi_answers import OpenApiAnswers
from support import PLACE, SINGAPORE, ServerTest, iso, main

DAY = datetime(2025, 2, 20, tzinfo=SINGAPORE)


class V1Test(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answers = OpenApiAnswers(json.loads(cls.client.send("GET", "/api/openapi.json")[2]))

    def call(self, method, path, value=None, body=None, headers=None):
        """(status, answer), checked against the document."""
        if value is not None:
            body = json.dumps(value)
            headers = {"Content-Type": "application/json", **(headers or {})}
        status, answer_headers, text = self.client.send(method, path, body, headers)
        self.answers.check(method, path, status, answer_headers, text)
        return status, json.loads(text)

    def problem(self, wanted_status, wanted_words, *args, **kwargs):
        status, answer = self.call(*args, **kwargs)
        self.assertEqual((status, answer["status"]), (wanted_status, wanted_status), answer)
        self.assertIn(wanted_words, answer["detail"])

    def half_hours(self, meter, days=2, skip=(), channel="import", step=0.5):
        """Registers every half-hour from DAY on, both ends included: 0.5 kWh each."""
        return [
            {"meter_id": meter, "at": iso(DAY + timedelta(minutes=30 * i)), "register": 100 + step * i, "channel": channel}
            for i in range(48 * days + 1) if i not in skip
        ]


class Site(V1Test):
    def test_config(self):
        status, config = self.call("GET", "/api/v1/config")
        self.assertEqual(status, 200)
        self.assertEqual(config["timezone"], "Asia/Singapore")
        self.assertEqual(sum(len(region["areas"]) for region in config["regions"]), 47)
        self.assertEqual(len(config["dwelling_types"]), 6)
        self.assertEqual(config["periods"], ["30m", "1d", "1w", "1m", "1y"])
        self.assertEqual((config["meters"], config["newest_reading"]), (0, None))
        meter = self.new_meter()
        newest = "2025-02-20T10:30:00+08:00"
        self.accept([{"meter_id": meter, "at": at, "register": 1} for at in (newest, "2025-02-20T10:00:00+08:00")])
        for _ in range(2):
            config = self.call("GET", "/api/v1/config")[1]
            self.assertEqual((config["meters"], config["newest_reading"]), (1, newest))
            self.restart()
        self.assertEqual(self.metric("meter_newest_reading_timestamp_seconds"), int(datetime.fromisoformat(newest).timestamp()))
        self.problem(400, "no parameter 'x'", "GET", "/api/v1/config?x=1")

    def test_operations(self):
        self.assertEqual(self.call("GET", "/healthz"), (200, {"status": "ok"}))
        self.assertEqual(self.call("GET", "/readyz"), (200, {"status": "ready", "maintenance": "off", "pending": 0, "job": None, "warnings": []}))
        status, headers, text = self.client.send("GET", "/metrics")
        self.answers.check("GET", "/metrics", status, headers, text)
        self.assertIn('meter_readings_ingested_total{source="http",result="accepted"}', text)
        self.assertRegex(text, r'meter_http_requests_total\{method="GET",path="/healthz",status="2xx"\} [1-9]')
        self.assertNotRegex(text, r"\d{9}\"", "no label names a meter")

    def test_what_surrounds_the_routes(self):
        status, headers, text = self.client.send("DELETE", "/api/v1/meters")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD, POST"))
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(self.client.send("OPTIONS", "/api/v1/meters")[0], 204)
        status, headers, _ = self.client.send("GET", "/api/v1/nothing")
        self.assertEqual((status, headers["Content-Type"]), (404, "application/problem+json"))
        status, headers, text = self.client.send("HEAD", "/api/v1/config")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 100)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(self.client.send("POST", "/api/v1/readings", "[]", {"Sec-Fetch-Site": "cross-site"})[0], 403)
        self.client.close()
        self.assertEqual(self.client.send("GET", "/healthz", headers={"Host": "evil.example"})[0], 421)
        self.client.close()


class Meters(V1Test):
    def test_register_one(self):
        meter = {"meter_id": "300000001", **PLACE, "serial": "SN-1 电表", "register_digits": 6}
        status, answer = self.call("POST", "/api/v1/meters", meter)
        self.assertEqual(status, 201)
        self.assertEqual({key: answer[key] for key in meter}, meter)
        self.assertEqual(self.call("GET", "/api/v1/meters/300000001"), (200, answer))
        self.problem(409, "already registered", "POST", "/api/v1/meters", meter)
        base = {"meter_id": "300000002", **PLACE}
        for words, body in [
            ("meter_id", {**base, "meter_id": "1"}), ("meter_id", {**base, "meter_id": 300000002}),
            ("area: missing", {key: value for key, value in base.items() if key != "area"}),
            ("colour: there is no such field", {**base, "colour": "red"}),
            ("area", {**base, "area": "Tampines"}), ("dwelling_type", {**base, "dwelling_type": "castle"}),
            ("register_digits", {**base, "register_digits": 3}), ("register_digits", {**base, "register_digits": 6.5}),
            ("serial", {**base, "serial": "x" * 65}), ("serial", {**base, "serial": "a\nb"}),
        ]:
            with self.subTest(body):
                self.problem(400, words, "POST", "/api/v1/meters", body)
        self.problem(400, "not JSON", "POST", "/api/v1/meters", body="{", headers={"Content-Type": "application/json"})
        self.problem(400, "empty", "POST", "/api/v1/meters", body="", headers={"Content-Type": "application/json"})
        text = json.dumps(base)
        for name in ("serial", "\\u0073erial"):
            twice = text[:-1] + f', "serial": "A", "{name}": "B"}}'
            self.problem(400, "serial: is given twice", "POST", "/api/v1/meters", body=twice, headers={"Content-Type": "application/json"})
        self.problem(415, "application/json", "POST", "/api/v1/meters", body="{}", headers={"Content-Type": "text/plain"})
        self.problem(404, "", "GET", "/api/v1/meters/300000002")
        self.problem(400, "meter_id", "GET", "/api/v1/meters/12")

    def test_a_field_twice_costs_its_meter_or_the_change(self):
        good, bad = ({"meter_id": meter, **PLACE} for meter in ("300000021", "300000022"))
        body = f'[7, {json.dumps(bad)[:-1]}, "area": "Bishan"}}, {json.dumps(good)}]'
        status, answer = self.call("POST", "/api/v1/meters", body=body, headers={"Content-Type": "application/json"})
        self.assertEqual((status, answer["registered"], answer["rejected"]), (200, 1, 2))
        self.assertEqual([(one["status"], one.get("field"), one.get("reason")) for one in answer["results"][1:]],
                         [("rejected", "area", "is given twice"), ("registered", None, None)])
        body = '{"serial": "A", "serial": "B"}'
        self.problem(400, "serial: is given twice", "PATCH", "/api/v1/meters/300000021", body=body, headers={"Content-Type": "application/json"})
        self.assertIsNone(self.call("GET", "/api/v1/meters/300000021")[1]["serial"])

    def test_register_many(self):
        good = {"meter_id": "300000010", **PLACE}
        body = [good, good, {**good, "meter_id": "x"}, {**good, "meter_id": "300000011", "area": "Nowhere"}, 7]
        status, answer = self.call("POST", "/api/v1/meters", body)
        self.assertEqual(status, 200)
        self.assertEqual([result["status"] for result in answer["results"]], ["registered", "exists", "rejected", "rejected", "rejected"])
        self.assertEqual((answer["registered"], answer["rejected"]), (1, 3))
        self.assertEqual(answer["results"][3]["field"], "area")
        self.problem(400, "empty", "POST", "/api/v1/meters", [])
        self.problem(400, "at most 1000", "POST", "/api/v1/meters", [good] * 1001)
        self.assertEqual(self.call("POST", "/api/v1/meters", [good] * 1000)[0], 200)

    def test_idempotency_key(self):
        meter = {"meter_id": "300000020", **PLACE}
        key = {"Idempotency-Key": "first"}
        first = self.call("POST", "/api/v1/meters", meter, headers=key)
        self.assertEqual(first[0], 201)
        self.assertEqual(self.call("POST", "/api/v1/meters", meter, headers=key), first)
        self.problem(422, "another body", "POST", "/api/v1/meters", {**meter, "meter_id": "300000021"}, headers=key)
        self.problem(400, "longer than 200", "POST", "/api/v1/meters", meter, headers={"Idempotency-Key": "k" * 201})

    def test_list(self):
        meters = [{"meter_id": f"3100000{i:02}", **PLACE} for i in range(25)]
        meters[3].update(region="East Region", area="Tampines", dwelling_type="3-room")
        self.assertEqual(self.call("POST", "/api/v1/meters", meters)[0], 200)
        seen, cursor = [], ""
        while cursor is not None:
            status, page = self.call("GET", f"/api/v1/meters?q=31&limit=10{cursor and '&cursor=' + cursor}")
            self.assertEqual(status, 200)
            self.assertLessEqual(len(page["meters"]), 10)
            seen += [meter["meter_id"] for meter in page["meters"]]
            cursor = page["next"]
        self.assertEqual(seen, [meter["meter_id"] for meter in meters])
        for query in ("region=East%20Region", "area=Tampines", "dwelling_type=3-room", "region=East+Region&area=Tampines"):
            with self.subTest(query):
                _, page = self.call("GET", "/api/v1/meters?q=31&" + query)
                self.assertEqual([meter["meter_id"] for meter in page["meters"]], ["310000003"])
        self.assertEqual(self.call("GET", "/api/v1/meters?limit=99999999999999999999")[0], 200)
        for query in ("limit=0", "limit=x", "limit=-1", "cursor=x", "q=a", "q=", "colour=red", "limit=1&limit=2"):
            with self.subTest(query):
                self.problem(400, "", "GET", "/api/v1/meters?" + query)

    def test_patch(self):
        meter = self.new_meter(serial="old", register_digits=5)
        path = f"/api/v1/meters/{meter}"
        status, answer = self.call("PATCH", path, {"serial": None, "dwelling_type": "3-room"})
        self.assertEqual((status, answer["serial"], answer["dwelling_type"], answer["register_digits"]), (200, None, "3-room", 5))
        self.assertEqual(self.call("PATCH", path, {"register_digits": None})[1]["register_digits"], None)
        self.restart()
        self.assertEqual(self.call("GET", path)[1]["dwelling_type"], "3-room")
        self.problem(400, "meter_id", "PATCH", path, {"meter_id": "300000099"})
        self.problem(400, "", "PATCH", path, {"area": "Tampines"})
        self.problem(400, "object", "PATCH", path, [])
        self.problem(404, "", "PATCH", "/api/v1/meters/399999999", {"serial": "x"})
        self.problem(415, "", "PATCH", path, body="{}", headers={"Content-Type": "text/plain"})


def packed(rows):
    records = b"".join(
        struct.pack("<IIq", int(row["meter_id"]) << 2, int(datetime.fromisoformat(row["at"]).timestamp()), round(row["register"] * 10**6))
        for row in rows)
    return b"MHRD" + struct.pack("<HH", 1, 16) + bytes(8) + records


class Readings(V1Test):
    def counts(self, answer):
        return tuple(answer[name] for name in ("accepted", "duplicate", "conflict", "pending", "rejected"))

    def test_every_form(self):
        for name, media_type, encode in [
            ("json", "application/json", lambda rows: json.dumps(rows).encode()),
            ("ndjson", "application/x-ndjson", lambda rows: "\n".join(map(json.dumps, rows)).encode()),
            ("csv", "text/csv", lambda rows: ("meter_id,at,register\r\n" + "".join(
                f"{row['meter_id']},{row['at']},{row['register']}\r\n" for row in rows)).encode()),
            ("packed", "application/vnd.meterhouse.readings", packed),
        ]:
            meter = self.new_meter()
            rows = [{key: row[key] for key in ("meter_id", "at", "register")} for row in self.half_hours(meter)]
            unknown = [{**rows[0], "meter_id": "999999999"}]
            for sent, compressed in [(rows, False), (rows, True)]:
                with self.subTest(f"{name}, gzip {compressed}"):
                    body = encode(sent + unknown)
                    headers = {"Content-Type": media_type}
                    if compressed:
                        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
                    status, answer = self.call("POST", "/api/v1/readings", body=body, headers=headers)
                    self.assertEqual(status, 200, answer)
                    new, again = (0, len(rows)) if compressed else (len(rows), 0)
                    self.assertEqual(self.counts(answer), (new, again, 0, 0, 1))
                    self.assertEqual(answer["errors"], [{"row": len(rows) + 1, "field": "meter_id", "reason": "is not registered"}])
            _, page = self.call("GET", f"/api/v1/meters/{meter}/readings")
            self.assertEqual([r["register"] for r in page["readings"]], [row["register"] for row in rows])

    def test_counts(self):
        meter = self.new_meter()
        row = {"meter_id": meter, "at": "2025-02-20T00:30:00+08:00", "register": 5}
        rows = [row, row, {**row, "register": 6}, {**row, "channel": "export"}, {**row, "at": "soon"}]
        answer = self.post_rows(rows)
        self.assertEqual(self.counts(answer), (2, 1, 1, 0, 1))
        self.assertEqual(answer["errors"][0]["row"], 5)
        self.assertEqual(answer["errors"][0]["field"], "at")
        self.assertEqual(self.counts(self.post_rows([])), (0, 0, 0, 0, 0))
        many = self.post_rows([{**row, "meter_id": "999999999"}] * 150)
        self.assertEqual((many["rejected"], len(many["errors"])), (150, 100), "all rejected is still 200")

    def test_a_long_streamed_body(self):
        meters = [self.new_meter() for _ in range(3)]
        rows = 35_000

        def pieces():
            for i in range(rows):
                at = DAY - timedelta(minutes=30 * (i // 3))
                yield (json.dumps({"meter_id": meters[i % 3], "at": iso(at), "register": 100_000 - i // 3}) + "\n").encode() * (1 + (i == 7))

        headers = {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
        self.client.connection.request("POST", "/api/v1/readings", body=pieces(), headers=headers, encode_chunked=True)
        response = self.client.connection.getresponse()
        answer = json.loads(response.read())
        self.assertEqual(self.counts(answer), (rows, 1, 0, 0, 0))

    def test_a_syntax_error_keeps_what_came_before(self):
        meter = self.new_meter()
        rows = self.half_hours(meter)
        body = json.dumps(rows[:3])[:-1] + ', {"meter_id": '
        status, answer = self.call("POST", "/api/v1/readings", body=body, headers={"Content-Type": "application/json"})
        self.assertEqual((status, answer["accepted"]), (400, 3))
        self.assertIn("4", answer["detail"], "the row is named")
        self.problem(415, "", "POST", "/api/v1/readings", body="x", headers={"Content-Type": "text/html"})
        self.problem(400, "parameter", "POST", "/api/v1/readings?dry_run=1", [])

    def test_pages(self):
        meter = self.new_meter()
        self.accept(self.half_hours(meter, days=60))
        seen, cursor = [], ""
        while cursor is not None:
            _, page = self.call("GET", f"/api/v1/meters/{meter}/readings?limit=1000{cursor and '&cursor=' + cursor}")
            seen += [reading["at"] for reading in page["readings"]]
            cursor = page["next"]
        self.assertEqual(seen, [row["at"] for row in self.half_hours(meter, days=60)])
        _, page = self.call("GET", f"/api/v1/meters/{meter}/readings?from=2025-02-21&to=2025-02-21T01:00:00%2B08:00")
        self.assertEqual([r["at"][11:16] for r in page["readings"]], ["00:00", "00:30"], "`to` is excluded")
        self.assertEqual(page["readings"][0]["arrival"], "later")
        _, empty = self.call("GET", f"/api/v1/meters/{meter}/readings?from=2030-01-01")
        self.assertEqual((empty["readings"], empty["next"]), ([], None))
        _, export = self.call("GET", f"/api/v1/meters/{meter}/readings?channel=export")
        self.assertEqual(export["readings"], [])
        for query in ("limit=0", "from=soon", "channel=both", "cursor=-1", "cursor=x", "step=day"):
            with self.subTest(query):
                self.problem(400, query.split("=")[0], "GET", f"/api/v1/meters/{meter}/readings?{query}")
        self.problem(404, "not registered", "GET", "/api/v1/meters/399999998/readings")

    def test_latest(self):
        meter = self.new_meter()
        self.problem(404, "no import reading", "GET", f"/api/v1/meters/{meter}/latest")
        self.accept([{"meter_id": meter, "at": iso(DAY + timedelta(hours=h)), "register": 10 + h} for h in (5, 1, 3)])
        status, answer = self.call("GET", f"/api/v1/meters/{meter}/latest")
        self.assertEqual((status, answer["register"], answer["at"]), (200, 15, iso(DAY + timedelta(hours=5))))
        self.problem(404, "no export reading", "GET", f"/api/v1/meters/{meter}/latest?channel=export")
        self.problem(404, "not registered", "GET", "/api/v1/meters/399999998/latest")


class Consumption(V1Test):
    def consumption(self, meter, query):
        status, answer = self.call("GET", f"/api/v1/meters/{meter}/consumption?{query}")
        self.assertEqual(status, 200, answer)
        return answer

    def test_steps(self):
        meter = self.new_meter()
        self.accept(self.half_hours(meter))
        for step, values in [("interval", 96), ("30min", 96), ("hour", 48), ("day", 2), ("week", 1), ("month", 1), ("year", 1)]:
            with self.subTest(step):
                answer = self.consumption(meter, f"from=2025-02-20&to=2025-02-22&step={step}")
                self.assertEqual(len(answer["values"]), values)
                self.assertEqual((answer["total"], answer["quality"], answer["step"]), (48, "actual", step))
                self.assertEqual(sum(value["consumption"] for value in answer["values"]), 48)
                self.assertEqual((answer["completeness"]["expected"], answer["completeness"]["found"]), (96, 96))
                self.assertEqual(answer["completeness"]["covered_to"], "2025-02-22T00:00:00+08:00")

    def test_gaps(self):
        meter = self.new_meter()
        self.accept(self.half_hours(meter, skip=range(47, 50)))  # midnight between the days is missing
        answer = self.consumption(meter, "from=2025-02-20&to=2025-02-22&step=day")
        self.assertEqual((answer["total"], answer["quality"]), (48, "actual"), "the register makes the sum exact")
        self.assertEqual([value["quality"] for value in answer["values"]], ["estimated", "estimated"])
        self.assertEqual(answer["completeness"]["found"], 93)
        self.assertGreater(answer["completeness"]["estimated"], 0)
        outside = self.consumption(meter, "from=2024-01-01&to=2024-01-02&step=day")
        self.assertEqual((outside["total"], outside["values"][0]["consumption"]), (None, None), "never an invented 0")
        self.assertEqual(outside["values"][0]["quality"], "missing")
        self.assertEqual((outside["values"][0]["covered_from"], outside["values"][0]["covered_to"]), (None, None))
        first, second = answer["values"]
        self.assertEqual((first["expected"], first["found"], first["estimated"]), (48, 46, 2))
        self.assertEqual((second["expected"], second["found"], second["estimated"]), (48, 47, 2))
        self.assertEqual((first["covered_to"], second["covered_from"]), (second["from"], first["to"]), "known, if estimated")

    def test_channels_and_zones(self):
        meter = self.new_meter()
        self.accept(self.half_hours(meter) + self.half_hours(meter, channel="export", step=0.25))
        self.assertEqual(self.consumption(meter, "from=2025-02-20&to=2025-02-22&channel=export")["total"], 24)
        utc = self.consumption(meter, "from=2025-02-20&to=2025-02-21&tz=UTC")
        self.assertEqual((utc["from"], utc["timezone"], utc["total"]), ("2025-02-20T00:00:00+00:00", "UTC", 24))
        self.assertEqual(self.consumption(meter, "from=2025-02-20T00:00&to=2025-02-19T16:30:00Z&step=30min")["total"], 0.5)

    def test_days_of_a_zone_whose_midnight_is_no_half_hour_of_the_site(self):
        meter = self.new_meter()
        self.accept(self.half_hours(meter, days=4))
        for zone, values in [("UTC", ["actual", "actual"]), ("Asia/Kathmandu", ["estimated"] * 2), ("Pacific/Chatham", ["estimated"] * 2)]:
            with self.subTest(zone):
                answer = self.consumption(meter, f"from=2025-02-21&to=2025-02-23&tz={zone}")
                self.assertEqual([value["quality"] for value in answer["values"]], values)
                for part, days in [(answer["completeness"], 2), *((value, 1) for value in answer["values"])]:
                    counts = (part["expected"], part["found"], part["estimated"])
                    self.assertEqual(counts, (48 * days, 48 * days, values.count("estimated") // 2))
                same = [self.consumption(meter, f"from=2025-02-21T00:00%2B08:00&to=2025-02-22T00:00%2B08:00&step={step}&tz={zone}")
                        for step in ("30min", "hour", "day")]  # fmt: skip
                self.assertEqual([(a["total"], a["quality"], a["completeness"]["found"]) for a in same], [(24, "actual", 48)] * 3)
                self.assertEqual([len(answer["values"]) for answer in same[:2]], [48, 24], "half-hours and hours are the site's")

    def test_a_day_without_midnight_begins_where_its_clock_does(self):
        meter = self.new_meter()
        zone = "tz=America/Santiago"
        day = self.consumption(meter, f"from=2024-09-08&to=2024-09-09&{zone}")
        self.assertEqual((day["from"], day["to"]), ("2024-09-08T01:00:00-03:00", "2024-09-09T00:00:00-03:00"))
        self.assertEqual(self.consumption(meter, f"from=2024-09-07&to=2024-09-08&{zone}")["to"], day["from"])
        self.problem(400, "does not exist", "GET", f"/api/v1/meters/{meter}/consumption?from=2024-09-08T00:00&to=2024-09-09&{zone}")

    def test_refusals(self):
        meter = self.new_meter()
        for words, query in [
            ("from: missing", "to=2025-02-20"), ("to: missing", "from=2025-02-20"), ("to", "from=2025-02-20&to=2025-02-20"),
            ("step", "from=2025-02-20&to=2025-02-21&step=fortnight"), ("tz", "from=2025-02-20&to=2025-02-21&tz=Mars/Base"),
            ("from", "from=yesterday&to=2025-02-21"),
            ("is written %2B", "from=2025-02-20T00:00:00+08:00&to=2025-02-21"), ("limit", "from=2025-02-20&to=2025-02-21&limit=5"),
            ("", "from=1970-01-01&to=2100-01-01&step=30min"),
        ]:
            with self.subTest(query):
                self.problem(400, words, "GET", f"/api/v1/meters/{meter}/consumption?{query}")
        self.problem(404, "not registered", "GET", "/api/v1/meters/399999998/consumption?from=2025-02-20&to=2025-02-21")


if __name__ == "__main__":
    main()
