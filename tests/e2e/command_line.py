"""The program on its command line: what the tests of it share."""

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


class CommandLine(unittest.TestCase):
    ONE_READING = "meter_id,at,register\n100000001,2025-01-01T00:00Z,1\n"

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="meterhouse-cli-")
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return str(Path(self.directory.name) / name)

    def run_program(self, *arguments, expect=0, stdin=None):
        """The finished process; its exit code is checked."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, input=stdin, timeout=300
        )
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def lines(self, name):
        return Path(self.path(name)).read_text().splitlines()

    def serve(self, data, *options, address=None):
        address = address or free_address()
        command = [PROGRAM, "serve", "--data", self.path(data), "--listen", address, "--config", str(CONFIG), *options]
        server = RunningServer(command, address, cwd=ROOT)
        self.addCleanup(server.__exit__)
        return server

    def write_meters(self):
        text = "meter_id,region,area,dwelling_type\n100000001,Central Region,Bishan,1-room / 2-room\n"
        Path(self.path("meters.csv")).write_text(text)
        return self.path("meters.csv")

    def config_in_london(self):
        config = json.loads(CONFIG.read_text())
        config["timezone"] = "Europe/London"
        Path(self.path("london.json")).write_text(json.dumps(config))
        return self.path("london.json")
