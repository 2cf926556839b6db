"""The load of the crash tests: senders of readings in every form, and an operator who begins jobs, maintenance and backups
and registers meters. They go on until the server does not answer any more; each answer is checked."""

import json
import threading
import time
from http.client import HTTPException
from random import Random

from crash_model import ACKNOWLEDGED, OPEN, UNSENT, json_list, legacy_list, legacy_one, ndjson
from support import PLACE, Client

SENDERS = 3
LONG_S = 3_600
COUNTS = ("accepted", "duplicate", "conflict", "pending", "rejected")


class Unanswered(Exception):
    pass


class Worker(threading.Thread):
    """Works until the server does not answer; what else goes wrong is kept for the test to raise."""

    def __init__(self, load):
        super().__init__()
        self.load, self.model, self.random = load, load.model, Random(load.random.random())
        self.client = Client(load.address)
        self.error = None

    def run(self):
        try:
            while True:
                self.work()
        except Unanswered:
            pass
        except Exception as error:  # noqa: BLE001
            self.error = error
        self.client.close()

    def ask(self, method, path, body=None, kind="application/json"):
        """(status, answer). What comes after the cut counts as no answer."""
        try:
            status, _, text = self.client.send(method, path, body, body and {"Content-Type": kind})
        except (OSError, HTTPException) as error:
            raise Unanswered from error
        if self.load.over.is_set():
            raise Unanswered
        return status, json.loads(text)

    def pause(self, most_s):
        time.sleep(self.random.uniform(0, most_s))


class Sender(Worker):
    def work(self):
        body, before = self.model.next_body(self.random)
        known = before == ACKNOWLEDGED
        contradict = known and self.random.random() < 0.4
        try:
            counts = self.post_packed(body.contradicted()) if contradict else self.send(body)
        except Unanswered:
            if not known:
                self.model.unanswered(body)
            raise
        self.check(body, before, contradict, counts)
        if not contradict:
            self.model.acknowledge(body, counts["pending"] > 0)
        self.pause(0.01)

    def check(self, body, before, contradict, counts):
        """How many were new, there already, in conflict: what of the body was stored before decides it."""
        possible = {ACKNOWLEDGED: {"duplicate"}, OPEN: {"accepted", "duplicate"}, UNSENT: {"accepted"}}[before]
        if contradict:
            possible = {"conflict"}
        what = f"{[batch.rows for batch in body.batches]} rows, {before}, contradicted: {contradict}: {counts}"
        assert sum(counts.values()) == body.rows, what
        assert {name for name in COUNTS if counts[name]} <= possible | {"pending"}, what
        stored = [sum(batch.rows for batch in body.batches[:n]) for n in range(len(body.batches) + 1)]
        assert counts["pending"] or counts["duplicate"] in stored, "torn: " + what

    def send(self, body):
        """The counts of the answer."""
        if body.rows == 1:
            return self.legacy("/meter/reading", legacy_one(body), body)
        form = self.random.randrange(4) if body.rows <= 3_000 else 0
        if form == 0:
            return self.post_packed(body.packed())
        if form == 1:
            return self.post(ndjson(body), "application/x-ndjson")
        if form == 2:
            return self.post(json_list(body), "application/json")
        return self.legacy("/meter/bulk_readings", legacy_list(body), body)

    def legacy(self, path, text, body):
        """These answers do not tell whether the readings can be seen yet: they count as pending."""
        status, answer = self.ask("POST", path, text)
        assert status == 200, f"{status} {answer}"
        told = "Bulk queued. Success: %d, Failed: 0" % body.rows
        assert "bulk" not in path or answer["message"] == told, answer
        return {**dict.fromkeys(COUNTS, 0), "pending": body.rows}

    def post_packed(self, content):
        return self.post(content, "application/vnd.meterhouse.readings")

    def post(self, content, kind):
        status, answer = self.ask("POST", "/api/v1/readings", content, kind)
        assert status == 200, f"{status} {answer}"
        return {name: answer[name] for name in COUNTS}


class Operator(Worker):
    def work(self):
        """One thing or another; the weights keep maintenance from lasting."""
        things = [(self.daily_job, 3), (self.stop_server, 1), (self.begin_maintenance, 2), (self.end_maintenance, 4),
                  (self.back_up, 3), (self.register, 2)]  # fmt: skip
        self.random.choices([thing for thing, _ in things], [weight for _, weight in things])[0]()
        self.pause(0.08)

    def order(self, method, path, value, answers):
        """(status, answer), whose status must be one of these."""
        status, answer = self.ask(method, path, value if value is None else json.dumps(value))
        assert status in answers, f"{method} {path}: {status} {answer}"
        return status, answer

    def daily_job(self):
        self.load.runs.add(self.order("POST", "/api/v1/jobs/daily", None, (202,))[1]["id"])

    def back_up(self):
        self.load.runs.add(self.order("POST", "/api/v1/backups", None, (202,))[1]["id"])

    def stop_server(self):
        self.order("GET", "/stopserver", None, (200, 400))

    def begin_maintenance(self):
        wanted = {"duration_s": self.random.choice([0, 1, LONG_S]), "daily_job": self.random.random() < 0.5}
        status, _ = self.order("POST", "/api/v1/maintenance", wanted, (201, 409))
        if status == 201:
            self.load.lasts = wanted["duration_s"] == LONG_S

    def end_maintenance(self):
        self.load.lasts = False
        self.order("DELETE", "/api/v1/maintenance", None, (202, 409))

    def register(self):
        meter = next(self.load.meters)
        status, _ = self.order("POST", "/api/v1/meters", {"meter_id": str(meter), **PLACE}, (201, 503))
        if status == 201:
            self.model.add_meter(meter)


class Load:
    """All of it. over: what is answered from now on does not count."""

    def __init__(self, address, model, random, meters, runs):
        self.address, self.model, self.random = address, model, random
        self.meters = meters  # numbers of those that are registered next
        self.runs = runs  # ids of job runs that were promised
        self.lasts = False  # maintenance was begun for long, and nobody ended it
        self.over = threading.Event()
        self.workers = [Operator(self)] + [Sender(self) for _ in range(SENDERS)]
        for worker in self.workers:
            worker.start()

    def join(self):
        for worker in self.workers:
            worker.join()
        for worker in self.workers:
            if worker.error:
                raise worker.error
