"""The recipe of docs/operations.md for the first system's old readings: out of a Redis that holds them, into a data
directory, and the totals are right.    first_system_test.py PROGRAM"""

import json
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from repository import ROOT
from running_server import free_address

SCRIPT = ROOT / "examples/first-system-to-csv.sh"
CONFIG = ROOT / "config/meterhouse.json"
METERS = {
    "123456789": ("Central Region", "Bishan", "1-room / 2-room"),
    "000000007": ("East Region", "Bedok", "3-room"),
}


class FirstSystem(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="meterhouse-first-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.port = free_address().split(":")[1]

    def start_redis(self):
        server = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", str(self.folder), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        deadline = time.monotonic() + 30
        while self.redis("ping").stdout.strip() != "PONG" and time.monotonic() < deadline:
            time.sleep(0.05)  # nothing tells from outside when a port starts to listen

    def redis(self, *arguments):
        return subprocess.run(["redis-cli", "-p", self.port, *map(str, arguments)], capture_output=True, text=True, timeout=30)

    def run_it(self, *command, expect=0):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def export(self, expect=0):
        return self.run_it(SCRIPT, self.folder / "old", "-p", self.port, expect=expect)

    def history(self, meter, score, timestamp, register):
        member = json.dumps({"timestamp": timestamp, "reading_value": register, "consumption": 0.25})
        self.redis("zadd", f"meter:{meter}:history", score, member)

    def fill(self):
        for meter, (region, area, dwelling) in METERS.items():
            self.redis("sadd", "all_users", meter)
            self.redis("hset", f"user_data:{meter}", "MeterID", meter, "Region", region, "Area", area,
                       "DwellingType", dwelling, "TimeStamp", "2025-01-01T00:00:00")  # fmt: skip
        self.history("123456789", 1739980800, "2025-02-20T00:00:00", 100.5)
        self.history("123456789", 1739982600, "2025-02-20T00:30:00", 100.75)
        self.history("123456789", 1740067200, "2025-02-21T00:00:00", "107.5")
        self.history("000000007", 1739980800, "2025-02-20 00:00:00", 0)
        pending = {"meter_id": "000000007", "timestamp": "2025-02-21T00:00:00", "reading": 3.123}
        self.redis("rpush", "meter:000000007:pending", json.dumps(pending))
        self.redis("rpush", "meter:readings_queue", json.dumps(pending | {"timestamp": "2025-02-22T00:00:00", "reading": 4}))

    def test_old_readings_move_over(self):
        self.start_redis()
        self.fill()
        self.assertIn("2 meters, 6 readings in", self.export())
        old, data = self.folder / "old", self.folder / "data"
        options = ["--data", data, "--config", CONFIG]
        summary = self.run_it(PROGRAM, "import", old / "readings.csv", "--meters", old / "meters.csv", *options)
        self.assertIn("6 rows: 0 rejected, 6 taken as 6 readings: 6 accepted, 0 duplicate, 0 conflict, 0 pending", summary)
        again = self.run_it(PROGRAM, "import", old / "readings.csv", "--meters", old / "meters.csv", *options)
        self.assertIn("0 accepted, 6 duplicate", again)
        days = self.run_it(PROGRAM, "export", *options, "--channel", "import", "--step", "day", "--from", "2025-02-20",
                           "--to", "2025-02-22")  # fmt: skip
        found = {(row[0], row[2][:10]): row[4] for row in (line.split(",") for line in days.splitlines()) if len(row) > 4}
        self.assertEqual(found["123456789", "2025-02-20"], "7")
        self.assertEqual(found["000000007", "2025-02-20"], "3.123")
        self.assertEqual(found["000000007", "2025-02-21"], "0.877")

    def test_it_says_when_redis_does_not_answer(self):
        self.assertIn("Redis does not answer", self.export(expect=1))
        self.assertFalse((self.folder / "old").exists())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
