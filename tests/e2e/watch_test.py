"""What the program tells those who watch it: the event log on standard output and in the catalog."""

import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from datetime import timedelta
from pathlib import Path

from small_disk import small_disk
from support import PLACE, PROGRAM, ROOT, Client, RunningServer, Waiting, config_with, free_address, iso, main, now, serve_command

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


class Watch(Waiting, unittest.TestCase):
    CONFIG = {"daily_job_at": "off", "maintenance_seconds": 0}

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.data = Path(self.folder.name) / "data"
        self.address = free_address()
        self.command = serve_command(self.address, self.data, config_with(self.folder.name, **self.CONFIG))

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
        self.wait_until("the end of maintenance", lambda: not client.json("GET", "/api/v1/maintenance")[1]["active"])
        self.assertEqual(client.json("POST", "/api/v1/backups")[0], 202)
        types = {"system", "registration", "registration_error", "meter_reading", "daily_jobs", "background_worker"}
        types |= {"query_error", "maintenance", "backup"}
        self.wait_until("an event of each type", lambda: {event["type"] for event in self.all_events(client)} >= types)
        self.wait_until("the end of the backup", lambda: client.json("GET", "/api/v1/jobs?job=backup")[1]["jobs"][0]["ended"])
        return types

    def test_each_is_one_json_line_and_one_row(self):
        server = WatchedServer(self.command, self.address)
        self.addCleanup(server.process.kill)  # where the test fails
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
                self.wait_until("the next second", lambda: int(time.time()) > second)
            self.wait_until("the events in the catalog", lambda: len(self.all_events(client, "&type=query_error")) > 400)
            client.close()
            stopping = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - stopping, 10)
        os.close(read)

    def test_a_full_disk_is_told_on_standard_output_and_nothing_is_lost(self):
        disk = small_disk(self, "tmpfs", 200 << 20)
        command = serve_command(self.address, disk.path / "data", config_with(self.folder.name))  # with a daily job
        server = WatchedServer(command, self.address)
        self.addCleanup(server.process.kill)  # where the test fails
        client = Client(self.address)
        disk.fill()
        for _ in range(2):
            self.assertEqual(client.send("GET", "/api/v1/meters/1/latest")[0], 400)
        self.wait_until("the failure", lambda: b"events cannot be written and wait" in server.output)
        self.wait_until("the events of the queries", lambda: server.output.count(b'"query_error"') == 2)
        self.wait_until("the schedule that fails", lambda: server.output.count(b"the schedule of the daily job") == 1)
        warnings = client.json("GET", "/readyz")[1]["warnings"]
        self.assertTrue(any("events cannot be written" in warning for warning in warnings), warnings)
        at = time.monotonic()
        self.wait_until("2 more seconds of it", lambda: time.monotonic() > at + 2)
        disk.make_room()
        self.wait_until("the end of it", lambda: client.json("GET", "/readyz")[1]["warnings"] == [])
        kept = [event["message"] for event in self.all_events(client)]
        client.close()
        code, output, errors = server.end()
        self.assertEqual((code, errors), (0, ""))
        told = [json.loads(line)["message"] for line in output.splitlines()]
        self.assertEqual(sum("the schedule of the daily job" in message for message in told), 1, "not every second")
        self.assertEqual([message for message in told if "wait: add events" not in message][: len(kept)], kept)

    def test_it_is_told_which_refusal_ends_a_start(self):
        self.data.mkdir()
        (self.data / "letter.txt").write_text("dear")
        ended = subprocess.run(self.command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1))
        for line in ended.stdout.splitlines():
            self.assertEqual(json.loads(line)["type"], "system")


