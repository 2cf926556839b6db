"""What the program tells those who watch it: the event log on standard output and in the catalog."""

import json
import os
import pty
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from datetime import timedelta
from pathlib import Path

from support import PLACE, PROGRAM, Client, RunningServer, config_with, free_address, iso, main, now, serve_command

WAIT_S = 60


class WatchedServer(RunningServer):
    """A server whose standard output and standard error are kept, as far as they came."""

    def __init__(self, command, address):
        self.output, self.errors = b"", b""
        read, write = os.pipe()
        error_read, error_write = os.pipe()
        self.readers = [
            threading.Thread(target=self.drain, args=(read, "output")),
            threading.Thread(target=self.drain, args=(error_read, "errors")),
        ]
        for reader in self.readers:
            reader.start()
        super().__init__(command, address, stdout=write, stderr=error_write)
        for end in (write, error_write):
            os.close(end)

    def drain(self, end, name):
        while some := os.read(end, 1 << 16):
            setattr(self, name, getattr(self, name) + some)
        os.close(end)

    def end(self):
        """Stops it in good order; all that it told, as (output, errors)."""
        code = self.stop()
        for reader in self.readers:
            reader.join()
        return code, self.output.decode(), self.errors.decode()


class Watch(unittest.TestCase):
    CONFIG = {"daily_job_at": "off", "maintenance_seconds": 0}

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.data = Path(self.folder.name) / "data"
        self.address = free_address()
        self.command = serve_command(self.address, self.data, config_with(self.folder.name, **self.CONFIG))

    def until(self, what, condition):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.05)  # nothing tells from outside when work in the background ends
        self.fail(f"{what} did not come within {WAIT_S} s")

    def all_events(self, client, query=""):
        events, cursor = [], ""
        while cursor is not None:
            answer = client.json("GET", f"/api/v1/events?order=oldest&limit=1000{query}{cursor and '&cursor=' + cursor}")[1]
            events += answer["events"]
            cursor = answer["next"]
        return events


class EventLog(Watch):
    def make_things_happen(self, client):
        """One thing at least of each type of event; the types."""
        meter = {"meter_id": "100000001", **PLACE}
        self.assertEqual(client.json("POST", "/api/v1/meters", meter)[0], 201)
        self.assertEqual(client.json("POST", "/api/v1/meters", meter)[0], 409)
        at = now() - timedelta(hours=1)
        rows = [{"meter_id": "100000001", "at": iso(at - timedelta(minutes=i)), "register": 9 - i / 10} for i in range(9)]
        self.assertEqual(client.json("POST", "/api/v1/readings", rows)[1]["accepted"], 9)
        self.assertEqual(client.json("GET", "/api/user/query?meter_id=1&period=1d")[0], 400)
        self.assertEqual(client.json("GET", "/api/v1/meters/100000009/consumption?from=2025-01-01&to=2025-01-02")[0], 404)
        self.assertEqual(client.json("GET", "/stopserver")[0], 200)
        self.until("the end of maintenance", lambda: not client.json("GET", "/api/v1/maintenance")[1]["active"])
        self.assertEqual(client.json("POST", "/api/v1/backups")[0], 202)
        types = {"system", "registration", "registration_error", "meter_reading", "daily_jobs", "background_worker"}
        types |= {"query_error", "maintenance", "backup"}
        self.until("an event of each type", lambda: {event["type"] for event in self.all_events(client)} >= types)
        self.until("the end of the backup", lambda: client.json("GET", "/api/v1/jobs?job=backup")[1]["jobs"][0]["ended"])
        return types

    def test_each_is_one_json_line_and_one_row(self):
        server = WatchedServer(self.command, self.address)
        client = Client(self.address)
        self.make_things_happen(client)
        refused = self.all_events(client, "&type=query_error")
        self.assertEqual(
            [(event["message"], event["fields"]["status"], event["meter_id"]) for event in refused],
            [
                ("GET /api/user/query: 400 Invalid MeterID format", 400, None),
                ("GET /api/v1/meters/100000009/consumption: 404 meter 100000009 is not registered", 404, "100000009"),
            ],
        )
        work = [event["fields"]["work"] for event in self.all_events(client, "&type=background_worker")]
        self.assertEqual(set(work), {"fold", "apply_pending"})
        client.close()
        code, output, errors = server.end()
        self.assertEqual((code, errors), (0, ""))
        told = [json.loads(line) for line in output.splitlines()]
        self.assertTrue(all(set(line) - {"meter_id"} == {"time", "type", "message", "fields"} for line in told))
        self.assertIn("meterhouse", told[0]["message"])
        self.assertEqual(told[-1]["message"], "stopped; everything is folded")

        with RunningServer(self.command, self.address, stdout=subprocess.DEVNULL) as server:
            client = Client(self.address)
            kept = self.all_events(client)
            client.close()
            self.assertEqual(server.stop(), 0)
        kept = [{"time": e["at"], "type": e["type"], "meter_id": e["meter_id"], "message": e["message"], "fields": e["fields"]} for e in kept]
        told = [{"meter_id": None, **line} for line in told]
        first_end = next(i for i, event in enumerate(kept) if event["message"] == "the server stops")
        self.assertEqual(told[: first_end + 1], kept[: first_end + 1], "the same events, each once, in the same order")
        behind = {line["type"] for line in told[first_end + 1 :]}
        self.assertLessEqual(behind, {"system", "background_worker"}, "what is told once the catalog is closed")

    def test_a_person_gets_text(self):
        shown, terminal = pty.openpty()
        with RunningServer(self.command, self.address, stdout=terminal) as server:
            os.close(terminal)
            self.assertEqual(server.stop(), 0)
        text = b""
        try:
            while some := os.read(shown, 1 << 16):
                text += some
        except OSError:
            pass  # the end of a terminal
        os.close(shown)
        lines = text.decode().splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d system: meterhouse \d+\.\d+\.\d+ starts$")
        self.assertTrue(any(f"listening on http://{self.address}" in line for line in lines), lines)
        self.assertTrue(all(line[10] == " " and ": " in line for line in lines), lines)

    def test_a_reader_that_stands_still_holds_up_nothing(self):
        read, write = os.pipe()
        with RunningServer(self.command, self.address, stdout=write) as server:
            os.close(write)
            client = Client(self.address)
            for _ in range(5):  # 5 s of 100 events: more than a pipe holds
                second = int(time.time())
                for _ in range(120):
                    self.assertEqual(client.send("GET", "/api/v1/meters/1/latest")[0], 400)
                self.until("the next second", lambda: int(time.time()) > second)
            self.until("the events in the catalog", lambda: len(self.all_events(client, "&type=query_error")) > 400)
            client.close()
            stopping = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - stopping, 10)
        os.close(read)

    def test_it_is_told_which_refusal_ends_a_start(self):
        self.data.mkdir()
        (self.data / "letter.txt").write_text("dear")
        ended = subprocess.run(self.command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1))
        for line in ended.stdout.splitlines():
            self.assertEqual(json.loads(line)["type"], "system")


if __name__ == "__main__":
    main()
