"""The digest of the real program: one number for the same data, told by a server and by `verify --digest`, after a fold, a
restart, a kill, a restore, and an export and import.    digest_test.py PROGRAM"""

import json
import os
import signal
import time
import unittest
from pathlib import Path

from command_line import CommandLine

WAIT_S = 60


class DigestTest(CommandLine):
    def digest_of(self, data, expect=0):
        """As `verify` tells it of a directory that no server holds."""
        return json.loads(self.run_program("verify", self.path(data), "--digest", "--json", expect=expect).stdout)["digest"]

    def digest_at(self, server):
        status, text = server.get("/api/v1/digest")
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def end(self, server, how):
        os.kill(server.process.pid, how)
        server.process.wait(timeout=WAIT_S)

    def run_job(self, server, path):
        run = json.loads(server.request("POST", path, {})[1])
        deadline = time.monotonic() + WAIT_S
        while run["state"] == "running" and time.monotonic() < deadline:
            time.sleep(0.05)  # nothing tells from outside when a job ends
            run = json.loads(server.get(f"/api/v1/jobs/{run['id']}")[1])
        self.assertEqual(run["state"], "done", run)

    def test_it_is_the_same_however_the_data_came_to_lie_there(self):
        town = ["simulate", "--meters", 12, "--solar", 0.2, "--days", 40, "--start", "2025-01-10", "-o", self.path("town.csv")]
        self.run_program(*town, "--meters-file", self.path("meters.csv"))
        files = [self.path("town.csv"), "--meters", self.path("meters.csv")]
        server = self.serve("data")
        empty = self.digest_at(server)
        self.run_program("import", *files, "--to", server.base)
        digest = self.digest_at(server)
        self.assertNotEqual(digest["readings"], empty["readings"])
        self.assertNotEqual(digest["meters"], empty["meters"])
        self.assertEqual(digest["bills"], empty["bills"])

        self.end(server, signal.SIGKILL)
        self.assertEqual(self.digest_of("data"), digest, "all of it is in the journal")
        server = self.serve("data")
        self.assertEqual(self.digest_at(server), digest, "after a kill")
        self.run_job(server, "/api/v1/jobs/daily")
        self.assertEqual(self.digest_at(server), digest, "after a fold")
        self.end(server, signal.SIGTERM)
        self.assertEqual(self.digest_of("data"), digest, "after a stop")
        told = self.run_program("verify", self.path("data"), "--digest").stdout
        self.assertIn(f"digest of the readings {digest['readings']}\n", told)
        self.assertNotIn("digest", self.run_program("verify", self.path("data")).stdout)

        backups = Path(self.path("data"), "backups")
        self.run_program("restore", "--from", backups, "--to", self.path("restored"))
        self.assertEqual(self.digest_of("restored"), digest, "after a restore")
        exported = self.run_program("export", "--data", self.path("data")).stdout
        self.run_program("import", "-", *files[1:], "--data", self.path("imported"), stdin=exported)
        self.assertEqual(self.digest_of("imported"), digest, "after an export and import")

        with open(self.path("town.csv"), encoding="utf-8") as file:
            rows = file.read().splitlines()
        self.run_program("import", "-", *files[1:], "--data", self.path("less"), stdin="\n".join(rows[:-1]))
        less = self.digest_of("less")
        self.assertNotEqual(less["readings"], digest["readings"], "a reading less")
        self.assertEqual(less["meters"], digest["meters"])

    def test_there_is_none_of_what_is_damaged(self):
        self.run_program("import", "-", "--meters", self.write_meters(), "--data", self.path("data"), stdin=self.ONE_READING)
        self.digest_of("data")
        segment = next(Path(self.path("data"), "segments").iterdir())
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 1
        segment.write_bytes(content)
        told = json.loads(self.run_program("verify", self.path("data"), "--digest", "--json", expect=1).stdout)
        self.assertNotIn("digest", told)
        self.assertIn("no digest", self.run_program("verify", self.path("data"), "--digest", expect=1).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
