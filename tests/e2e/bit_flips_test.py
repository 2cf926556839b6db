"""One bit flipped in every kind of file of a data directory and of its backups: `verify` and `backup verify` name the file,
or, where a crash cannot be told from damage (the end of a log), what stands there is told as torn; what is still answered
then is all that was there but for that end. Never is anything gone or changed in silence. Only a page of the catalog that its
log holds anew is not looked at: nobody reads it.

MH_FLIPS=n flips n bits. The index of the catalog's log (catalog.sqlite-shm) is made anew at each start and holds nothing."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from support import PLACE, PROGRAM, SINGAPORE, Client, RunningServer, config_with, free_address, iso, main, seeded, serve_command

FLIPS = int(os.environ.get("MH_FLIPS", "500"))
FEWEST = 3  # flips of each kind of file, whatever MH_FLIPS
METERS = [str(100000001 + i) for i in range(3)]
PAGE = 4096  # of the catalog
START = datetime(2025, 1, 30, tzinfo=SINGAPORE)  # the readings cross a month
LAST = 20  # readings of each meter in the last frame of the journal


def run(*command):
    return subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, check=False)


class World:
    """A server's data directory and backups as a kill left them, and as a stop in good order did."""

    def __init__(self, folder):
        self.folder, self.data, self.backups = Path(folder), Path(folder) / "data", Path(folder) / "backups"
        address = free_address()
        config = config_with(folder, journal_shipping="every_batch", daily_job_at="off", maintenance_seconds=3600)
        command = serve_command(address, self.data, config) + ["--backup-dir", str(self.backups), "--head-budget-kb", "256"]
        server, self.client = RunningServer(command, address), Client(address)
        self.live(server, address, command)

    def post(self, path, value, *statuses):
        status, answer = self.client.json("POST", path, value)
        assert status in statuses, (status, answer)
        return answer

    def send(self, first, count):
        rows = [
            {"meter_id": meter, "at": iso(START + timedelta(minutes=30 * i)), "register": i * 3 + 0.01 * i * i}
            for i in range(first, first + count)
            for meter in METERS
        ]
        self.post("/api/v1/readings", rows, 200)

    def run_job(self, path):
        run_id = self.post(path, None, 202)["id"]
        while self.client.json("GET", f"/api/v1/jobs/{run_id}")[1]["state"] == "running":
            pass

    def live(self, server, address, command):
        for meter in METERS:
            self.post("/api/v1/meters", {"meter_id": meter, "serial": "A-1", **PLACE}, 201)
        for first in (0, 100, 200):
            self.send(first, 100)
            self.run_job("/api/v1/jobs/daily")  # folds, closes a day, backs up
        self.send(300, 20)
        self.send(320, 20)
        self.client.close()
        assert server.stop() == 0
        self.keep("closed")
        server, self.client = RunningServer(command, address), Client(address)
        self.send(340, LAST)
        self.post("/api/v1/maintenance", {"duration_s": 3600, "reason": "flips"}, 200, 201, 202)
        self.send(360, 20)
        self.send(380, 20)
        self.client.json("GET", "/api/v1/events")
        self.client.close()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        self.keep("killed")

    def keep(self, name):
        shutil.copytree(self.data, self.folder / name / "data")
        shutil.copytree(self.backups, self.folder / name / "backups")


def verify(root):
    """What is told of a directory with data or backups: exit code, all of it, the notes."""
    command = ["verify", root] if root.name == "data" else ["backup", "verify", "--to", root]
    done = run(*command, "--json")
    answer = json.loads(done.stdout) if done.returncode == 0 else {}
    torn = [answer[key] for key in ("torn", "pending_torn", "catalog_torn") if key in answer]
    return done.returncode, done.stdout + done.stderr, torn + answer.get("notes", [])


def newest_frame(note):
    """Of a note on an open piece, the last frame in it."""
    return int(re.search(r"ends with frame (\d+)", note)[1])


def kind_of(path):
    """Of files that are alike, one kind."""
    name = path.name
    if name.endswith((".segment", ".piece")) or name.startswith("journal-"):
        name = name.rsplit(".", 1)[-1] if "." in name else "journal"
    return "/".join([part if not part.startswith("backup-") else "backup" for part in path.parts[:-1]] + [name])


