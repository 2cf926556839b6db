"""Bad input over HTTP: a clear error that names row and field, and the good rows of a bulk are kept."""

import json
import socket
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
        """In NDJSON each costs its own line alone."""
        for name, line in [
            ("invalid UTF-8", b'{"meter_id":"1000\xff0001","at":"2025-02-20T10:01:00Z","register":1}'),
            ("NaN", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":NaN}'),
            ("Infinity", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":Infinity}'),
            ("a number with 400 digits", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":' + b"9" * 400 + b"}"),
            ("an exponent out of all bounds", b'{"meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":1e999999999}'),
            ("deep nesting", b'{"meter_id":' + b"[" * 5000 + b"]" * 5000 + b"}"),
            ("a key twice", b'{"meter_id":"100000001","meter_id":"100000001","at":"2025-02-20T10:01:00Z","register":1}'),
            ("half an object", b'{"meter_id":"100000001"'),
            ("rubbish", b"\x00\x01\x02"),
            ("a list", b"[1,2,3]"),
        ]:
            with self.subTest(name):
                meter = self.new_meter()
                first, last = (json.dumps(self.good(meter, minute)).encode() for minute in (0, 2))
                status, answer = self.post(first + b"\n" + line + b"\n" + last, NDJSON)
                self.assertEqual((status, answer["accepted"], answer["rejected"]), (200, 2, 1), answer)
                self.assertEqual(answer["errors"][0]["row"], 2)
                self.assertEqual(self.stored(meter), 2)

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
                self.assertLessEqual(answer["accepted"] + answer["duplicate"], kept)
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
