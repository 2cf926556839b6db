"""Bad input over HTTP: a clear error that names row and field, and the good rows of a bulk are kept."""

import json
import socket
from contextlib import ExitStack
from datetime import timedelta

from support import ServerTest, iso, main, now

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


class BadInput(ServerTest):
    CONFIG = {"timezone": "Europe/London"}

    def post(self, body, headers):
        status, _, text = self.client.send("POST", "/api/v1/readings", body, headers)
        return status, json.loads(text)

    def good(self, meter, minute):
        return {"meter_id": meter, "at": f"2025-02-20T10:{minute:02}:00Z", "register": minute}

    def stored(self, meter):
        return len(self.client.json("GET", f"/api/v1/meters/{meter}/readings")[1]["readings"])

    def test_rows_that_are_rejected(self):
        """Each is sent between two good rows, in a JSON array and as NDJSON."""
        rows = [
            # name, what the row says instead, the field that is named, words of the reason
            ("unregistered meter", {"meter_id": "999999999"}, "meter_id", "not registered"),
            ("meter of 8 digits", {"meter_id": "12345678"}, "meter_id", "9 digits"),
            ("meter as a number", {"meter_id": 100000001}, "meter_id", ""),
            ("future", {"at": iso(now() + timedelta(minutes=6))}, "at", "future"),
            ("a time that does not exist", {"at": "2025-03-30T01:30:00"}, "at", "exist"),
            ("no time", {"at": "tomorrow"}, "at", ""),
            ("time as a number", {"at": 1740018600}, "at", ""),
            ("time of a list", {"at": [1]}, "at", ""),
            ("negative", {"register": -1}, "register", "negative"),
            ("huge", {"register": 1e300}, "register", ""),
            ("over the bound", {"register": 9000000001}, "register", ""),
            ("text", {"register": "much"}, "register", ""),
            ("boolean", {"register": True}, "register", ""),
            ("object", {"register": {"kwh": 1}}, "register", ""),
            ("channel", {"channel": "both"}, "channel", ""),
            ("null", {"register": None}, "register", ""),
            ("unknown field", {"colour": "red"}, "colour", ""),
        ]
        for name, change, field, reason in rows:
            for form, headers in [(json.dumps, JSON), (lambda rows: "\n".join(map(json.dumps, rows)), NDJSON)]:
                with self.subTest(f"{name}, {headers['Content-Type']}"):
                    meter = self.new_meter()
                    bad = {**self.good(meter, 1), **change}
                    status, answer = self.post(form([self.good(meter, 0), bad, self.good(meter, 2)]), headers)
                    self.assertEqual((status, answer["accepted"], answer["rejected"]), (200, 2, 1), answer)
                    (error,) = answer["errors"]
                    self.assertEqual((error["row"], error["field"]), (2, field), error)
                    self.assertIn(reason, error["reason"])
                    self.assertEqual(self.stored(meter), 2)

    def test_bytes_that_are_no_row(self):
        """Each costs its own row alone, in NDJSON and in an array."""
        for name, line, field in [
            ("invalid UTF-8", b'{"meter_id":"1000\xff0001","at":"2025-02-20T10:01:00Z","register":1}', "meter_id"),
            ("invalid UTF-8 in a time", b'{"meter_id":"100000001","at":"\xc3","register":1}', "at"),
            ("NaN", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":NaN}', "register"),
            ("Infinity", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":Infinity}', "register"),
            ("a number with 400 digits", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":' + b"9" * 400 + b"}", "register"),
            ("an exponent out of all bounds", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":1e999999999}', "register"),
            ("deep nesting", b'{"meter_id":' + b"[" * 5000 + b"]" * 5000 + b"}", "meter_id"),
            ("a key twice", b'{"meter_id":"100000001","meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":1}', "meter_id"),
            ("a list", b"[1,2,3]", ""),
            ("rubbish", b"\x00\x01\x02", ""),
            ("half an object", b'{"meter_id":"100000001"', None),  # nobody can tell where an array would go on
        ]:
            forms = [(NDJSON, b"%s\n%s\n%s")] + ([] if field is None else [(JSON, b"[%s,%s,%s]")])
            for headers, form in forms:
                with self.subTest(f"{name}, {headers['Content-Type']}"):
                    meter = self.new_meter()
                    first, last = (json.dumps(self.good(meter, minute)).encode() for minute in (0, 2))
                    status, answer = self.post(form % (first, line, last), headers)
                    self.assertEqual((status, answer["accepted"], answer["rejected"]), (200, 2, 1), answer)
                    self.assertEqual((answer["errors"][0]["row"], answer["errors"][0]["field"]), (2, field or ""), answer)
                    self.assertEqual(self.stored(meter), 2)

    def test_csv_rows_that_are_rejected(self):
        for name, row, field, reason in [
            ("unregistered meter", "999999999,2025-02-20T10:01Z,1,import", "meter_id", "not registered"),
            ("meter of 8 digits", "12345678,2025-02-20T10:01Z,1,import", "meter_id", "9 digits"),
            ("invalid UTF-8", "1000\udcff0001,2025-02-20T10:01Z,1,import", "meter_id", "9 digits"),
            ("future", f"METER,{iso(now() + timedelta(minutes=6))},1,import", "at", "future"),
            ("a time that does not exist", "METER,2025-03-30T01:30,1,import", "at", "exist"),
            ("no time", "METER,,1,import", "at", "missing"),
            ("NaN", "METER,2025-02-20T10:01Z,NaN,import", "register", "not a number"),
            ("huge", f"METER,2025-02-20T10:01Z,{'9' * 400},import", "register", "range"),
            ("an exponent out of all bounds", "METER,2025-02-20T10:01Z,1e999999999,import", "register", "range"),
            ("negative", "METER,2025-02-20T10:01Z,-1,import", "register", "negative"),
            ("channel", "METER,2025-02-20T10:01Z,1,both", "channel", ""),
            ("a field too many", "METER,2025-02-20T10:01Z,1,import,7", "", "5 fields, the header 4"),
            ("an open quote", 'METER,2025-02-20T10:01Z,1,"import', "", "quote"),
        ]:
            with self.subTest(name):
                meter = self.new_meter()
                good = [f"{meter},2025-02-20T10:0{minute}Z,{minute},import" for minute in (0, 2)]
                rows = [good[0], good[1], row.replace("METER", meter)]  # last, as an open quote runs on
                body = "\n".join(["meter_id,at,register,channel", *rows]).encode(errors="surrogateescape")
                status, answer = self.post(body, CSV)
                self.assertEqual((status, answer["accepted"], answer["rejected"]), (200, 2, 1), answer)
                (error,) = answer["errors"]
                self.assertEqual((error["row"], error["field"]), (3, field), error)
                self.assertIn(reason, error["reason"])
                self.assertEqual(self.stored(meter), 2)

    def test_a_clock_may_be_five_minutes_ahead(self):
        meter = self.new_meter()
        soon = {"meter_id": meter, "at": iso(now() + timedelta(minutes=4, seconds=50)), "register": 1}
        self.assertEqual(self.post(json.dumps([soon]), JSON)[1]["accepted"], 1)

    def test_a_legacy_bulk_keeps_its_good_rows(self):
        """Whatever the bad row between two good ones is."""
        time = "2025-02-20T10:01:00"
        for name, row in [
            ("unregistered meter", f'{{"meter_id":"999999999","timestamp":"{time}","reading":1}}'),
            ("meter as a number", f'{{"meter_id":100000001,"timestamp":"{time}","reading":1}}'),
            ("future", f'{{"meter_id":"METER","timestamp":"{iso(now() + timedelta(minutes=6))}","reading":1}}'),
            ("a time that does not exist", '{"meter_id":"METER","timestamp":"2025-03-30T01:30:00","reading":1}'),
            ("time of a list", '{"meter_id":"METER","timestamp":[1],"reading":1}'),
            ("huge", f'{{"meter_id":"METER","timestamp":"{time}","reading":1e300}}'),
            ("NaN", f'{{"meter_id":"METER","timestamp":"{time}","reading":NaN}}'),
            ("boolean", f'{{"meter_id":"METER","timestamp":"{time}","reading":true}}'),
            ("null", f'{{"meter_id":"METER","timestamp":"{time}","reading":null}}'),
            ("an object", f'{{"meter_id":"METER","timestamp":"{time}","reading":{{}}}}'),
            ("no object", "7"),
            ("deep nesting", f'{{"meter_id":"METER","timestamp":{"[" * 500}{"]" * 500},"reading":1}}'),
            ("invalid UTF-8", '{"meter_id":"1000\udcff0001","timestamp":"2025-02-20T10:01:00","reading":1}'),
        ]:
            with self.subTest(name):
                meter = self.new_meter()
                first, last = (f'{{"meter_id":"{meter}","timestamp":"2025-02-20T10:0{minute}:00","reading":{minute}}}' for minute in (0, 2))
                body = f"[{first},{row.replace('METER', meter)},{last}]".encode(errors="surrogateescape")
                status, _, text = self.client.send("POST", "/meter/bulk_readings", body, JSON)
                self.assertEqual((status, json.loads(text)["message"]), (200, "Bulk queued. Success: 2, Failed: 1"))
                self.assertEqual(self.stored(meter), 2)
        for name, body in [("deep nesting", "[" * 100_000), ("an object", "{}"), ("empty", "")]:
            with self.subTest(name):
                status, _, text = self.client.send("POST", "/meter/bulk_readings", body, JSON)
                self.assertEqual((status, json.loads(text)), (400, {"status": "error", "message": "Input must be a JSON list"}))

    def test_csv(self):
        meter = self.new_meter()
        body = f"at,meter_id,register\n2025-02-20T10:00Z,{meter},1\nx,{meter},2\n2025-02-20T10:02Z,{meter}\n2025-02-20T10:03Z,{meter},4\n"
        status, answer = self.post(body, CSV)
        self.assertEqual((status, answer["accepted"], answer["rejected"]), (200, 2, 2), answer)
        self.assertEqual([error["row"] for error in answer["errors"]], [2, 3])
        for name, bad in [("no header", f"2025-02-20T10:00Z,{meter},1\n"), ("unknown column", "meter_id,at,register,colour\n")]:
            with self.subTest(name):
                self.assertEqual(self.post(bad, CSV)[0], 400)

    def test_bodies_that_are_no_list_of_rows(self):
        meter = self.new_meter()
        good = json.dumps(self.good(meter, 0))
        for name, body, kept in [
            ("empty", "", 0), ("an object", good, 0), ("a number", "7", 0), ("cut", f"[{good},", 1), ("a comma too many", f"[{good},]", 1),
            ("no comma", f"[{good} {good}]", 1), ("behind the end", f"[{good}] x", 1), ("deep nesting", "[" * 100_000, 0),
            ("invalid UTF-8 between rows", b"[" + good.encode() + b"\xff]", 1),
        ]:
            with self.subTest(name):
                status, answer = self.post(body, JSON)
                self.assertEqual((status, answer["status"]), (400, 400), answer)
                self.assertEqual(answer["accepted"] + answer["duplicate"], kept)
                self.assertTrue(answer["detail"])
        self.assertEqual(self.client.json("GET", "/readyz")[0], 200)

    def test_bodies_over_their_limit(self):
        big = json.dumps([{"meter_id": "100000001", "region": "x" * (9 << 20)}])
        status, _, text = self.client.send("POST", "/api/v1/meters", big, JSON)
        self.assertEqual((status, json.loads(text)["status"]), (413, 413))
        self.client.close()
        status, _, text = self.client.send("POST", "/meter/reading", b"x" * (9 << 20), JSON)
        self.assertEqual((status, json.loads(text)["status"]), (413, "error"))
        self.client.close()

    def test_a_header_over_its_limit(self):
        status, _, text = self.client.send("GET", "/healthz", headers={"X-Long": "x" * 17_000})
        self.assertEqual((status, json.loads(text)["status"]), (431, 431))
        self.client.close()

    def test_slow_clients(self):
        """One that does not end its header and one that does not end its body: each is told so and let go, and what else
        comes meanwhile is answered."""
        meter = self.new_meter()
        row = json.dumps(self.good(meter, 0))
        head = "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 5000\r\n\r\n{}"
        sent = ["GET /healthz HTTP/1.1\r\nHost: loc", head.format("/api/v1/readings", row + "\n"), head.format("/meter/reading", row)]
        with ExitStack() as stack:
            host, port = self.address.split(":")
            slow = [stack.enter_context(socket.create_connection((host, int(port)), timeout=60)) for _ in sent]
            for connection, text in zip(slow, sent):
                connection.sendall(text.encode())
            self.assertEqual(self.client.json("GET", "/healthz")[0], 200)
            header, readings, legacy = (connection.makefile("rb").read().decode() for connection in slow)
        for answer in (header, readings, legacy):
            self.assertTrue(answer.startswith("HTTP/1.1 408 "), answer)
            self.assertIn("Connection: close", answer)
        self.assertIn("the request header took too long", header)
        counts = json.loads(readings.split("\r\n\r\n", 1)[1])
        self.assertIn("the body came too slowly", counts["detail"])
        self.assertEqual(self.stored(meter), counts["accepted"])
        self.assertEqual(json.loads(legacy.split("\r\n\r\n", 1)[1])["status"], "error")

    def test_a_body_that_is_cut_keeps_finished_batches(self):
        meter = self.new_meter()
        rows = [json.dumps({"meter_id": meter, "at": iso(now() - timedelta(minutes=i + 1)), "register": 50_000 - i}) for i in range(12_000)]
        head = "POST /api/v1/readings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99999999\r\n\r\n"
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall((head + "\n".join(rows)).encode())
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").read().decode()
        self.assertIn("HTTP/1.1 400", answer)
        counts = json.loads(answer.split("\r\n\r\n", 1)[1])
        self.assertEqual(counts["accepted"], 10_000, "the finished batch, and not the one that was cut")
        self.assertIn("cut short", counts["detail"])
        status, page = self.client.json("GET", f"/api/v1/meters/{meter}/readings?limit=10000")
        self.assertEqual((len(page["readings"]), page["next"]), (10_000, None))


if __name__ == "__main__":
    main()