def pages_in_log(catalog):
    """The pages that the write-ahead log beside a catalog holds."""
    log = catalog.with_name(catalog.name + "-wal")
    content = log.read_bytes() if log.exists() else b""
    return {int.from_bytes(content[at : at + 4], "big") for at in range(32, len(content), 24 + PAGE)}


class BitFlips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        cls.folder = Path(cls.temporary.name)
        World(cls.folder)
        cls.whole = {state: cls.exported(cls.folder / state / "data") for state in ("closed", "killed")}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def exported(cls, data):
        """The readings and meters of a copy: opening changes what it opens. None: it is not opened."""
        with tempfile.TemporaryDirectory(prefix="meterhouse-e2e-") as folder:
            copy = Path(folder) / "data"
            shutil.copytree(data, copy)
            done = run("export", "--data", copy)
            return set(done.stdout.splitlines()) if done.returncode == 0 else None

    def files(self):
        """Each with its content, by kind."""
        kinds = {}
        for path in sorted(path for path in self.folder.glob("*/*/**/*") if path.is_file()):
            state = path.relative_to(self.folder).parts[0]
            if state in self.whole and path.stat().st_size > 0 and path.name not in ("catalog.sqlite-shm", "LOCK"):
                kinds.setdefault(kind_of(path.relative_to(self.folder)), []).append(path)
        return kinds

    def pick_bit(self, content):
        """Anywhere, but mostly where there is something: journal files are zeros for the most part."""
        used = len(content.rstrip(b"\0"))
        return self.random.randrange(8 * (len(content) if self.random.random() < 0.1 else used))

    def check(self, path, bit):
        """What is told of a flip in this file."""
        state, which = path.relative_to(self.folder).parts[:2]
        root = self.folder / state / which
        code, told, notes = verify(root)
        if code == 1:
            self.assertIn(path.name, told)
            return "damage"
        self.assertEqual(code, 0, told)
        if path.name == "catalog.sqlite" and 1 + bit // 8 // PAGE in pages_in_log(path):
            return "written anew"  # the log holds that page: the file's is read by nobody, and overwritten
        new = [note for note in notes if path.name in note and note not in self.notes[root]]
        self.assertTrue(new, f"nothing is told that was not before: {told}")
        if which == "data":
            self.check_rest(path, state, self.exported(root))
        else:
            before = next(note for note in self.notes[root] if path.name in note)
            self.assertLessEqual(newest_frame(before) - newest_frame(new[0]), 1, new)
        return "torn"

    def check_rest(self, path, state, rest):
        """What is still answered: all that was there, but for the last frame where the flip is in the journal."""
        if rest is None:
            self.assertTrue(path.name.startswith("catalog."), "it is not opened")  # it lacks meters, and that is told
            return
        self.assertLessEqual(rest, self.whole[state], "another answer")
        most = LAST * len(METERS) if path.parent.name == "journal" else 0
        self.assertLessEqual(len(self.whole[state] - rest), most, "more is gone than the end")

    def test_none_is_silent(self):
        self.random = seeded()
        self.notes = {}
        for root in (self.folder / state / which for state in self.whole for which in ("data", "backups")):
            code, told, self.notes[root] = verify(root)
            self.assertEqual(code, 0, told)
        kinds = self.files()
        told = {kind: Counter() for kind in kinds}
        for number in range(max(FLIPS, FEWEST * len(kinds))):
            kind = sorted(kinds)[number % len(kinds)]
            path = self.random.choice(kinds[kind])
            content = path.read_bytes()
            bit = self.pick_bit(content)
            with self.subTest(file=str(path.relative_to(self.folder)), bit=bit):
                flipped = bytearray(content)
                flipped[bit // 8] ^= 1 << (bit % 8)
                path.write_bytes(flipped)
                told[kind][self.check(path, bit)] += 1
            path.write_bytes(content)
        for kind, counts in told.items():
            print(f"{kind}: {dict(counts)}", flush=True)


if __name__ == "__main__":
    main()
