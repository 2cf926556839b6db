"""kill -9 at any moment, over and over, while clients send: every acknowledged reading is there afterwards."""

import json
import signal
import threading
from datetime import datetime, timedelta
from http.client import HTTPException

from support import SINGAPORE, Client, ServerTest, iso, main, seeded

ROUNDS = 8
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


class Kill(ServerTest):
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
        for attempt in range(ROUNDS):
            senders = [Sender(self.address, meter, firsts[meter]) for meter in meters]
            for sender in senders:
                sender.start()
            threading.Event().wait(random.uniform(0.05, 0.5))  # the moment of the kill is what is tried here
            self.restart(signal.SIGKILL)
            for sender in senders:
                sender.join()
                firsts[sender.meter] = sender.next
                acknowledged[sender.meter].update({iso(at): register for at, register in sender.acknowledged})
            for meter in meters:
                stored = self.stored(meter)
                lost = {at: value for at, value in acknowledged[meter].items() if stored.get(at) != value}
                self.assertEqual(lost, {}, f"round {attempt}")
        self.assertGreater(sum(map(len, acknowledged.values())), 1000, "the rounds sent too little to tell anything")
        self.restart(signal.SIGTERM)
        for meter in meters:
            self.assertTrue(acknowledged[meter].items() <= self.stored(meter).items())


if __name__ == "__main__":
    main()
