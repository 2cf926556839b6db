"""What `import` and `simulate` tell of files that are not quite right: every row is accounted for, in the file's own
words, and nothing is left out without being said.    import_test.py PROGRAM"""

import csv
import gzip
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from repository import ROOT  # noqa: E402
from running_server import RunningServer, free_address  # noqa: E402

PROGRAM = sys.argv.pop(1)
CONFIG = ROOT / "config/meterhouse.json"
DWELLING = "Central Region,Bishan,4-room"


class ImportCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="meterhouse-import-")
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return str(Path(self.directory.name) / name)

    def write(self, name, *lines):
        Path(self.path(name)).write_text("".join(f"{line}\n" for line in lines))
        return self.path(name)

    def run_program(self, *arguments, expect=0):
        command = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def targets(self):
        """A data directory and a server, both empty: the same is told of either."""
        address = free_address()
        command = [PROGRAM, "serve", "--data", self.path("served"), "--listen", address, "--config", str(CONFIG)]
        server = RunningServer(command, address, cwd=ROOT)
        self.addCleanup(server.__exit__)
        return [("--data", self.path("data")), ("--to", server.base)]

    def rejects(self):
        with open(self.path("rejects.csv"), newline="") as file:
            return [(row["line"], row["field"], row["reason"]) for row in csv.DictReader(file)]


class Cumulated(ImportCase):
    OPTIONS = ["--meter", "100000001", "--register", DWELLING, "--timezone", "UTC"]

    def test_a_rejected_row_is_told_with_what_it_does_to_the_sum(self):
        file = self.write("a.csv", "at,kWh", "2025-01-01 00:30,0.5", "2025-01-01 01:00,bad", "2025-01-01 01:30,0.5")
        done = self.run_program(
            "import", file, *self.OPTIONS, "--cumulate", 0, "--data", self.path("data"), "--rejects", self.path("rejects.csv"),
            expect=3,
        )  # fmt: skip
        self.assertIn("WARNING: rows were rejected within the cumulated rows of 1 meter: 100000001.", done.stderr)
        self.assertIn("3 rows: 1 rejected, 2 taken as 3 readings: 3 accepted, 0 duplicate", done.stdout)
        self.assertEqual(self.rejects(), [("3", "kWh", "is not a number")])
        done = self.run_program("import", file, *self.OPTIONS, "--cumulate", 0, "--dry-run", "--json", expect=3)
        told = json.loads(done.stdout)
        self.assertEqual((told["rows"], told["rejected"], told["readings"]), (3, 1, 3))
        self.assertEqual((told["dry_run"], told["incomplete_sums"]), (True, ["100000001"]))

    def test_the_next_file_goes_on_with_the_last_register(self):
        january = self.write("a.csv", "at,kwh", "2025-01-01 00:30,0.5", "2025-01-01 01:00,0.5")
        february = self.write("b.csv", "at,kwh", "2025-01-01 01:30,0.5", "2025-01-01 02:00,0.5")
        for target in self.targets():
            with self.subTest(target[0]):
                self.run_program("import", january, *self.OPTIONS, "--cumulate", 0, *target)
                again = self.run_program("import", january, *self.OPTIONS, "--cumulate", 0, *target)
                self.assertIn("0 accepted, 3 duplicate", again.stdout)
                done = self.run_program("import", february, *self.OPTIONS, "--cumulate", 0, *target, expect=2)
                self.assertIn("meter 100000001 import already has register 1", done.stderr)
                self.assertRegex(done.stderr, r"Go on with --cumulate 1(\.0+)?\n")
                done = self.run_program("import", february, *self.OPTIONS, "--cumulate", 1, *target)
                self.assertIn("2 accepted, 1 duplicate, 0 conflict", done.stdout)


    def test_a_start_that_is_not_the_meters_register_is_refused_and_nothing_sent(self):
        first = self.write("a.csv", "at,kwh", "2025-01-01 00:30,6", "2025-01-01 01:00,6")
        later = self.write("b.csv", "at,kwh", "2025-01-03 00:30,1")
        next_row = self.write("c.csv", "at,kwh", "2025-01-01 01:30,1")
        between = self.write("d.csv", "at,kwh", "2025-01-02 00:30,1")
        earlier = self.write("e.csv", "at,kwh", "2024-12-01 00:30,1")
        for target in self.targets():
            with self.subTest(target[0]):
                self.run_program("import", first, *self.OPTIONS, "--cumulate", 0, *target)
                for start in (11, 13, 100):
                    done = self.run_program("import", next_row, *self.OPTIONS, "--cumulate", start, *target, expect=2)
                    self.assertIn("meter 100000001 import already has register 12 at 2025-01-01T01:00:00+00:00", done.stderr)
                    self.assertRegex(done.stderr, r"Go on with --cumulate 12(\.0+)?\n")
                    self.assertEqual(done.stdout, "")
                done = self.run_program("import", later, *self.OPTIONS, "--cumulate", 40, *target)
                self.assertIn("from 12 at 2025-01-01T01:00:00+00:00 to 40 at 2025-01-03T00:00:00+00:00, 28 kWh", done.stderr)
                for start, words in [(11, "it would fall to 11"), (41, "START is at most 40")]:
                    done = self.run_program("import", between, *self.OPTIONS, "--cumulate", start, *target, expect=2)
                    self.assertIn(words, done.stderr)
                done = self.run_program("import", earlier, *self.OPTIONS, "--cumulate", 1, *target, expect=2)
                self.assertIn("START is at most 0", done.stderr)
                where = ["--data", target[1]] if target[0] == "--data" else ["--server", target[1]]
                kept = self.run_program("export", *where, "--channel", "import").stdout.splitlines()[1:]
                self.assertEqual([row.split(",")[3] for row in kept], ["0", "6", "12", "40", "41"])

    def test_consumption_is_not_taken_for_registers(self):
        file = self.write("a.csv", "At,kWh,Comment", *(f"2025-01-01 {hour:02}:00,{3 + hour * 7 % 5}," for hour in range(24)))
        done = self.run_program("import", file, *self.OPTIONS, "--dry-run", expect=2)
        self.assertIn("the column `kwh` looks like the consumption of intervals: add --cumulate START", done.stderr)
        self.run_program("import", file, *self.OPTIONS, "--dry-run", "--columns", "value=kWh", expect=2)
        done = self.run_program("import", file, *self.OPTIONS, "--dry-run", "--columns", "register=kWh")
        self.assertIn("WARNING: the registers of 1 meter: 100000001 go backwards again and again", done.stderr)
        done = self.run_program("import", file, *self.OPTIONS, "--dry-run", "--columns", "register=kWh", "--json")
        self.assertEqual(json.loads(done.stdout)["falling_registers"], ["100000001"])
        done = self.run_program("import", file, *self.OPTIONS, "--dry-run", "--cumulate", 0)
        self.assertEqual(done.stderr, "")


