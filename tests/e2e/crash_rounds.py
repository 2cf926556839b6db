"""Rounds of load, crash and restart over one data directory, and what must hold after each: every acknowledged reading is there
once with its value, batches are whole, jobs go on, and directories verify. How the crash comes is the test's own matter.
MH_KEEP=DIR copies the directories of a round that failed there."""

import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from crash_load import Load
from crash_model import ABSENT, ACKNOWLEDGED, OPEN, PENDING, UNSENT, Export, Judge, Model, lanes_before, packed_of
from support import PLACE, PROGRAM, ROOT, ServerTest, config_with, now

WAIT_S = 60
LOAD_S = 0.35  # at most, before the crash
SHIPPING = {"every_batch": 2, "every_second": 1}  # which one a start takes, and how often
NEVER_SHIPPED = "were never shipped"
HELD_ROUNDS = 3  # how many maintenance may last before it is ended


def has_frames(journal_file):
    with journal_file.open("rb") as file:
        file.seek(64)
        return file.read(4) == b"MMF1"


def interrupted_in_store(data):
    """{"fold", "merge"} or less, by the files a crashed server left. A fold begins a journal file, writes segments that the
    manifest then names, and removes the journal before it. A merge writes a segment of several folds, and removes theirs."""
    found = set()
    manifest = (data / "MANIFEST").read_text().splitlines()
    live = [line.split()[1] for line in manifest if line.startswith("segment ")]
    for name in (path.name for path in (data / "segments").iterdir() if path.name not in live):
        first, last = name[8:28], name[29:49]
        merged = any(other[:7] == name[:7] and other[8:28] <= first and last <= other[29:49] for other in live)
        found.add("merge" if merged or first != last else "fold")
    folded = next(int(line.split()[1]) for line in manifest if line.startswith("first-journal-file "))
    journal = {int(path.name.split("-")[1]): path for path in (data / "journal").iterdir() if path.suffix != ".tmp"}
    if any(number < folded or (number > folded and has_frames(path)) for number, path in journal.items()):
        found.add("fold")
    return found


def interrupted_in_catalog(data):
    """The jobs and steps that ran, and where maintenance was: as a copy of the catalog tells, for opening repairs it."""
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("catalog.sqlite", "catalog.sqlite-wal"):
            if (data / name).exists():
                shutil.copy(data / name, folder)
        catalog = sqlite3.connect(Path(folder) / "catalog.sqlite")
        running = "job_run.state = 'running' AND job_step.state = 'running'"
        for job, step in catalog.execute(f"SELECT job, name FROM job_run JOIN job_step USING (run_id) WHERE {running}"):
            found |= {f"job {job}", f"step {step}"}
        for (state,) in catalog.execute("SELECT value FROM state WHERE name = 'maintenance'"):
            found.add("maintenance, " + json.loads(state)["phase"])
        catalog.close()
    return found


class Restore:
    """`meterhouse restore` into a directory of its own, interrupted and begun again until it is done."""

    def __init__(self, test, name):
        self.test, self.target = test, test.data.parent / f"restored-{name}"
        self.begin()

    def begin(self):
        self.known = self.test.shipped_by_now()  # must come back
        command = [PROGRAM, "restore", "--from", self.test.backups, "--to", self.target]
        self.process = subprocess.Popen(command, stdout=self.test.output, stderr=self.test.output)

    def interrupted(self):
        return (self.target / "RESTORING").exists()

    def done(self):
        return (self.target / "MANIFEST").exists() and not self.interrupted()

    def finish(self):
        """To the end; what is there then is checked."""
        ended = self.process.wait(timeout=WAIT_S)
        assert ended != 3, "frames are missing in the shipped journal"
        if not self.done():
            self.begin()
            assert self.process.wait(timeout=WAIT_S) == 0, f"restore ended with {self.process.returncode}"
        assert self.done()
        self.test.run_program("verify", self.target)
        judge = Judge(
            must=lambda batch: batch.state == ACKNOWLEDGED and batch.number <= self.known,
            may=lambda batch: batch.state in (ACKNOWLEDGED, PENDING, OPEN),
        )
        self.test.export(self.target).judge(judge)
        shutil.rmtree(self.target)


