"""The command line end to end: what simulate makes goes in and comes out again, offline and over HTTP; a real household's
half-hours give the totals computed from the file alone; damage is found and named.    cli_test.py PROGRAM"""

import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import unittest
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from command_line import CONFIG, PROGRAM, ROOT, CommandLine, free_address

LONDON = ROOT / "tests/data/london-household-half-hours.csv"
HALF_HOUR = timedelta(minutes=30)
APPLICATION_ID = 0x4D484341  # docs/formats/catalog.md


def london_sums():
    """({local day: kWh}, the days whose first or last midnight has no reading), from the file alone."""
    zone = ZoneInfo("Europe/London")
    sums, instants = defaultdict(Decimal), set()
    with LONDON.open() as file:
        for row in csv.DictReader(file):
            closing = datetime.fromisoformat(row["closing_instant_utc"]).replace(tzinfo=timezone.utc)
            kwh = Decimal(row["kwh"]).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
            sums[(closing - timedelta(seconds=1)).astimezone(zone).date()] += kwh
            instants |= {closing} if instants else {closing, closing - HALF_HOUR}

    def midnight_is_there(day):
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(timezone.utc) in instants

    unbounded = {day for day in sums if not (midnight_is_there(day) and midnight_is_there(day + timedelta(days=1)))}
    return sums, unbounded


class RoundTrip(CommandLine):
    TOWN = ["simulate", "--meters", 40, "--days", 3, "--solar", 1]

    def test_offline(self):
        for form in ["csv", "ndjson", "json", "packed"]:
            with self.subTest(form):
                sent, back, data = f"sent.{form}", f"back.{form}", f"data-{form}"
                self.run_program(*self.TOWN, "--order", "meter", "-o", self.path(sent), "--meters-file", self.path("meters.csv"))
                done = self.run_program(
                    "import", self.path(sent), "--meters", self.path("meters.csv"), "--data", self.path(data), "--json"
                )
                counts = json.loads(done.stdout)
                self.assertGreater(counts["accepted"], 40 * 145)
                self.assertEqual((counts["rejected"], counts["registered"]), (0, 40))
                self.run_program("export", "--data", self.path(data), "-o", self.path(back))
                if form == "packed":
                    sent, back = Path(self.path(sent)).read_bytes(), Path(self.path(back)).read_bytes()
                    self.assertEqual(len(sent), len(back))
                else:
                    self.assertEqual(sorted(self.lines(back)), sorted(self.lines(sent)))

    def test_over_http(self):
        server = self.serve("data")
        faults = ["--gaps", 0.2, "--duplicates", 0.01, "--late-hours", 0.1, "--faults", self.path("faults.ndjson")]
        done = self.run_program(*self.TOWN, *faults, "--to", server.base, "--json")
        sent = json.loads(done.stdout)
        planted = [json.loads(line)["fault"] for line in self.lines("faults.ndjson")]
        self.assertEqual(sent["duplicate"], planted.count("duplicate"))
        self.assertEqual(sent["faults"], len(planted))
        self.assertGreater(planted.count("gap"), 3)

        self.run_program(*self.TOWN, *faults, "-o", self.path("town.csv"))
        done = self.run_program("import", self.path("town.csv"), "--to", server.base, "--json")
        again = json.loads(done.stdout)
        self.assertEqual((again["accepted"], again["duplicate"]), (0, sent["readings"]))

        self.run_program("export", "--server", server.base, "-o", self.path("back.csv"))
        self.assertEqual(sorted(self.lines("back.csv")), sorted(set(self.lines("town.csv"))))
        online = self.consumption("--server", server.base)
        self.assertEqual(server.stop(), 0)

        # The same out of the directory, now that no server holds it: readings and consumption alike.
        self.run_program("export", "--data", self.path("data"), "-o", self.path("offline.csv"))
        self.assertEqual(self.lines("offline.csv"), self.lines("back.csv"))
        offline = self.consumption("--data", self.path("data"))
        channels = {(row["meter_id"], row["channel"]) for row in csv.DictReader(self.lines("back.csv"))}
        self.assertTrue(40 < len(channels) < 80)
        for question, rows in online.items():
            with self.subTest(question):
                self.assertEqual(offline[question], rows)
                told = {(row["meter_id"], row["channel"]) for row in csv.DictReader(rows)}
                if question[0] != "interval":  # the real intervals: none where there is no reading
                    self.assertEqual(told, channels)

    def consumption(self, *source):
        """{(step, from, to): the lines of the export}: where there are readings, where they end, and after them."""
        ranges = [("2025-01-01", "2025-01-03"), ("2025-01-03T12:10", "2025-01-06"), ("2025-01-05", "2025-01-07")]
        questions = [(step, *span) for step in ("30min", "day", "month") for span in ranges]
        questions += [("interval", *span) for span in ranges]
        command = ["export", *source]
        return {
            (step, first, end): self.run_program(*command, "--step", step, "--from", first, "--to", end).stdout.splitlines()
            for step, first, end in questions
        }

    def test_a_demonstration_has_a_year_and_goes_on_after_a_restart(self):
        server = self.serve("demo", "--demo")
        status, text = server.get("/api/user/query?meter_id=100000001&period=1y")
        self.assertEqual(status, 200)
        self.assertGreaterEqual(len(json.loads(text)["data"]), 12)
        self.assertEqual(server.stop(), 0)
        server = self.serve("demo", "--demo")
        self.assertEqual(json.loads(server.get("/api/v1/config")[1])["meters"], 200)