class Starting(Watch):
    def start_watched(self):
        """Starts the server and asks /readyz until it is ready: (its process, the distinct answers before, their words)."""
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        answers = []
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                client = Client(self.address)
                while (answer := client.json("GET", "/readyz"))[0] == 503:
                    answers.append(answer[1])
                self.assertEqual(answer[0], 200)
                client.close()
                return process, answers, answer[1]
            except ConnectionRefusedError:
                continue  # the port is not taken yet
        self.fail("the server was not ready in time")

    def test_it_tells_how_far_the_replay_is_and_is_ready_behind_it(self):
        with RunningServer(self.command, self.address, stdout=subprocess.DEVNULL) as server:
            town = ["--meters", "4000", "--days", "21", "--start", "2025-01-01", "--json"]
            done = subprocess.run([PROGRAM, "simulate", "--to", server.base, *town], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            sent = json.loads(done.stdout)["accepted"]
            self.assertEqual(server.request("POST", "/api/v1/maintenance", {"duration_s": 3600, "reason": "a switch"})[0], 201)
            server.process.kill()
            server.process.wait()
        self.assertGreater(sent, 4_000_000)
        process, answers, ready = self.start_watched()
        self.assertEqual({answer["status"] for answer in answers}, {"starting"})
        replaying = [answer for answer in answers if "readings" in answer]
        self.assertGreater(len(replaying), 3, "the replay can be watched")
        self.assertTrue(all("replaying the journal" in answer["step"] for answer in replaying))
        for name in ("readings", "progress"):
            values = [answer[name] for answer in replaying]
            self.assertEqual(values, sorted(values))
            self.assertGreater(values[-1], values[0])
        self.assertLessEqual(replaying[-1]["progress"], 1)
        self.assertEqual((ready["status"], ready["maintenance"], ready["pending"]), ("ready", "waiting", 0))
        process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
        opened = next(line for line in lines if "replayed_readings" in line["fields"])
        self.assertEqual(opened["fields"]["replayed_readings"], sent)
        self.assertEqual(opened["fields"]["readings"], sent)
        self.assertRegex(opened["message"], rf"{sent} readings replayed from the journal .* in \d+\.\d\d s")
        print(f"{sent} readings replayed in {opened['fields']['replay_s']} s, {len(replaying)} answers meanwhile", flush=True)


class Figures(Watch):
    CONFIG = {**Watch.CONFIG, "maintenance_seconds": 3600, "journal_shipping": "every_second"}

    def setUp(self):
        super().setUp()
        self.server = RunningServer(self.command, self.address, stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: self.server.stop())
        self.client = Client(self.address)
        self.addCleanup(self.client.close)
        self.assertEqual(self.client.json("POST", "/api/v1/meters", {"meter_id": "100000001", **PLACE})[0], 201)
        self.sent = 0

    def figures(self):
        """{name with its labels: value}"""
        lines = self.client.send("GET", "/metrics")[2].splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def ready(self):
        status, answer = self.client.json("GET", "/readyz")
        self.assertEqual(status, 200)
        return answer

    def send(self):
        self.sent += 1
        row = {"meter_id": "100000001", "at": iso(now() - timedelta(days=1) + timedelta(seconds=self.sent)), "register": self.sent}
        return self.client.json("POST", "/api/v1/readings", [row])[1]

    def test_maintenance_and_what_is_pending(self):
        self.assertEqual(self.ready(), {"status": "ready", "maintenance": "off", "pending": 0, "job": None, "warnings": []})
        self.assertEqual(self.client.json("POST", "/api/v1/maintenance", {"reason": "a switch"})[0], 201)
        self.assertEqual(self.send()["pending"], 1)
        answer = self.ready()
        self.assertEqual((answer["maintenance"], answer["pending"], answer["warnings"]), ("waiting", 1, []))
        figures = self.figures()
        names = ("meter_store_held", "meter_store_pending_readings", "meter_maintenance_active")
        self.assertEqual([figures[name] for name in names], [1, 1, 1])
        self.client.send("DELETE", "/api/v1/maintenance")
        self.wait_until("the end of maintenance", lambda: self.figures()["meter_maintenance_active"] == 0)
        self.wait_until("that nothing is pending", lambda: self.ready()["maintenance"] == "off")
        self.assertEqual([self.figures()[name] for name in names], [0, 0, 0])

    def test_jobs_and_backups(self):
        figures = self.figures()
        self.assertEqual((figures['meter_job_running{job="daily"}'], figures['meter_job_running{job="backup"}']), (0, 0))
        self.assertNotIn("meter_backup_newest_timestamp_seconds", figures)
        began = time.time()
        self.assertEqual(self.client.json("POST", "/api/v1/jobs/daily")[0], 202)
        done = 'meter_job_last_end_timestamp_seconds{job="daily",state="done"}'
        figures = self.wait_until("the end of the daily job", lambda: done in (now := self.figures()) and now)
        for name in (done, "meter_backup_newest_timestamp_seconds"):
            self.assertGreater(figures[name], began - 2)
            self.assertLess(figures[name], time.time() + 2)
        self.server.stop()
        self.server = RunningServer(self.command, self.address, stdout=subprocess.DEVNULL)
        self.client.close()
        self.assertEqual(self.figures()["meter_backup_newest_timestamp_seconds"], figures["meter_backup_newest_timestamp_seconds"])
        self.server.stop()

    def test_shipping_that_fails_is_told_until_it_goes_on(self):
        self.assertEqual(self.client.json("POST", "/api/v1/backups")[0], 202)  # ends the open piece
        self.wait_until("the end of the backup", lambda: "meter_backup_newest_timestamp_seconds" in self.figures())
        self.wait_until("that nothing runs", lambda: self.figures()['meter_job_running{job="backup"}'] == 0)
        pieces = self.data / "backups" / "journal"
        aside = self.data / "backups" / "aside"
        pieces.rename(aside)
        pieces.write_text("in the way")
        self.send()
        figures = self.wait_until("the failure", lambda: (now := self.figures())["meter_shipping_failing"] == 1 and now)
        self.assertGreater(figures["meter_shipping_waiting_bytes"], 0)
        self.assertTrue(any("ship the journal" in warning for warning in self.ready()["warnings"]))
        self.wait_until("a lag", lambda: self.figures()["meter_shipping_lag_seconds"] >= 2)
        pieces.unlink()
        aside.rename(pieces)
        figures = self.wait_until("its end", lambda: (now := self.figures())["meter_shipping_failing"] == 0 and now)
        names = ("meter_shipping_lag_seconds", "meter_shipping_waiting_bytes", "meter_shipping_lost_frames_total")
        self.assertEqual([figures[name] for name in names], [0, 0, 0])
        self.assertEqual(self.ready()["warnings"], [])
        errors = [event["message"] for event in self.all_events(self.client, "&type=error")]
        self.assertTrue(any("ship the journal" in message for message in errors), errors)

    def test_every_name_of_the_documentation_is_there(self):
        self.client.json("POST", "/api/v1/jobs/daily")
        self.wait_until("a backup", lambda: "meter_backup_newest_timestamp_seconds" in self.figures())
        page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        documented = set(re.findall(r"\bmeter_[a-z_]+", page))
        there = {name.partition("{")[0] for name in self.figures()}
        self.wait_until("the end of the job", lambda: self.figures()['meter_job_running{job="daily"}'] == 0)
        there |= {name.partition("{")[0] for name in self.figures()}
        self.assertEqual(documented - there - {"meter_id", "meter_reading"}, set())


if __name__ == "__main__":
    main()
