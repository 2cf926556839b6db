"""The events over HTTP: the live stream, whose clients lose nothing."""

import http.client
import json
import threading
import time

from openapi_answers import OpenApiAnswers
from support import Client, ServerTest, main, seeded

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

    def wait_for(self, what, condition):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.05)  # nothing tells from outside when an event is written
        self.fail(f"{what} did not come within {WAIT_S} s")


class Live(Events):
    def test_it_begins_behind_the_id_asked_for(self):
        before = len(self.listed("&type=query_error"))
        for _ in range(5):
            self.refuse_query()
        ids = self.wait_for("5 events", lambda: (found := self.listed("&type=query_error"))[before + 4 :] and [e["id"] for e in found])
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

    def test_the_followers_are_bounded_and_a_stop_ends_all(self):
        streams = []
        while (stream := Stream(self.address)).answer.status == 200:
            streams.append(stream)
        self.assertEqual((len(streams), stream.answer.status), (100, 503))
        self.assertIn("100 follow the events already", stream.answer.read().decode())
        self.assertEqual(self.metric("meter_events_followers"), 100)
        streams.pop().close()
        self.wait_for("the slot of the one that went", lambda: self.metric("meter_events_followers") < 100)
        began = time.monotonic()
        self.restart()
        self.assertLess(time.monotonic() - began, 8)
        for stream in streams:  # each a whole answer: read() raises where the last chunk is missing
            stream.answer.read()
            stream.close()


if __name__ == "__main__":
    main()