class London(CommandLine):
    def test_every_local_day_and_month_has_the_files_own_total(self):
        data, config = self.path("data"), self.config_in_london()
        done = self.run_program(
            "import", LONDON, "--data", data, "--config", config, "--meter", "100000001",
            "--register", "Central Region,Bishan,4-room", "--cumulate", "0", "--timezone", "UTC",
            "--columns", "at=closing_instant_utc,value=kwh", "--json",
        )  # fmt: skip
        self.assertEqual(json.loads(done.stdout)["accepted"], 20_001)

        sums, unbounded = london_sums()
        export = ["export", "--data", data, "--config", config, "--channel", "import", "--format", "ndjson"]
        span = ["--from", min(sums), "--to", max(sums) + timedelta(days=1)]
        days = [json.loads(line) for line in self.run_program(*export, "--step", "day", *span).stdout.splitlines()]
        self.assertEqual(len(days), (max(sums) - min(sums)).days + 1)
        compared = 0
        for row in days:
            day = datetime.fromisoformat(row["from"]).date()
            if day in unbounded or day not in sums:
                continue
            self.assertEqual(Decimal(str(row["consumption"])), sums[day], day)
            self.assertEqual(row["quality"], "actual", day)
            compared += 1
        self.assertGreater(compared, 405)

        # Over the gaps too nothing is lost or invented: all days together are all rows together.
        total = sum(Decimal(str(row["consumption"])) for row in days if row["consumption"] is not None)
        self.assertEqual(total, sum(sums.values()))

        months = defaultdict(Decimal)
        for day, kwh in sums.items():
            months[day.replace(day=1)] += kwh
        at_edge = {day.replace(day=1) for day in unbounded if day.day == 1 or (day + timedelta(days=1)).day == 1}
        for line in self.run_program(*export, "--step", "month", *span).stdout.splitlines():
            row = json.loads(line)
            month = datetime.fromisoformat(row["from"]).date().replace(day=1)
            if month not in at_edge:
                self.assertEqual(Decimal(str(row["consumption"])), months[month], month)