class CrashRounds(ServerTest):
    CONFIG = {"daily_job_at": "off", "maintenance_seconds": 1, "journal_shipping": "every_batch", "backups_kept": 4}
    OPTIONS = ["--head-budget-kb", "64"]
    WHOLE_EVERY = 75  # rounds between checks of everything there is
    RESTORES_GO_ON = 0.3  # how many are not hit by the crash

    @classmethod
    def setUpClass(cls):
        cls.output = tempfile.TemporaryFile("w+")
        cls.addClassCleanup(cls.output.close)
        super().setUpClass()
        cls.numbers = itertools.count(100_000_001)
        cls.backups = cls.data / "backups"
        cls.shipping, cls.shipped_at_least = cls.CONFIG["journal_shipping"], 0

    @classmethod
    def tearDownClass(cls):
        if cls.server.process.poll() is None:  # else a round failed, and told why
            super().tearDownClass()

    def crash(self, processes):
        """Ends them all at this moment."""
        raise NotImplementedError

    def begin_server(self):
        """With either kind of shipping. What was acknowledged before is shipped once it is ready."""
        cls = type(self)
        cls.shipping = self.random.choices(list(SHIPPING), list(SHIPPING.values()))[0]
        config_with(self.folder.name, **{**self.CONFIG, "journal_shipping": self.shipping})
        known = self.model.numbers
        super().begin_server()
        cls.shipped_at_least = known
        self.hits[self.shipping] += 1

    def shipped_by_now(self):
        """The number of the last acknowledgement that a restore must bring back: every_second may lose as much as came in a round."""
        return self.model.numbers if self.shipping == "every_batch" else self.shipped_at_least

    def close_gap(self):
        """A fold waits for the frames it lets go of to be shipped, but not for ever: what a crash then cost is told, and a
        backup has it."""
        if self.warned():
            self.assertEqual(self.shipping_before, "every_second")
            self.hits["gap"] += 1
            self.runs.add(self.client.json("POST", "/api/v1/backups")[1]["id"])
            self.wait_until("a backup that closes the gap", lambda: not self.warned())

    def warned(self):
        return [warning for warning in self.client.json("GET", "/readyz")[1]["warnings"] if NEVER_SHIPPED in warning]

    def run_rounds(self, random, rounds):
        self.random, self.hits, self.held_for, self.runs = random, Counter(), 0, set()
        self.today = now().replace(hour=0, minute=0, second=0)
        self.model = Model(lanes_before(self.today))
        for self.rounds in range(1, rounds + 1):
            try:
                self.round()
                if self.rounds % self.WHOLE_EVERY == 0 or self.rounds == rounds:
                    self.check_everything()
            except BaseException:
                if os.environ.get("MH_KEEP"):
                    shutil.copytree(self.data.parent, os.environ["MH_KEEP"], dirs_exist_ok=True)
                self.output.seek(0)
                print(f"round {self.rounds}, behind these lines of the server:", *self.output.readlines()[-40:], flush=True)
                raise

    def tell(self, crashes, kinds_to_hit):
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.hits.items()))
        print(f"figures: {self.rounds} {crashes}, {self.model.acknowledged} readings acknowledged; hit: {kinds}", flush=True)
        missed = [kind for kind in kinds_to_hit if not self.hits[kind]]
        self.assertEqual(missed, [], "no crash hit these kinds of work")

    def round(self):
        if not self.held_for and len(self.model.young()) < 4:
            meter = next(self.numbers)
            self.assertEqual(self.client.json("POST", "/api/v1/meters", {"meter_id": str(meter), **PLACE})[0], 201)
            self.model.add_meter(meter)
        load = Load(self.address, self.model, self.random, self.numbers, self.runs)
        restore = self.wait_and_restore()
        load.over.set()
        go_on = restore is None or self.random.random() < self.RESTORES_GO_ON
        self.client.close()
        self.crash([self.server.process] + ([] if go_on else [restore.process]))
        load.join()
        self.hits["restore"] += not go_on and restore.interrupted()
        self.hits.update(interrupted_in_store(self.data) | interrupted_in_catalog(self.data))
        self.while_down(restore)
        self.shipping_before = self.shipping
        self.begin_server()
        self.close_gap()
        self.after_start(load)

    def wait_and_restore(self):
        """Until the moment of the crash; a restore may begin meanwhile."""
        wait = self.random.uniform(0, LOAD_S)
        restores = self.random.random() < 0.15 and any(self.backups.glob("backup-*Z/manifest.json"))
        begin = self.random.uniform(0, wait) if restores else wait
        threading.Event().wait(begin)  # the moment is what is tried here
        restore = Restore(self, self.rounds) if restores else None
        threading.Event().wait(wait - begin)
        return restore

    def while_down(self, restore):
        if self.random.random() < 0.15:
            self.run_program("verify", self.data)
        if restore:
            restore.finish()
        while self.random.random() < 0.15:
            process = subprocess.Popen(self.command, stdout=self.output, stderr=self.output)
            threading.Event().wait(self.random.uniform(0, 0.08))
            self.crash([process])
            self.hits["start"] += 1

    def after_start(self, load):
        state = self.maintenance()
        self.assertTrue(state["active"] or not load.lasts, "maintenance that was begun for an hour is over")
        if state["state"] != "off" and self.held_for < HELD_ROUNDS and self.random.random() < 0.5:
            self.held_for += 1
            return
        self.end_maintenance()
        self.check_touched()

    def maintenance(self):
        return self.client.json("GET", "/api/v1/maintenance")[1]

    def end_maintenance(self):
        self.client.send("DELETE", "/api/v1/maintenance")
        self.wait_until("the end of maintenance", lambda: self.maintenance()["state"] == "off")
        self.held_for = 0

    def check_touched(self):
        """What was sent since the last check, over HTTP."""
        judge = Judge(must=lambda batch: batch.state in (ACKNOWLEDGED, PENDING), may=lambda batch: batch.state not in (ABSENT, UNSENT))
        for (meter, lane), (first, end) in self.model.touched.items():
            stored, cursor = b"", ""
            place = self.model.place
            span = "from={}Z&to={}Z".format(*(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(place(lane, i))) for i in (first, end)))
            while cursor is not None:
                path = f"/api/v1/meters/{meter}/readings?{span}&limit=10000{cursor and '&cursor=' + cursor}"
                status, page = self.client.json("GET", path)
                self.assertEqual(status, 200, page)
                stored += packed_of(page, meter)
                cursor = page["next"]
            judge.lane([(run, batch) for run, batch in self.model.written[meter, lane] if first <= run.first < end], stored)
        judge.verdict()
        self.model.settle(judge)

    def check_everything(self):
        """Jobs come to their end, the day's sums are those of its readings, and store and backups are sound as a whole."""
        self.end_maintenance()
        self.check_touched()
        self.wait_for_runs()
        for job in ("/api/v1/jobs/daily", "/api/v1/backups"):  # of the readings as they are now
            self.runs.add(self.client.json("POST", job)[1]["id"])
        self.wait_for_runs()
        self.check_day()
        for backup in self.client.json("GET", "/api/v1/backups")[1]["backups"]:
            self.assertTrue(backup["whole"], backup)
        self.end_server(self.random.choice([9, 15]))
        self.run_program("verify", self.data)
        self.run_program("backup", "verify", "--to", self.backups)
        whole = Restore(self, f"whole-{self.rounds}")
        whole.known = self.model.numbers  # the backup has it
        whole.finish()
        self.export(self.data).judge(Judge(must=lambda batch: batch.state == ACKNOWLEDGED, may=lambda batch: batch.state == ACKNOWLEDGED))
        self.begin_server()

    def wait_for_runs(self):
        """Until no job runs or waits; those that were promised have done their work."""

        def newest():
            return self.client.json("GET", "/api/v1/jobs")[1]["jobs"]

        self.wait_until("the end of all jobs", lambda: all(run["state"] != "running" for run in newest()))
        promised = [self.client.json("GET", f"/api/v1/jobs/{run}") for run in sorted(self.runs)]
        for status, run in promised + [(200, run) for run in newest()]:
            self.assertEqual((status, run.get("state")), (200, "done"), run)
        self.runs.clear()

    def check_day(self):
        yesterday = self.today.date().fromordinal(self.today.date().toordinal() - 1)
        status, day = self.client.json("GET", f"/api/v1/days/{yesterday}")
        self.assertEqual(status, 200, day)
        used, found, readings = 0, 0, 0
        behind = f"{yesterday}T00:02:00"  # what is nearer to midnight stands on it, and in the day before
        for meter in self.model.meters:
            path = f"/api/v1/meters/{meter}/consumption?from={yesterday}&to={self.today.date()}&step=day"
            answer = self.client.json("GET", path)[1]
            used += round((answer["total"] or 0) * 1_000_000)
            found += answer["completeness"]["found"]
            readings += sum(not at.startswith(behind) for at in self.instants(meter, behind, f"{self.today.date()}T00:02:00"))
        energy = round(sum(total["consumption"] or 0 for total in day["totals"]) * 1_000_000)
        self.assertEqual((energy, sum(total["found"] for total in day["totals"]), day["readings"]), (used, found, readings))

    def instants(self, meter, begin, end):
        """Of the readings from one moment to the other, both included."""
        cursor = ""
        while cursor is not None:
            page = self.client.json("GET", f"/api/v1/meters/{meter}/readings?from={begin}&to={end}&limit=10000{cursor}")[1]
            yield from (reading["at"] for reading in page["readings"])
            cursor = page["next"] and f"&cursor={quote(page['next'])}"

    def run_program(self, *arguments):
        done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}{done.stderr}")

    def export(self, data):
        file = Path(self.folder.name) / "export.bin"
        self.run_program("export", "--data", data, "--format", "packed", "-o", file)
        return Export(file.read_bytes(), self.model)