class Counts(ImportCase):
    ROWS = [
        "meter_id,at,register",
        "100000001,2025-01-01T00:00Z,1",
        "100000001,2025-01-01T00:30Z,x",
        "100000002,2025-01-01T00:00Z,1",
        "100000001,2025-01-01T01:00Z,2",
    ]

    def test_rows_and_readings_add_up(self):
        file = self.write("a.csv", *self.ROWS)
        meters = self.write("m.csv", "meter_id,region,area,dwelling_type", f"100000001,{DWELLING}")
        for target in self.targets():
            with self.subTest(target[0]):
                done = self.run_program("import", file, "--meters", meters, *target, expect=3)
                self.assertIn("4 rows: 2 rejected, 2 taken as 2 readings: 2 accepted, 0 duplicate", done.stdout)
                self.assertIn("1 meter registered, 0 already there, 0 rejected", done.stdout)

    def test_conflicts_are_told_and_end_with_3_as_rejects_do(self):
        file = self.write("a.csv", *self.ROWS[:2], *self.ROWS[4:])
        other = self.write("b.csv", *self.ROWS[:1], "100000001,2025-01-01T00:00Z,1.5", "100000001,2025-01-01T01:00Z,2")
        for target in self.targets():
            with self.subTest(target[0]):
                self.run_program("import", file, "--register", DWELLING, *target)
                self.assertIn("0 accepted, 2 duplicate, 0 conflict", self.run_program("import", file, *target).stdout)
                done = self.run_program("import", other, *target, expect=3)
                self.assertIn("0 accepted, 1 duplicate, 1 conflict", done.stdout)
                self.assertIn("1 reading was not kept: another register stands at its instant\n", done.stdout)

    def test_a_dry_run_says_what_it_does_not_check(self):
        done = self.run_program("import", self.write("a.csv", *self.ROWS), "--dry-run", expect=3)
        self.assertIn("4 rows: 1 rejected, 3 can be read (3 readings); whether their meters are registered is not checked", done.stdout)
        self.assertNotIn("accepted", done.stdout)


