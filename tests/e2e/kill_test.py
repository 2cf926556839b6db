"""kill -9 at any moment, over and over, while clients send: every acknowledged reading is there afterwards. The head is
so small that the server folds and merges all the time, and what a kill leaves on the disk tells whether it interrupted one:
the rounds go on until both were interrupted."""

import json
import re
import signal
import threading
from collections import Counter
from datetime import datetime, timedelta
from http.client import HTTPException

from support import SINGAPORE, Client, ServerTest, iso, main, seeded

ROUNDS_MIN = 8
ROUNDS_MAX = 100
INTERRUPTED_MIN = 1  # kills amid a fold, and as many amid a merge
SENDERS = 4
START = datetime(2020, 1, 1, tzinfo=SINGAPORE)


class Sender(threading.Thread):
    """Sends readings one at a time and in batches until the connection breaks; remembers what was acknowledged."""

    def __init__(self, address, meter, first):
        super().__init__()
        self.address, self.meter, self.next, self.acknowledged = address, meter, first, []

    def rows(self, count):
        rows = [(START + timedelta(minutes=self.next + i), self.next + i) for i in range(count)]
        self.next += count
        return rows

    def run(self):
        client = Client(self.address)
        try:
            while True:
                self.send_one(client)
                self.send_many(client)
        except (OSError, HTTPException):
            pass  # the server was killed
        client.close()

    def send_one(self, client):
        rows = self.rows(1)
        (at, register), = rows
        status, _ = client.json("POST", "/meter/reading", {"meter_id": self.meter, "timestamp": iso(at), "reading": register})
        if status == 200:
            self.acknowledged += rows

    def send_many(self, client):
        rows = self.rows(200)
        body = "\n".join(json.dumps({"meter_id": self.meter, "at": iso(at), "register": register}) for at, register in rows)
        status, _, text = client.send("POST", "/api/v1/readings", body, {"Content-Type": "application/x-ndjson"})
        if status == 200 and json.loads(text)["rejected"] == 0:
            self.acknowledged += rows


SEGMENT = re.compile(r"(\d{4}-\d{2})-(\d{20})-(\d{20})\.segment(\.tmp)?")


def interrupted(data):
    """What a killed server was at, by the files it left: {"fold", "merge"} or less. A fold begins a second journal file and
    ends by removing the first. A merge writes one segment for the folds of several and ends by removing those."""
    found = set()
    if len(list((data / "journal").iterdir())) > 1:
        found.add("fold")
    names = [SEGMENT.fullmatch(path.name) for path in (data / "segments").iterdir()]
    segments = [(month, int(first), int(last), unfinished) for month, first, last, unfinished in (name.groups() for name in names)]
    for month, first, last, unfinished in segments:
        parts = [s for s in segments if s[0] == month and s[3] is None and first <= s[1] and s[2] <= last]
        if last > first and (unfinished or len(parts) > 1):
            found.add("merge")
    return found


class Kill(ServerTest):
    OPTIONS = ["--head-budget-kb", "256"]

    def stored(self, meter):
        found, cursor = {}, ""
        while cursor is not None:
            _, page = self.client.json("GET", f"/api/v1/meters/{meter}/readings?limit=10000{cursor and '&cursor=' + cursor}")
            found.update({reading["at"]: reading["register"] for reading in page["readings"]})
            cursor = page["next"]
        return found

    def test_every_acknowledged_reading_survives(self):
        random = seeded()
        meters = [self.new_meter() for _ in range(SENDERS)]
        acknowledged = {meter: {} for meter in meters}
        firsts = dict.fromkeys(meters, 0)
        work, amid, rounds = Counter(), Counter(), 0
        while rounds < ROUNDS_MIN or (rounds < ROUNDS_MAX and min(amid["fold"], amid["merge"]) < INTERRUPTED_MIN):
            senders = [Sender(self.address, meter, firsts[meter]) for meter in meters]
            for sender in senders:
                sender.start()
            threading.Event().wait(random.uniform(0.05, 0.5))  # the moment of the kill is what is tried here
            for name in ("folds", "merges"):
                work[name] += self.metric(f"meter_store_{name}_total")
            self.end_server(signal.SIGKILL)
            amid.update(interrupted(self.data))
            self.begin_server()
            for sender in senders:
                sender.join()
                firsts[sender.meter] = sender.next
                acknowledged[sender.meter].update({iso(at): register for at, register in sender.acknowledged})
            for meter in meters:
                stored = self.stored(meter)
                lost = {at: value for at, value in acknowledged[meter].items() if stored.get(at) != value}
                self.assertEqual(lost, {}, f"round {rounds}")
            rounds += 1
        sent = sum(map(len, acknowledged.values()))
        print(f"{rounds} kills, {amid['fold']} amid a fold, {amid['merge']} amid a merge; {dict(work)}; {sent} readings", flush=True)
        self.assertGreater(sent, 1000, "the rounds sent too little to tell anything")
        self.assertGreater(min(work["folds"], work["merges"]), 0)
        self.assertGreaterEqual(min(amid["fold"], amid["merge"]), INTERRUPTED_MIN, "no kill hit what it should")
        self.restart(signal.SIGTERM)
        for meter in meters:
            self.assertTrue(acknowledged[meter].items() <= self.stored(meter).items())


if __name__ == "__main__":
    main()
