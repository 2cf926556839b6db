"""A full disk under the real program, on a small tmpfs and a small ext4: what needs room is refused with a clear message,
queries go on, nothing acknowledged is lost, and everything goes on by itself soon after there is room again."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from openapi_answers import OpenApiAnswers
from small_disk import MIB, SmallDisk, why_not_mountable
from support import PLACE, PROGRAM, SINGAPORE, Client, RunningServer, Waiting, config_with, free_address, iso, main, seeded, serve_command

ROUNDS = 4
BATCH = 2_000
BATCHES_MAX = 400
RESUME_S = 5
EVENTS_EVERY_S = 0.2
EVENTS = 100
START = datetime(2010, 1, 1, tzinfo=SINGAPORE)
METER, OTHER = "100000001", "100000002"
OPTIONS = ["--head-budget-kb", "256"]  # folds and merges all the time


class FullDisk(Waiting):
    """The tests, for one kind of disk. Readings go in batches of one meter, a minute from each to the next."""

    DISK = None  # the kind
    WAIT_S = 30

    def setUp(self):
        self.random = seeded()
        self.folder = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.disk = SmallDisk(self.DISK, 24 * MIB)
        self.addCleanup(self.disk.unmount)
        self.log = Path(self.folder.name) / "log"
        self.sent = 0  # readings acknowledged

    def serve(self, data, *options, **config):
        self.data, address = data, free_address()
        command = serve_command(address, data, config_with(self.folder.name, daily_job_at="off", **config))
        command = shlex.join([*command, *OPTIONS, *options])
        self.command = ["/bin/sh", "-c", f"exec {command} >> {self.log}"]
        self.server = RunningServer(self.command, address)
        self.addCleanup(lambda: self.server.__exit__())
        self.client = Client(address)
        self.addCleanup(self.client.close)
        self.answers = OpenApiAnswers(json.loads(self.client.send("GET", "/api/openapi.json")[2]))

    def stop(self):
        self.client.close()
        return self.server.stop()

    def restart(self):
        self.server = RunningServer(self.command, self.server.address)

    def ask(self, method, path, value=None):
        body, headers = (None, {}) if value is None else (json.dumps(value), {"Content-Type": "application/json"})
        status, headers, text = self.client.send(method, path, body, headers)
        self.answers.check(method, path, status, headers, text)
        return status, json.loads(text)

    def register(self, meter, expect=201):
        status, answer = self.ask("POST", "/api/v1/meters", {"meter_id": meter, **PLACE})
        self.assertEqual(status, expect, answer)
        return answer

    def reading(self, number):
        # Registers that no code compresses well, so that segments grow.
        return {"meter_id": METER, "at": iso(START + timedelta(minutes=number)), "register": zlib.crc32(b"%d" % number) / 100}

    def send_batch(self):
        """Whether it was taken. A refused one is sent again by the next call."""
        status, answer = self.ask("POST", "/api/v1/readings", [self.reading(self.sent + i) for i in range(BATCH)])
        if status == 200:
            self.assertEqual(answer["accepted"], BATCH, answer)
            self.sent += BATCH
            return True
        self.assertEqual(status, 507, answer)
        self.assertIn("the disk is full", answer["detail"])
        return False

    def send_until_full(self):
        for _ in range(BATCHES_MAX):
            if not self.send_batch():
                return
        self.fail(f"{BATCHES_MAX * BATCH} readings fit on a full disk")

    def expect_resumed(self):
        begin = time.monotonic()
        self.wait_until("the end of the refusals", self.send_batch, RESUME_S)
        print(f"{self.DISK}: resumed {time.monotonic() - begin:.2f} s after there was room", flush=True)

    def expect_query_answers(self):
        """The last one acknowledged is the last one there."""
        status, latest = self.ask("GET", f"/api/v1/meters/{METER}/latest")
        wanted = self.reading(self.sent - 1)
        self.assertEqual((status, latest["at"], latest["register"]), (200, wanted["at"], wanted["register"]))

    def run_program(self, *command, expect=0):
        done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout

    def expect_all_in(self, data):
        rows = self.run_program("export", "--data", data).splitlines()[1:]
        self.assertEqual(len(rows), self.sent)
        for number, row in enumerate(rows):
            wanted = self.reading(number)
            register = f"{wanted['register']:.2f}".rstrip("0").rstrip(".")
            self.assertEqual(row, f"{METER},import,{wanted['at']},{register}")

    def expect_all_there(self):
        """In the running server, in the stopped one's files, in the next one."""
        self.expect_query_answers()
        self.assertEqual(self.stop(), 0)
        self.run_program("verify", self.data)
        self.expect_all_in(self.data)
        self.restart()
        self.expect_query_answers()
        self.assertEqual(self.stop(), 0)

    def ended_run(self, job):
        status, run = self.ask("POST", f"/api/v1/{job}")
        self.assertEqual(status, 202, run)

        def ended():
            answer = self.ask("GET", f"/api/v1/jobs/{run['id']}")[1]
            return answer if answer["state"] != "running" else None

        return self.wait_until(f"the end of {job}", ended)

    def expect_legacy_refusal(self, path, body):
        status, answer = self.client.json("POST", path, body)
        self.assertEqual((status, answer["status"]), (507, "error"))
        self.assertIn("the disk is full", answer["message"])

    def register_again(self):
        """Refused, which is an event each time."""
        status, _ = self.client.json("POST", "/api/user/register", {"meter_id": METER, **PLACE})
        self.assertEqual(status, 409)

    def messages(self, kind):
        return [event["message"] for event in self.ask("GET", f"/api/v1/events?type={kind}&limit=1000")[1]["events"]]

    def test_refuses_what_needs_room_answers_queries_and_goes_on(self):
        self.serve(self.disk.path / "data")
        self.register(METER)
        self.send_batch()
        self.disk.fill()
        self.send_until_full()
        self.disk.fill()

        row = {"meter_id": METER, "timestamp": iso(START - timedelta(hours=1)), "reading": 1}
        self.expect_legacy_refusal("/meter/reading", row)
        self.expect_legacy_refusal("/meter/bulk_readings", [row])
        self.expect_legacy_refusal("/api/user/register", {"meter_id": OTHER, **PLACE})
        self.assertIn("the disk is full", self.register(OTHER, expect=507)["detail"])
        for path, body in (("jobs/daily", None), ("backups", None), ("maintenance", {"duration_s": 1, "reason": "x"})):
            self.assertEqual(self.ask("POST", f"/api/v1/{path}", body)[0], 507)
        begin = time.monotonic()
        for _ in range(EVENTS):
            self.register_again()
        while time.monotonic() - begin < 3 * EVENTS_EVERY_S:  # so that they are to be written while there is no room
            self.assertEqual(self.client.send("GET", "/readyz")[0], 200)
        self.expect_query_answers()
        self.assertEqual(self.ask("GET", f"/api/v1/meters/{METER}/consumption?from=2010-01-01&to=2010-01-02&step=day")[0], 200)
        self.assertEqual(self.client.send("GET", f"/api/user/query?meter_id={METER}&period=1y")[0], 200)

        self.disk.make_room()
        self.expect_resumed()
        self.assertEqual(self.client.json("POST", "/meter/reading", {**row, "timestamp": iso(START)})[0], 200)
        self.register(OTHER)
        self.wait_until("the events that waited", lambda: len(self.messages("registration_error")) == EVENTS)
        self.wait_until("the event that tells of it", lambda: any("no event could be written" in m for m in self.messages("error")))
        self.expect_all_there()

    def test_folds_and_merges_that_find_no_room_are_made_up_for(self):
        self.serve(self.disk.path / "data")
        self.register(METER)
        for _ in range(ROUNDS):
            self.disk.fill(leave=self.random.randrange(MIB, 5 * MIB // 2))
            self.send_until_full()
            self.expect_query_answers()
            self.disk.make_room()
            self.expect_resumed()
        self.assertIn("No space left", self.log.read_text())  # told from the background
        self.assertGreater(int(re.search(r"^meter_store_merges_total (\d+)$", self.client.send("GET", "/metrics")[2], re.M)[1]), 0)
        self.expect_all_there()

    def test_nobody_needs_to_ask_for_it_to_go_on(self):
        self.serve(self.disk.path / "data")
        self.register(METER)
        self.disk.fill()
        self.send_until_full()
        self.disk.make_room()
        threading.Event().wait(RESUME_S - 1)  # the time it has, and no request in it
        self.assertTrue(self.send_batch())

    def test_a_full_disk_keeps_nobody_from_stopping_and_starting(self):
        self.serve(self.disk.path / "data")
        self.register(METER)
        self.send_batch()
        self.disk.fill()
        self.send_until_full()
        self.assertEqual(self.stop(), 1, "it could not fold")
        self.restart()
        self.expect_query_answers()
        self.client.close()
        os.kill(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait()
        self.restart()
        self.expect_query_answers()
        self.disk.make_room()
        self.expect_resumed()
        self.expect_all_there()

    def test_a_job_that_finds_no_room_says_so_and_the_next_one_works(self):
        self.serve(self.disk.path / "data")
        self.register(METER)
        self.disk.fill()
        self.send_until_full()
        self.disk.make_room()
        self.disk.fill(leave=MIB // 2)  # for the catalog, but not for a journal file
        run = self.ended_run("jobs/daily")
        self.assertEqual(run["state"], "failed", run)
        fold = next(step for step in run["steps"] if step["name"] == "fold")
        self.assertIn("No space left", fold["outcome"])
        self.disk.make_room()
        self.assertEqual(self.ended_run("jobs/daily")["state"], "done")
        self.expect_all_there()

    def test_a_backup_that_finds_no_room_leaves_nothing_and_the_next_one_is_whole(self):
        backups = self.disk.path / "backups"
        self.serve(Path(self.folder.name) / "data", "--backup-dir", str(backups), journal_shipping="every_second")
        self.register(METER)
        self.send_batch()
        for leave in (0, 128 << 10):
            self.disk.make_room()
            self.disk.fill(leave)
            for _ in range(10):
                self.assertTrue(self.send_batch(), "the data have a disk of their own")
            run = self.ended_run("backups")
            self.assertEqual(run["state"], "failed", run)
            self.assertIn("No space left", run["steps"][0]["outcome"])
            self.assertEqual(self.ask("GET", "/api/v1/backups")[1]["backups"], [])
            self.assertEqual([path.name for path in backups.iterdir() if path.name.startswith("backup-")], [])
        self.disk.make_room()
        self.assertEqual(self.ended_run("backups")["state"], "done")
        self.assertTrue(self.send_batch())
        self.assertEqual(self.stop(), 0)
        self.run_program("backup", "verify", "--to", backups)
        self.run_program("restore", "--from", backups, "--to", Path(self.folder.name) / "restored")
        self.expect_all_in(Path(self.folder.name) / "restored")  # with what was shipped after it


class OnTmpfs(FullDisk, unittest.TestCase):
    DISK = "tmpfs"


class OnExt4(FullDisk, unittest.TestCase):
    DISK = "ext4"


if __name__ == "__main__":
    if why_not := why_not_mountable():
        print(f"skipped: no file system can be mounted here: {why_not}")
        sys.exit(77)
    main()