class Meters(ImportCase):
    def test_wrong_lines_are_listed_and_the_others_registered(self):
        meters = self.write(
            "m.csv", "meter_id,region,area,dwelling_type", f"100000001,{DWELLING}", "100000002,Central Region,Atlantis,4-room",
            f"1,{DWELLING}", "100000004,Central Region", f"100000005,{DWELLING}",
        )  # fmt: skip
        for target in self.targets():
            with self.subTest(target[0]):
                command = ["import", "--meters", meters, *target, "--rejects", self.path("rejects.csv")]
                done = self.run_program(*command, expect=3)
                self.assertIn("2 meters registered, 0 already there, 3 rejected", done.stdout)
                self.assertIn("m.csv line 3: area: the configuration has no such area", done.stdout)
                self.assertEqual([row[:2] for row in self.rejects()], [("3", "area"), ("4", "meter_id"), ("5", "")])
                self.assertIn("0 meters registered, 2 already there, 3 rejected", self.run_program(*command, expect=3).stdout)


class NoReadings(ImportCase):
    def test_what_is_no_file_of_readings_is_told_in_words(self):
        (Path(self.directory.name) / "empty").touch()
        self.write("semicolons.csv", "meter_id;at;register", "100000001;2025-01-01T00:00Z;1,5")
        for file, words in [
            (PROGRAM, "it is not text"),
            (self.path("empty"), "the file is empty"),
            (self.path("semicolons.csv"), "the header is separated by ';'; commas are wanted"),
        ]:
            with self.subTest(words):
                self.assertIn(words, self.run_program("import", file, "--dry-run", expect=2).stderr)


class Gzip(ImportCase):
    ROWS = b"meter_id,at,register\n100000001,2025-01-01T00:00Z,1\n100000001,2025-01-01T00:30Z,2\n"

    def test_a_packed_file_is_unpacked_and_a_damaged_one_told(self):
        packed = gzip.compress(self.ROWS)
        Path(self.path("a.csv.gz")).write_bytes(packed)
        self.assertIn("2 rows: 0 rejected", self.run_program("import", self.path("a.csv.gz"), "--dry-run").stdout)
        with open(self.path("a.csv.gz"), "rb") as file:
            done = subprocess.run([PROGRAM, "import", "-", "--dry-run"], cwd=ROOT, stdin=file, capture_output=True, text=True)
        self.assertIn("2 rows: 0 rejected", done.stdout)
        Path(self.path("a.csv.gz")).write_bytes(packed[: len(packed) // 2])
        self.assertIn("cut off", self.run_program("import", self.path("a.csv.gz"), "--dry-run", expect=1).stderr)
        damaged = bytearray(packed)
        damaged[-6] ^= 1  # the checksum
        Path(self.path("a.csv.gz")).write_bytes(damaged)
        self.assertIn("gzip data is damaged", self.run_program("import", self.path("a.csv.gz"), "--dry-run", expect=1).stderr)


class Simulate(ImportCase):
    def test_wrong_options_are_refused_in_plain_words(self):
        for arguments, words in [
            (["--days", 0], "--days"),
            (["--until-now", "--start", "2025-01-01"], "--start excludes --until-now"),
            (["--order", "foo"], "--order: foo not in {"),
        ]:
            with self.subTest(arguments):
                done = self.run_program("simulate", "--meters", 1, *arguments, expect=2)
                self.assertIn(words, done.stderr)
        text = self.run_program("simulate", "--help").stdout
        self.assertNotIn("->", text)
        self.assertNotIn("{false}", text)

    def test_the_future_is_told_and_the_order_kept(self):
        options = ["simulate", "--meters", 2, "--days", 1]
        self.assertIn("after now", self.run_program(*options, "--start", "2105-01-01").stderr)
        done = self.run_program(*options, "--order", "meter")
        self.assertNotIn("after now", done.stderr)
        meters = [line.split(",")[0] for line in done.stdout.splitlines()[1:]]
        self.assertEqual(meters, sorted(meters))
        by_time = self.run_program(*options).stdout.splitlines()[1:]
        self.assertNotEqual([line.split(",")[0] for line in by_time], meters)


if __name__ == "__main__":
    unittest.main()
