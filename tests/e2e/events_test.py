"""The events over HTTP: lists, the first system's logs, and the live stream, whose clients lose nothing."""

import http.client
import json
import threading
import time
from datetime import datetime, timedelta

from openapi_answers import OpenApiAnswers
from support import PLACE, SINGAPORE, Client, ServerTest, iso, main, now, seeded

WAIT_S = 60


class Stream:
    """One who follows: reads event by event."""

    def __init__(self, address, query="", headers=None):
        host, port = address.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=WAIT_S)
        self.connection.request("GET", f"/api/v1/events{query}", headers={"Accept": "text/event-stream", **(headers or {})})
        self.answer = self.connection.getresponse()

    def event(self):
        """{"id", "event", "data"} of the next; None: the stream has ended."""
        fields = {}
        while line := self.answer.readline().decode():
            if line == "\n" and "id" in fields:
                return {**fields, "data": json.loads(fields["data"])}
            if not line.startswith(":") and ": " in line:
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
        return None

    def close(self):
        self.connection.close()


class Events(ServerTest):
    CONFIG = {"daily_job_at": "off"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answers = OpenApiAnswers(json.loads(cls.client.send("GET", "/api/openapi.json")[2]))

    def ask(self, path, expect=200):
        status, headers, text = self.client.send("GET", path)
        self.answers.check("GET", path, status, headers, text)
        self.assertEqual(status, expect, text)
        return json.loads(text)

    def listed(self, query=""):
        """All events, oldest first."""
        events, cursor = [], ""
        while cursor is not None:
            answer = self.ask(f"/api/v1/events?order=oldest&limit=1000{query}{cursor and '&cursor=' + cursor}")
            events += answer["events"]
            cursor = answer["next"]
        return events

    def refuse_query(self, client=None):
        """One event of type query_error."""
        self.assertEqual((client or self.client).send("GET", "/api/v1/meters/1/latest")[0], 400)


class Live(Events):
    def test_it_begins_behind_the_id_asked_for(self):
        before = len(self.listed("&type=query_error"))
        for _ in range(5):
            self.refuse_query()
        ids = self.wait_until("5 events", lambda: (found := self.listed("&type=query_error"))[before + 4 :] and [e["id"] for e in found])
        wanted = ids[-3:]
        for query, headers in (
            ("?type=query_error", {"Last-Event-ID": str(ids[-4])}),
            (f"?type=query_error&cursor={ids[-4]}", {}),
            ("?type=query_error&cursor=0", {"Last-Event-ID": str(ids[-4])}),
        ):
            with self.subTest(query):
                stream = Stream(self.address, query, headers)
                got = [stream.event() for _ in wanted]
                self.assertEqual([int(event["id"]) for event in got], wanted)
                self.assertEqual({event["event"] for event in got}, {"query_error"})
                self.assertEqual([event["data"] for event in got], [e for e in self.listed() if e["id"] in wanted])
                self.refuse_query()  # and now live
                live = stream.event()
                self.assertGreater(int(live["id"]), wanted[-1])
                stream.close()
                wanted = [*wanted, int(live["id"])]

    def test_an_id_beyond_all_there_are_is_of_before_a_restore_and_begins_now(self):
        newest = max([event["id"] for event in self.listed()], default=0)
        beyond = str(newest + 1_000_000)
        for query, headers in (("", {"Last-Event-ID": beyond}), (f"&cursor={beyond}", {})):
            with self.subTest(query):
                stream = Stream(self.address, "?type=query_error" + query, headers)
                self.refuse_query()
                self.assertEqual(stream.event()["event"], "query_error")
                stream.close()

    def test_whoever_connects_again_and_again_loses_nothing(self):
        random = seeded()
        first = max([event["id"] for event in self.listed()], default=0)
        ending = threading.Event()

        def refuse():
            client = Client(self.address)
            while not ending.is_set():
                self.refuse_query(client)
                ending.wait(0.015)
            client.close()

        refuser = threading.Thread(target=refuse)
        refuser.start()
        last, got, connections = first, [], 0
        until = time.monotonic() + 6
        try:
            while time.monotonic() < until:
                stream = Stream(self.address, "?type=query_error", {"Last-Event-ID": str(last)})
                connections += 1
                for _ in range(random.randint(1, 30)):
                    event = stream.event()
                    last = int(event["id"])
                    got.append(last)
                stream.close()
        finally:
            ending.set()
            refuser.join()
        kept = [event["id"] for event in self.listed("&type=query_error") if first < event["id"] <= last]
        self.assertEqual(got, kept)
        self.assertGreater(connections, 5)
        print(f"{len(got)} events over {connections} connections", flush=True)

    def test_what_a_stream_does_not_take(self):
        for query, headers, words in (
            ("?type=nothing", {}, "type: one of system,"),
            ("?limit=5", {}, "there is no parameter 'limit' here"),
            ("?order=oldest", {}, "there is no parameter 'order' here"),
            ("?cursor=x", {}, "cursor: "),
            ("", {"Last-Event-ID": "x"}, "Last-Event-ID: a whole number from 0, not 'x'"),
            ("", {"Last-Event-ID": "-1"}, "Last-Event-ID: a whole number from 0"),
            ("", {"Last-Event-ID": "99999999999999999999"}, "Last-Event-ID: a whole number from 0"),
        ):
            with self.subTest(query or headers):
                stream = Stream(self.address, query, headers)
                self.assertEqual((stream.answer.status, stream.answer.headers["Content-Type"]), (400, "application/problem+json"))
                self.assertIn(words, json.loads(stream.answer.read())["detail"])
                stream.close()


class Followers(Events):
    def test_the_followers_are_bounded_and_a_stop_ends_all(self):
        streams = []
        while (stream := Stream(self.address)).answer.status == 200:
            streams.append(stream)
        self.assertEqual((len(streams), stream.answer.status), (100, 503))
        self.assertIn("100 follow the events already", stream.answer.read().decode())
        self.assertEqual(self.metric("meter_events_followers"), 100)
        stream.close()
        streams.pop().close()
        self.wait_until("the place of the one that went", lambda: self.metric("meter_events_followers") < 100)
        began = time.monotonic()
        self.restart()
        self.assertLess(time.monotonic() - began, 8)
        for stream in streams:  # each a whole answer: read() raises where the last chunk is missing
            stream.answer.read()
            stream.close()


class Lists(Events):
    def test_every_wrong_parameter_is_named(self):
        for query, words in (
            ("type=nothing", "type: one of system, registration,"),
            ("type=", "type: one of"),
            ("meter=1", "meter: "),
            ("from=yesterday", "from: "),
            ("to=2025-13-01", "to: "),
            ("from=2025-02-20T10:00:00+08:00", "%2B"),
            ("from=2025-02-21&to=2025-02-20", "to: before `from`"),
            ("cursor=x", "cursor: not the `next` of a page"),
            ("cursor=-1", "cursor: not the `next` of a page"),
            ("cursor=1.5", "cursor: not the `next` of a page"),
            ("limit=0", "limit: a number from 1"),
            ("limit=ten", "limit: a number from 1"),
            ("order=up", "order: newest or oldest"),
            ("limit=1&limit=2", "limit: given twice"),
            ("colour=red", "there is no parameter 'colour' here; there are: type, from, to, meter, cursor, limit, order"),
        ):
            with self.subTest(query):
                self.assertIn(words, self.ask(f"/api/v1/events?{query}", expect=400)["detail"])

    def test_the_logs_of_the_first_system(self):
        for _ in range(7):
            self.refuse_query()
        self.wait_until("7 events", lambda: len(self.listed("&type=query_error")) >= 7)
        logs = self.ask("/get_logs?log_type=query_error&limit=3")
        self.assertEqual(set(logs), {"log_type", "logs"})
        self.assertEqual(logs["log_type"], "query_error")
        self.assertTrue(all(isinstance(text, str) for text in logs["logs"]))
        entries = [json.loads(text) for text in logs["logs"]]
        wanted = self.listed("&type=query_error")[-3:]  # the newest three, oldest first
        self.assertEqual(
            entries,
            [{"timestamp": e["at"], "log_type": "query_error", "message": e["message"], "service": "meterhouse"} for e in wanted],
        )
        today = datetime.now(SINGAPORE).date()
        count = len(self.ask(f"/get_logs?log_type=query_error&date={today}")["logs"])
        count += len(self.ask(f"/get_logs?log_type=query_error&date={today - timedelta(days=1)}")["logs"])
        self.assertGreaterEqual(count, 7)
        self.assertEqual(self.ask("/get_logs"), {"log_type": "daily_jobs", "logs": []})
        for name in "system registration registration_error meter_reading daily_jobs background_worker query_error error".split():
            with self.subTest(name):
                self.assertEqual(self.ask(f"/get_logs?log_type={name}")["log_type"], name)
        for query in ("log_type=nothing", "log_type=system&date=2001-01-01", "log_type=system&date=nonsense"):
            with self.subTest(query):
                self.assertEqual(self.ask(f"/get_logs?{query}")["logs"], [])
        self.assertEqual(self.ask("/get_logs?limit=x", expect=400), {"status": "error", "message": "limit: a number from 1"})
        self.assertEqual(len(self.ask("/get_logs?log_type=query_error&limit=1000000")["logs"]), len(self.listed("&type=query_error")))

    def test_fifty_are_the_newest_where_nothing_is_said(self):
        for second in range(2):
            for _ in range(40):
                self.refuse_query()
            self.wait_until("the events", lambda: len(self.listed("&type=query_error")) >= 40 * (second + 1))
        logs = self.ask("/get_logs?log_type=query_error")["logs"]
        newest = [event["message"] for event in self.listed("&type=query_error")[-50:]]
        self.assertEqual([json.loads(text)["message"] for text in logs], newest)


class Bounds(Events):
    CONFIG = {**Events.CONFIG, "events_max": 1000}

    def test_a_flood_neither_fills_the_catalog_nor_comes_reading_by_reading(self):
        meter = self.new_meter()
        client = Client(self.address)
        rejected, accepted, most, seen = 0, 0, 0, {}
        at = now() - timedelta(days=1)
        begin = time.monotonic()
        while rejected < 1_000 or time.monotonic() < begin + 8:
            for _ in range(20):
                self.refuse_query(client)
                wrong = {"meter_id": "999999999", "timestamp": iso(at), "reading": 1}
                self.assertEqual(client.json("POST", "/meter/reading", wrong)[0], 400)
                rejected += 1
                row = {"meter_id": meter, "timestamp": iso(at + timedelta(seconds=accepted)), "reading": accepted}
                self.assertEqual(client.json("POST", "/meter/reading", row)[0], 200)
                accepted += 1
                self.assertEqual(client.json("POST", "/api/v1/meters", {"meter_id": meter, **PLACE})[0], 409)
            most = max(most, len(self.listed()))
            seen.update({event["id"]: event["fields"] for event in self.listed("&type=meter_reading")})
        client.close()
        took = time.monotonic() - begin

        def all_counted():
            seen.update({event["id"]: event["fields"] for event in self.listed("&type=meter_reading")})
            return sum(fields["accepted"] for fields in seen.values()) == accepted

        self.wait_until("the count of the readings", all_counted)
        self.assertEqual(sum(fields["rejected"] for fields in seen.values()), rejected)
        self.assertLessEqual(len(seen), took + 4, "one event a second")
        self.assertGreater(self.metric("meter_events_written_total"), 1200)
        self.assertLessEqual(most, 1300, "a tenth over the bound, and what is written at once")
        more = [e["fields"]["not_listed"] for e in self.listed("&type=query_error") if "not_listed" in e["fields"]]
        self.assertTrue(more, "what is not listed is counted")
        self.assertEqual(self.metric("meter_events_dropped_total"), 0)


if __name__ == "__main__":
    main()
