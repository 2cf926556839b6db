"""simulate on the command line: its options one by one, to a file and to a server.    simulate_test.py PROGRAM"""

import csv
import json
import socket
import struct
import subprocess
import unittest
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from command_line import PROGRAM, ROOT, CommandLine


class Simulate(CommandLine):
    def metric(self, server, name):
        return sum(int(line.rsplit(" ", 1)[1]) for line in server.get("/metrics")[1].splitlines() if line.startswith(name))

    def send(self, server, *options, expect=0):
        done = self.run_program("simulate", "--to", server.base, "--meters", 4, "--days", 1, "--json", *options, expect=expect)
        return json.loads(done.stdout)

    def test_until_now_ends_now(self):
        zone = ZoneInfo("Asia/Singapore")  # where the configuration names no other
        before = datetime.now(zone)
        done = self.run_program("simulate", "--meters", 2, "--days", 2, "--until-now", "--interval", 15)
        after = datetime.now(zone)
        times = sorted({datetime.fromisoformat(row["at"]) for row in csv.DictReader(done.stdout.splitlines())})
        days = {(now - timedelta(days=2)).date() for now in (before, after)}
        self.assertIn(times[0].astimezone(zone).date(), days)
        self.assertEqual(times[0].astimezone(zone).strftime("%H:%M"), "00:00")
        self.assertEqual({b - a for a, b in zip(times, times[1:])}, {timedelta(minutes=15)})
        self.assertTrue(before - timedelta(minutes=15) < times[-1] <= after)

    def test_a_server_gets_requests_of_the_batch_over_the_connections(self):
        server = self.serve("data")
        posts = 'meter_http_requests_total{method="POST",path="/api/v1/readings",status="2xx"}'
        for connections, batch, expected in [(1, 10_000, 1), (2, 10_000, 2), (2, 49, 4), (64, 10, 4 * 5)]:  # 49 a meter
            with self.subTest((connections, batch)):
                sent, opened = self.metric(server, posts), self.metric(server, "meter_http_connections_total")
                counts = self.send(server, "--connections", connections, "--batch", batch)
                self.assertEqual((counts["readings"], counts["accepted"] + counts["duplicate"]), (196, 196))
                self.assertEqual(self.metric(server, posts) - sent, expected)
                # Beside the senders': one for the site, one to register the meters, one for each look at the metrics.
                opened = self.metric(server, "meter_http_connections_total") - opened
                self.assertEqual(opened - min(connections, 4), 2 + 3 - 1)

    def test_a_rate_holds_it_back(self):
        server = self.serve("data")
        self.assertLess(self.send(server)["seconds"], 60)
        counts = self.send(server, "--rate", 200)
        self.assertEqual(counts["duplicate"], 196)
        self.assertGreater(counts["seconds"], 0.85)  # 90 of each sender's 98 are sent before its last request
        self.assertLess(counts["readings_per_second"], 230)

    def test_without_registering_the_meters_must_be_there(self):
        server = self.serve("data")
        counts = self.send(server, "--no-register", expect=3)
        self.assertEqual((counts["registered"], counts["accepted"], counts["rejected"]), (0, 0, 196))
        self.assertEqual(self.send(server)["registered"], 4)
        counts = self.send(server, "--no-register")
        self.assertEqual((counts["registered"], counts["duplicate"], counts["rejected"]), (0, 196, 0))

    def test_disorder_plants_every_kind_but_the_one_named_beside_it_and_the_counts_agree(self):
        town = ["simulate", "--meters", 100, "--days", 5, "--disorder", 0.05, "--dips", 0, "--faults", self.path("faults.ndjson")]
        self.run_program(*town, "-o", self.path("r.csv"), "--meters-file", self.path("m.csv"))
        planted = [json.loads(line)["fault"] for line in self.lines("faults.ndjson")]
        self.assertEqual(
            set(planted),
            {"duplicate", "conflict", "out-of-order", "late-hours", "late-days", "gap", "rollover", "exchange", "spike", "stuck"},
        )
        done = self.run_program(
            "import", self.path("r.csv"), "--meters", self.path("m.csv"), "--data", self.path("data"), "--json", expect=3
        )  # for the conflicts
        counts = json.loads(done.stdout)
        self.assertEqual(counts["readings"], len(self.lines("r.csv")) - 1)
        self.assertEqual((counts["duplicate"], counts["conflict"]), (planted.count("duplicate"), planted.count("conflict")))
        self.assertEqual((counts["accepted"], counts["rejected"]), (counts["readings"] - counts["duplicate"] - counts["conflict"], 0))
        self.run_program("export", "--data", self.path("data"), "-o", self.path("back.csv"))
        first = {}
        for row in csv.DictReader(self.lines("r.csv")):
            first.setdefault((row["meter_id"], row["channel"], row["at"]), row["register"])
        back = {tuple(line.split(",")[:3]): line.split(",")[3] for line in self.lines("back.csv")[1:]}
        self.assertEqual(back, first)

    def reset_connections(self, address, count):
        """Stands where the server was: takes connections and breaks them."""
        host, port = address.split(":")
        with socket.create_server((host, int(port))) as listener:
            listener.settimeout(20)
            for _ in range(count):
                connection, _ = listener.accept()
                connection.recv(1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

    def test_readings_are_sent_again_when_the_server_restarts_amid_them(self):
        server = self.serve("data")
        town = ["--meters", 20, "--days", 3, "--seed", 5]
        command = ["simulate", *town, "--to", server.base, "--rate", 2_000, "--connections", 2, "--json"]
        sending = subprocess.Popen(
            [PROGRAM, *map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(sending.kill)
        while server.get("/api/v1/meters/100000001/latest")[0] != 200:
            self.assertIsNone(sending.poll())
        server.process.kill()
        server.process.wait()
        self.reset_connections(server.address, 3)
        again = self.serve("data", address=server.address)
        told, complaint = sending.communicate(timeout=120)
        self.assertEqual(sending.returncode, 0, complaint)
        counts = json.loads(told)
        self.assertEqual((counts["readings"], counts["rejected"], counts["conflict"]), (20 * 145, 0, 0))
        self.assertEqual(counts["accepted"] + counts["duplicate"], counts["readings"])

        self.run_program("simulate", *town, "-o", self.path("town.csv"))
        self.run_program("export", "--server", again.base, "-o", self.path("back.csv"))
        self.assertEqual(sorted(self.lines("back.csv")), sorted(self.lines("town.csv")))


if __name__ == "__main__":
    unittest.main()
