"""Backups and restores over the real program: what is restored is what was backed up, the next backup copies only what is
new, any flipped bit is found and refused by name, and a run killed at any moment harms nothing.    backup_test.py PROGRAM"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from command_line import PROGRAM, ROOT, CommandLine

SEED = int(os.environ.get("MH_TEST_SEED", "20250220"))
KILLS = 12
FLIPS = 60


class Backups(CommandLine):
    def setUp(self):
        super().setUp()
        self.data, self.backups = self.path("data"), self.path("backups")

    def add_days(self, first, days, meters=20):
        """Readings of some days of a simulated town into the data directory."""
        town = ["simulate", "--meters", meters, "--days", days, "--start", first, "-o", self.path("town.csv")]
        self.run_program(*town, "--meters-file", self.path("meters.csv"))
        self.run_program("import", self.path("town.csv"), "--meters", self.path("meters.csv"), "--data", self.data)

    def create(self, *options):
        return json.loads(self.run_program("backup", "create", "--data", self.data, "--to", self.backups, "--json", *options).stdout)

    def restore(self, *options, to="restored", expect=0):
        command = ["restore", "--from", self.backups, "--to", self.path(to)]
        return self.run_program(*command, *options, expect=expect)

    def readings(self, data):
        return self.run_program("export", "--data", data).stdout

    def flip(self, path, bit):
        content = bytearray(path.read_bytes())
        content[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(bytes(content))

    def files(self):
        """Those of the backups that hold something."""
        found = [path for path in Path(self.backups).rglob("*") if path.is_file() and path.name != "LOCK"]
        return sorted(path for path in found if path.stat().st_size > 0)


class RoundTrip(Backups):
    def test_what_is_restored_is_what_was_backed_up(self):
        self.add_days("2025-01-10", 5)
        first = self.create()
        self.assertEqual((first["shared_files"], first["meters"]), (0, 20))
        early = self.readings(self.data)
        self.add_days("2025-02-10", 5)
        second = self.create()
        self.assertGreater(second["shared_files"], 0)
        self.assertLess(second["copied_bytes"], second["bytes"])
        late = self.readings(self.data)
        self.assertNotEqual(early, late)

        listed = json.loads(self.run_program("backup", "list", "--to", self.backups, "--json").stdout)["backups"]
        self.assertEqual([backup["name"] for backup in listed], [first["name"], second["name"]])
        self.assertTrue(all(backup["whole"] for backup in listed))
        checked = json.loads(self.run_program("backup", "verify", "--to", self.backups, "--json").stdout)
        self.assertTrue(checked["sound"])

        shown = self.restore("--dry-run").stdout
        self.assertIn(second["name"], shown)
        self.assertFalse(Path(self.path("restored")).exists())
        done = self.restore().stdout
        self.assertIn("done in", done)
        self.run_program("verify", self.path("restored"))  # as it lies there, not opened yet
        self.assertEqual(self.readings(self.path("restored")), late)
        self.run_program("verify", self.path("restored"))
        self.restore("--backup", first["name"], to="earlier")
        self.assertEqual(self.readings(self.path("earlier")), early)

        # A store of its own: the backups of the one it came from are not for it.
        refused = self.run_program("backup", "create", "--data", self.path("restored"), "--to", self.backups, expect=1)
        self.assertIn("another store", refused.stderr)
        self.run_program("backup", "create", "--data", self.path("restored"), "--to", self.path("other"))
        server = self.serve("restored")
        self.assertEqual(json.loads(server.get("/api/v1/config")[1])["meters"], 20)

    def test_a_moment(self):
        self.add_days("2025-01-10", 1)
        made = self.create()
        listed = json.loads(self.run_program("backup", "list", "--to", self.backups, "--json").stdout)["backups"][0]
        finished = datetime.fromisoformat(listed["finished"].replace("Z", "+00:00"))
        refused = self.restore("--at", (finished - timedelta(seconds=1)).isoformat(), expect=1)
        self.assertIn("no backup was finished by", refused.stderr)
        self.assertIn("offset", self.restore("--at", "2025-01-10T10:00", expect=2).stderr)
        self.restore("--at", finished.astimezone(timezone(timedelta(hours=8))).isoformat())
        self.assertEqual(self.readings(self.path("restored")), self.readings(self.data))
        self.assertIn("finished by then", " ".join(self.run_program("restore", "--help").stdout.split()))
        self.assertEqual(made["name"], listed["name"])

    def test_prune(self):
        self.add_days("2025-01-10", 1)
        names = [self.create()["name"] for _ in range(3)]
        self.run_program("backup", "prune", "--to", self.backups, expect=2)
        pruned = json.loads(self.run_program("backup", "prune", "--to", self.backups, "--keep", 1, "--json").stdout)
        self.assertEqual((pruned["removed"], pruned["kept"]), (names[:2], names[2:]))
        self.assertIn("\n1 backup, ", self.run_program("backup", "verify", "--to", self.backups).stdout)
        self.restore()
        self.assertEqual(self.readings(self.path("restored")), self.readings(self.data))


class Drills(Backups):
    def drill(self, *options, expect=0):
        done = self.run_program("backup", "drill", "--to", self.backups, "--data", self.data, "--json", *options, expect=expect)
        self.assertFalse(Path(self.backups, "drill.part").exists())
        return json.loads(done.stdout)

    def test_the_newest_backup_is_restored_compared_and_removed(self):
        self.add_days("2025-01-10", 3)
        made = self.create()
        listed = json.loads(self.run_program("backup", "list", "--to", self.backups, "--json").stdout)
        told = json.loads(self.run_program("verify", self.data, "--digest", "--json").stdout)["digest"]
        self.assertEqual((listed["backups"][0]["digest"], listed["last_drill"]), (told["readings"], None))
        passed = self.drill()
        self.assertEqual((passed["passed"], passed["backup"]), (True, made["name"]))
        self.assertIn("equal to the store as of frame", passed["outcome"])
        self.add_days("2025-02-10", 3)
        Path(self.path("scratch")).mkdir()
        passed = self.drill("--in", self.path("scratch"))
        self.assertIn("its readings and meters are those that were backed up", passed["outcome"])
        self.assertEqual(os.listdir(self.path("scratch")), [])
        listed = json.loads(self.run_program("backup", "list", "--to", self.backups, "--json").stdout)
        self.assertEqual(listed["last_drill"], passed)
        self.assertIn("last drill of", self.run_program("backup", "list", "--to", self.backups).stdout)
        self.run_program("backup", "verify", "--to", self.backups)

    def test_damage_and_a_server_are_told(self):
        self.add_days("2025-01-10", 3)
        self.create()
        segment = next(Path(self.backups, "segments").iterdir())
        self.flip(segment, 8 * segment.stat().st_size // 2)
        failed = self.drill(expect=1)
        self.assertFalse(failed["passed"])
        self.assertIn(segment.name, failed["outcome"])
        self.assertIn("NOT PASSED", self.run_program("backup", "list", "--to", self.backups).stdout)
        self.flip(segment, 8 * segment.stat().st_size // 2)
        self.flip(Path(self.backups, "LAST-DRILL"), 700)
        self.assertIn("LAST-DRILL", self.run_program("backup", "verify", "--to", self.backups, expect=1).stdout)
        listed = self.run_program("backup", "list", "--to", self.backups, expect=1)
        self.assertIn("finished", listed.stdout)  # the backups are listed all the same
        self.assertIn("LAST-DRILL", listed.stderr)
        self.drill()
        self.run_program("backup", "verify", "--to", self.backups)
        self.assertIn("no such directory", self.run_program("backup", "drill", "--to", self.path("none"), "--data", self.data, expect=1).stderr)
        self.serve("data")
        refused = self.run_program("backup", "drill", "--to", self.backups, "--data", self.data, expect=1)
        self.assertIn("a server holds", refused.stderr)
        self.assertIn("meterhouse job drill", refused.stderr)


class Refusals(Backups):
    def test_targets_and_sources(self):
        self.add_days("2025-01-10", 1)
        self.create()
        Path(self.path("full")).mkdir()
        Path(self.path("full"), "letter.txt").write_text("dear")
        Path(self.path("empty")).mkdir()
        self.assertIn("not empty", self.restore(to="full", expect=2).stderr)
        self.assertIn("not empty", self.restore(to="data", expect=2).stderr)
        for arguments, code, words in [
            (["restore", "--from", self.path("none"), "--to", self.path("x")], 1, "no such directory"),
            (["restore", "--from", self.backups], 2, "--to"),
            (["backup"], 2, "subcommand is required"),
            (["backup", "list", "--to", self.path("none")], 1, "no such directory"),
            (["backup", "verify", "--to", self.backups, "--backup", "backup-x"], 1, "no backup backup-x"),
            (["backup", "create", "--data", self.path("none"), "--to", self.backups], 1, "no data directory"),
            (["backup", "create", "--data", self.data, "--to", self.path("full")], 2, "holds no backups"),
            (["backup", "verify", "--to", self.path("empty")], 1, "there is no backup"),
            (["restore", "--from", self.backups, "--to", self.path("x"), "--at", ""], 2, "--at"),
            (["restore", "--from", self.backups, "--to", self.path("x"), "--backup", ""], 1, "there is no backup"),
        ]:
            with self.subTest(arguments):
                self.assertIn(words, self.run_program(*arguments, expect=code).stderr)
        self.assertEqual(os.listdir(self.path("full")), ["letter.txt"])

    def test_a_server_holds_the_directory(self):
        self.add_days("2025-01-10", 1)
        self.serve("data")
        refused = self.run_program("backup", "create", "--data", self.data, "--to", self.backups, expect=1)
        self.assertIn("a server holds", refused.stderr)
        self.assertIn("/api/v1/backups", refused.stderr)

    def test_nobody_opens_what_is_being_restored(self):
        self.add_days("2025-01-10", 1)
        Path(self.data, "RESTORING").write_text("half of it")
        for arguments in [
            ["verify", self.data],
            ["export", "--data", self.data],
            ["import", "-", "--data", self.data],
            ["backup", "create", "--data", self.data, "--to", self.backups],
            ["serve", "--data", self.data, "--listen", "127.0.0.1:0"],
        ]:
            with self.subTest(arguments):
                done = subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, input=self.ONE_READING, timeout=60)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("is being restored", done.stderr)
                self.assertIn("meterhouse restore", done.stderr)

    def test_damage_is_named_and_refused(self):
        self.add_days("2025-01-10", 3)
        made = self.create()
        dice = random.Random(SEED)
        print(f"MH_TEST_SEED={SEED}", flush=True)
        files = self.files()
        kinds = {path.relative_to(self.backups).parts[0] + "/" + path.name for path in files}
        self.assertGreaterEqual(len(kinds), 4)
        for turn in range(FLIPS):
            path = files[turn % len(files)]
            bit = dice.randrange(8 * path.stat().st_size)
            with self.subTest(file=path.name, bit=bit):
                self.flip(path, bit)
                done = self.run_program("backup", "verify", "--to", self.backups, expect=1)
                self.assertIn(str(path), done.stdout)
                if path.name != "STORE-ID":
                    refused = self.restore(expect=1)
                    self.assertIn(path.name, refused.stderr)
                self.flip(path, bit)
        self.assertFalse(Path(self.path("restored")).exists())

        Path(self.backups, made["name"], "manifest.json").unlink()
        listed = self.run_program("backup", "list", "--to", self.backups, expect=1).stdout
        self.assertIn(f"{made['name']}  DAMAGED", listed)
        self.assertIn("manifest.json: missing", listed)
        self.assertIn(made["name"], self.restore(expect=1).stderr)


class Kills(Backups):
    def kill_after(self, seconds, *arguments):
        """Whether it had ended by itself, well."""
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)  # the moment of the kill is what is tried here
        process.send_signal(signal.SIGKILL)
        return process.wait(timeout=60) == 0

    def test_create_and_restore_are_killed_at_any_moment(self):
        dice = random.Random(SEED)
        print(f"MH_TEST_SEED={SEED}", flush=True)
        self.add_days("2025-01-10", 20, meters=60)
        whole = self.readings(self.data)
        begin = time.monotonic()
        self.create()
        took = max(time.monotonic() - begin, 0.02)
        ended = 0
        for _ in range(KILLS):
            command = ["backup", "create", "--data", self.data, "--to", self.backups]
            if dice.random() < 0.3:
                shutil.rmtree(self.backups)
            ended += self.kill_after(dice.uniform(0, took), *command)
            self.create()
            self.run_program("backup", "verify", "--to", self.backups)
            self.run_program("backup", "list", "--to", self.backups)
        begin = time.monotonic()
        self.restore(to="once")
        took = max(time.monotonic() - begin, 0.02)
        drill = ["backup", "drill", "--to", self.backups, "--data", self.data]
        for _ in range(KILLS):
            self.kill_after(dice.uniform(0, 2 * took), *drill)
            self.run_program("backup", "verify", "--to", self.backups)
        self.run_program(*drill)
        self.assertFalse(Path(self.backups, "drill.part").exists())
        for turn in range(KILLS):
            target = f"restored-{turn}"
            while not self.kill_after(dice.uniform(0, 1.2 * took), "restore", "--from", self.backups, "--to", self.path(target)):
                if Path(self.path(target), "MANIFEST").exists() and not Path(self.path(target), "RESTORING").exists():
                    break  # it was done when the kill came
                if Path(self.path(target), "RESTORING").exists():
                    self.run_program("verify", self.path(target), expect=1)
                took *= 1.1
            self.assertEqual(self.readings(self.path(target)), whole)
            self.run_program("verify", self.path(target))
            shutil.rmtree(self.path(target))


if __name__ == "__main__":
    unittest.main(verbosity=2)
