"""The real program runs out of memory under load: it says so and stops at once with exit code 1, nothing acknowledged is lost,
no batch is torn, and the next start goes on. What it may still take is bounded while it runs, at a moment of chance."""

import os
import re
import resource
import subprocess
import tempfile
import threading
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path

from support import PROGRAM, SINGAPORE, Client, ServerTest, iso, main, seeded

ROUNDS = 6
SENDERS = 3
BATCH = 1_000
MIB = 1 << 20
HEADROOM_MIB = 2  # at most
START = datetime(2010, 1, 1, tzinfo=SINGAPORE)


def address_space(process):
    return int(re.search(r"^VmSize:\s+(\d+) kB$", Path(f"/proc/{process.pid}/status").read_text(), re.M)[1]) << 10


class Sender(threading.Thread):
    """Batches of one meter, a minute from each reading to the next, until the server does not answer."""

    def __init__(self, address, meter, first):
        super().__init__()
        self.client, self.meter, self.acknowledged, self.refused = Client(address), meter, first, None
        self.under_way = threading.Event()
        self.start()

    def run(self):
        try:
            while self.send_batch():
                self.under_way.set()
        except (OSError, HTTPException):
            pass
        self.under_way.set()
        self.client.close()

    def send_batch(self):
        rows = [reading(self.meter, number) for number in range(self.acknowledged, self.acknowledged + BATCH)]
        status, answer = self.client.json("POST", "/api/v1/readings", rows)
        if status != 200:
            self.refused = (status, answer)
            return False
        self.acknowledged += BATCH
        return True


def reading(meter, number):
    return {"meter_id": meter, "at": iso(START + timedelta(minutes=number)), "register": number}


class OutOfMemory(ServerTest):
    CONFIG = {"daily_job_at": "off"}

    @classmethod
    def setUpClass(cls):
        os.environ["MALLOC_ARENA_MAX"] = "1"  # else each thread has 64 MiB set aside that count already
        cls.output = tempfile.TemporaryFile("w+")
        cls.addClassCleanup(cls.output.close)
        super().setUpClass()

    def run_out(self, headroom):
        """The numbers of acknowledged readings, by meter, when the server has ended."""
        senders = [Sender(self.address, meter, count) for meter, count in self.there.items()]
        for sender in senders:
            sender.under_way.wait()
        process = self.server.process
        limit = address_space(process) + headroom
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
        for sender in senders:
            sender.join()
        self.assertEqual([sender.refused for sender in senders], [None] * SENDERS)
        self.assertEqual(process.wait(timeout=60), 1)
        return {sender.meter: sender.acknowledged for sender in senders}

    def readings_there(self):
        """How many there are of each meter, from the first on without a gap."""
        for command in (["verify", self.data], ["export", "--data", self.data]):
            done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        there = dict.fromkeys(self.there, 0)
        for row in done.stdout.splitlines()[1:]:
            meter = row.split(",")[0]
            wanted = reading(meter, there[meter])
            self.assertEqual(row, f"{meter},import,{wanted['at']},{wanted['register']}")
            there[meter] += 1
        return there

    def test_it_stops_and_the_next_start_has_everything_acknowledged(self):
        random = seeded()
        self.there = {self.new_meter(): 0 for _ in range(SENDERS)}
        for round_number in range(1, ROUNDS + 1):
            acknowledged = self.run_out(random.randrange(HEADROOM_MIB * MIB))
            self.output.seek(0)
            lines = [line for line in self.output if line.startswith("meterhouse: ")]
            self.assertEqual(lines, ["meterhouse: out of memory: stopped at once; nothing acknowledged is lost\n"] * round_number)
            self.there = self.readings_there()
            for meter, count in self.there.items():
                self.assertIn(count, (acknowledged[meter], acknowledged[meter] + BATCH))  # the last one went unanswered
            self.client.close()
            self.begin_server()
        print(f"figures: {ROUNDS} times out of memory, {sum(self.there.values())} readings", flush=True)


if __name__ == "__main__":
    main()