class Mistakes(CommandLine):
    def test_exit_codes_and_words(self):
        for arguments, code, words in [
            (["simulate", "--meters", "0"], 2, "1 to"),
            (["simulate", "--interval", "7"], 2, "does not divide a day"),
            (["simulate", "--start", "soon"], 2, "--start"),
            (["simulate", "--to", "ftp://x"], 2, "no server address"),
            (["simulate", "--to", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),
            (["import", self.path("none.csv"), "--dry-run"], 1, "none.csv"),
            (["import", LONDON], 2, "--to URL"),
            (["import", LONDON, "--dry-run"], 2, "--columns"),
            (["export", "--data", self.path("none")], 1, "no data directory"),
            (["export"], 2, "--server"),
            (["export", "--data", "x", "--step", "day", "-o", self.path("x.packed")], 2, "csv or ndjson"),
            (["verify", self.path("none")], 1, "no data directory"),
            (["simulate", "--days", "0"], 2, "--days"),
            (["simulate", "--days", "0", "--until-now"], 2, "--days"),
            (["simulate", "--to", "https://127.0.0.1:9"], 2, "this release has no TLS; http:// only"),
            (["imprt"], 2, "no command `imprt`; the commands are serve, simulate, import, export, backup, restore, verify, job, version, help; did you mean import?"),
            (["import", LONDON, "--too", "x"], 2, "import: there is no option `--too`; did you mean --to?"),
            (["simulate", "--dipps=1"], 2, "simulate: there is no option `--dipps`; did you mean --dips?"),
            (["serve", "--port", "80"], 2, "serve: there is no option `--port`"),
            (["import", "a", "b"], 2, "import: nothing is to stand here: `b`"),
            (["--data", "x"], 2, "meterhouse: there is no option `--data`\n"),
            (["help", "imprt"], 2, "did you mean import?"),
            (["frobnicate"], 2, "no command `frobnicate`; the commands are serve, simulate, import"),
            (["frobnicate", "--fast", "\x1b[31m"], 2, "no command `frobnicate`"),
            (["\x1b[31m"], 2, "no command `\\x1B[31m`"),
            ([], 2, "subcommand is required"),
            (["version", "--xml"], 2, "--xml"),
        ]:
            with self.subTest(arguments):
                done = self.run_program(*arguments, expect=code)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_the_version_is_told_to_people_and_to_programs(self):
        told = self.run_program("version").stdout
        version = json.loads(self.run_program("version", "--json").stdout)["version"]
        self.assertEqual(told, f"meterhouse {version}\n")
        self.assertEqual(self.run_program("--version").stdout, told)

    def test_help_is_a_command_too(self):
        self.assertEqual(self.run_program("help").stdout, self.run_program("--help").stdout)
        self.assertEqual(self.run_program("help", "import").stdout, self.run_program("import", "--help").stdout)

    def test_consumption_needs_a_beginning_and_help_says_so(self):
        self.run_program("import", "-", "--data", self.path("data"), "--meters", self.write_meters(), stdin=self.ONE_READING)
        done = self.run_program("export", "--data", self.path("data"), "--step", "day", expect=2)
        self.assertIn("--step needs --from", done.stderr)
        self.assertIn("with --step it is needed", " ".join(self.run_program("export", "--help").stdout.split()))

    def test_no_control_byte_of_a_file_reaches_the_terminal(self):
        for name, content in [
            ("program", bytes(range(256)) * 40),
            ("header", b"\x1b[31mmeter\x07_id,at\x00,\xff\xc2\x9b\n1,2,3\n"),
            ("row", b"meter_id,at,register\n\x1b]0;title\x07,\x1b[2J,1\n"),
            ("columns", b",".join(b"column%d" % i for i in range(9_000)) + b"\n"),
        ]:
            with self.subTest(name):
                Path(self.path(name)).write_bytes(content)
                command = [PROGRAM, "import", self.path(name), "--dry-run"]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
                self.assertIn(done.returncode, (2, 3))
                told = done.stdout + done.stderr
                self.assertTrue(told.decode().replace("\n", "").isprintable(), told)
                self.assertLess(len(told), 2_000)

    def test_wrong_rows_are_listed_and_the_others_kept(self):
        rows = [
            "meter_id,at,register",
            "100000001,2025-01-01T00:00Z,1",
            "100000002,2025-01-01T00:00Z,1",
            "100000001,never,1",
            "100000001,2025-01-01T01:00Z,2",
        ]
        done = self.run_program(
            "import", "-", "--data", self.path("data"), "--meters", self.write_meters(), "--rejects", self.path("rejects.csv"),
            "--json", expect=3, stdin="\n".join(rows),
        )  # fmt: skip
        counts = json.loads(done.stdout)
        self.assertEqual((counts["accepted"], counts["rejected"]), (2, 2))
        rejects = list(csv.DictReader(self.lines("rejects.csv")))
        self.assertEqual(
            sorted((row["line"], row["field"], row["reason"]) for row in rejects),
            [("3", "meter_id", "is not registered"), ("4", "at", "is not an ISO 8601 time")],
        )

    def test_every_refusal_of_a_server_is_listed(self):
        """A server lists the first hundred of a request."""
        server = self.serve("data")
        rows = ["meter_id,at,register"]
        for i in range(900):
            meter = "100000001" if i % 3 == 0 else f"{900000000 + i}"
            rows.append(f"{meter},2025-01-{1 + i // 48:02}T{i // 2 % 24:02}:{i % 2 * 30:02}Z,{i}")
        done = self.run_program(
            "import", "-", "--to", server.base, "--meters", self.write_meters(), "--rejects", self.path("rejects.csv"),
            "--json", expect=3, stdin="\n".join(rows),
        )  # fmt: skip
        counts = json.loads(done.stdout)
        self.assertEqual((counts["accepted"], counts["duplicate"], counts["rejected"]), (300, 0, 600))
        rejects = [int(row["line"]) for row in csv.DictReader(self.lines("rejects.csv"))]
        self.assertEqual(rejects, [line for line in range(2, 902) if (line - 2) % 3 != 0])


class Verify(CommandLine):
    def test_it_names_file_offset_and_meter_of_a_damage(self):
        data = Path(self.path("data"))
        self.run_program("simulate", "--meters", 20, "--days", 40, "-o", self.path("r.csv"), "--meters-file", self.path("m.csv"))
        self.run_program("import", self.path("r.csv"), "--meters", self.path("m.csv"), "--data", data)
        found = json.loads(self.run_program("verify", data, "--json").stdout)
        self.assertTrue(found["sound"] and found["clean"])
        self.assertEqual((found["meters"], found["meters_with_readings"], found["unregistered"]), (20, 20, []))
        touched = set()  # the local days that await being closed: a row each
        for row in csv.DictReader(self.lines("r.csv")):
            at = datetime.fromisoformat(row["at"])
            touched |= {at.date(), (at - timedelta(seconds=1)).date()}
        self.assertEqual((found["catalog_schema"], found["catalog_tables"]), (2, 12))
        self.assertEqual(found["catalog_rows"], 24 + len(touched))
        self.assertEqual(found["segment_readings"] + found["journal_readings"], len(self.lines("r.csv")) - 1)
        self.assertEqual(found["segments"], len(list((data / "segments").iterdir())))
        self.assertGreaterEqual(found["blocks"], 20 * found["segments"])
        self.assertEqual((found["journal_frames"], found["damage_count"], found["damages"]), (0, 0, []))
        sizes = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
        self.assertGreaterEqual(found["bytes"], sizes)
        text = self.run_program("verify", data).stdout
        readings = f"{len(self.lines('r.csv')) - 1:,}".replace(",", " ")
        self.assertIn(f"catalog: schema 2, 12 tables, {24 + len(touched)} rows, 20 meters\n", text)
        self.assertIn(f"together: {readings} readings of 20 meters", text)
        self.assertTrue(text.endswith("\nsound\n"))

        segment = max((data / "segments").iterdir(), key=lambda file: file.stat().st_size)
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 1
        segment.write_bytes(content)
        done = self.run_program("verify", data, expect=1)
        self.assertRegex(done.stdout, rf"DAMAGE .*{segment.name}: offset \d+: .*meter 1000000\d\d")
        self.run_program("export", "--data", data, "-o", self.path("half.csv"), expect=1)
        self.assertEqual(sorted(Path(self.path("")).glob("half.csv*")), [])

    def test_it_refuses_a_directory_that_a_server_holds(self):
        self.serve("data")
        self.run_program("verify", self.path("data"), expect=1)

    def files(self, name):
        """Every file of a directory with its content."""
        return {str(file): file.read_bytes() for file in sorted(Path(self.path(name)).rglob("*")) if file.is_file()}

    def test_it_changes_nothing_whether_the_server_was_stopped_or_killed(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                server = self.serve(how.name)
                self.run_program("import", "-", "--to", server.base, "--meters", self.write_meters(), stdin=self.ONE_READING)
                os.kill(server.process.pid, how)
                server.process.wait(timeout=60)
                before = self.files(how.name)
                self.assertEqual(any(file.endswith("-wal") for file in before), how == signal.SIGKILL)
                found = json.loads(self.run_program("verify", self.path(how.name), "--json").stdout)
                self.assertEqual((found["sound"], found["clean"]), (True, how == signal.SIGTERM))
                self.assertEqual((found["meters"], found["segment_readings"] + found["journal_readings"]), (1, 1))
                self.assertEqual(self.files(how.name), before)


class TornEnd(CommandLine):
    """What a crash left torn is dropped by whoever opens the directory next, who therefore has to tell it."""

    def killed_with_a_torn_end(self, data):
        server = self.serve(data)
        self.run_program("import", "--meters", self.write_meters(), "--to", server.base)
        status, text = server.request("POST", "/api/v1/readings", self.ONE_READING, {"Content-Type": "text/csv"})
        self.assertEqual(status, 200, text)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        torn = json.loads(self.run_program("verify", self.path(data), "--json").stdout)
        self.assertNotIn("torn", torn)
        journal, = Path(self.path(f"{data}/journal")).iterdir()
        written = journal.read_bytes()
        last = len(written.rstrip(b"\0")) - 1
        with journal.open("r+b") as file:
            file.seek(last)
            file.write(bytes([written[last] ^ 1]))
        log = Path(self.path(f"{data}/catalog.sqlite-wal"))
        with log.open("r+b") as file:
            frame = file.read(300)[32:]  # behind the log's header: the beginning of one
            file.seek(0, os.SEEK_END)
            file.write(frame)
        return journal.name, log.name

    def test_export_and_import_tell_what_they_drop(self):
        Path(self.path("one.csv")).write_text(self.ONE_READING)
        for command in (["export"], ["import", self.path("one.csv")]):
            with self.subTest(command[0]):
                torn = self.killed_with_a_torn_end(command[0])
                done = self.run_program(*command, "--data", self.path(command[0]))
                for name in torn:
                    self.assertRegex(done.stderr, rf"{name}: the \d+ bytes at offset \d+ are not complete and were dropped")


class LostCatalog(CommandLine):
    """The readings are there, the catalog is not, or is one of before: nothing may go on as if all were well."""

    def setUp(self):
        super().setUp()
        self.data = Path(self.path("data"))
        self.run_program("simulate", "--meters", 12, "--days", 2, "-o", self.path("r.csv"), "--meters-file", self.path("m.csv"))
        self.run_program("import", self.path("r.csv"), "--meters", self.path("m.csv"), "--data", self.data)
        self.catalog = self.data / "catalog.sqlite"
        self.serve_options = ["--data", self.data, "--listen", free_address(), "--config", CONFIG]

    def lose(self, condition):
        with contextlib.closing(sqlite3.connect(self.catalog)) as catalog:
            rows = "\n".join(catalog.iterdump())
        # Written anew, as a program did that knew no checksums of pages: those that it has are the program's to make.
        self.catalog.unlink()
        with contextlib.closing(sqlite3.connect(self.catalog)) as catalog:
            catalog.executescript(f"PRAGMA application_id = {APPLICATION_ID}; {rows}")
            catalog.execute(f"DELETE FROM meter WHERE {condition}")
            catalog.commit()

    def refused(self, *words):
        done = self.run_program("serve", *self.serve_options, expect=1)
        for some in words:
            self.assertIn(some, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertNotIn("listening on", done.stdout)

    def put_back(self, registered):
        done = self.run_program("import", "--meters", self.path("m.csv"), "--data", self.data, "--json")
        self.assertEqual(json.loads(done.stdout)["registered"], registered)
        self.assertTrue(json.loads(self.run_program("verify", self.data, "--json").stdout)["sound"])
        self.assertEqual(self.serve("data").stop(), 0)

    def test_meters_that_the_catalog_lacks_are_counted_and_named(self):
        self.lose("meter_id % 12 < 7")
        gone = [f"{number}" for number in range(100000001, 100000013) if number % 12 < 7]
        kept = next(number for number in range(100000001, 100000013) if number % 12 >= 7)
        done = self.run_program("verify", self.data, expect=1)
        self.assertIn(f"lacks meters that have readings: 7 meters: {', '.join(gone[:5])}, … and 2 more", done.stdout)
        found = json.loads(self.run_program("verify", self.data, "--json", expect=1).stdout)
        self.assertEqual((found["sound"], found["unregistered_count"], found["unregistered"]), (False, 7, gone))
        self.assertEqual((found["damage_count"], len(found["damages"])), (1, 1))
        self.refused(f"7 meters: {gone[0]}", "import --meters", "--allow-unregistered")
        done = self.run_program("export", "--data", self.data, "-o", self.path("some.csv"), expect=1)
        self.assertIn(f"left out, because the catalog lacks them although they have readings: 7 meters: {gone[0]}", done.stderr)
        self.run_program("export", "--data", self.data, "--meter", kept, "-o", self.path("one.csv"))
        self.put_back(registered=7)

    def test_an_empty_catalog_is_not_taken_for_a_new_one(self):
        self.lose("1")
        self.assertIn("12 meters", self.run_program("verify", self.data, expect=1).stdout)
        self.refused("12 meters")
        server = self.serve("data", "--allow-unregistered", "--demo")
        self.assertEqual(server.get("/api/v1/meters/100000001/latest")[0], 404)
        self.assertEqual(server.stop(), 0)

    def test_a_missing_catalog_is_not_made_anew(self):
        self.catalog.unlink()
        done = self.run_program("verify", self.data, expect=1)
        self.assertIn("catalog.sqlite: missing", done.stdout)
        self.assertIn("12 meters", done.stdout)
        self.refused("catalog.sqlite is missing", "import --meters")
        self.run_program("export", "--data", self.data, expect=1)
        self.assertFalse(self.catalog.exists())
        self.put_back(registered=12)


if __name__ == "__main__":
    unittest.main()
