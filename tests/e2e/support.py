"""What the end to end tests share: the real program on a free port with a temporary data directory, and answers checked
against the OpenAPI document. A test file runs as   x_test.py PROGRAM [unittest options]."""

import http.client
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from running_server import RunningServer, free_address  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None
SEED = int(os.environ.get("MH_TEST_SEED", "20251122"))

PLACE = {"region": "Central Region", "area": "Bishan", "dwelling_type": "4-room"}
SINGAPORE = timezone(timedelta(hours=8))


def seeded():
    print(f"MH_TEST_SEED={SEED}", flush=True)
    return random.Random(SEED)


def config_with(folder, **changes):
    """A configuration file: the default one with these settings changed."""
    config = json.loads((ROOT / "config/meterhouse.json").read_text(encoding="utf-8"))
    path = Path(folder) / "config.json"
    path.write_text(json.dumps({**config, **changes}), encoding="utf-8")
    return path


def serve_command(address, data, config=ROOT / "config/meterhouse.json"):
    return [PROGRAM, "serve", "--data", str(data), "--listen", address, "--config", str(config)]


def now():
    return datetime.now(SINGAPORE).replace(microsecond=0)


def iso(instant):
    return instant.isoformat()


class Client:
    """One keep-alive connection."""

    def __init__(self, address):
        host, port = address.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)

    def send(self, method, path, body=None, headers=None):
        """(status, headers, text)"""
        try:
            self.connection.request(method, path, body=body, headers=headers or {})
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent: the answer is there all the same
        try:
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except BaseException:
            self.connection.close()
            raise

    def json(self, method, path, value=None, headers=None):
        """(status, answer as JSON); `value` is sent as JSON."""
        body = None if value is None else json.dumps(value)
        headers = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers
        status, _, text = self.send(method, path, body, headers)
        return status, json.loads(text)

    def close(self):
        self.connection.close()


class Waiting:
    """Of a test case: nothing tells from outside when work in the background ends."""

    WAIT_S = 60

    def wait_until(self, what, condition, within=None):
        """What the condition gives once that is true."""
        within = within or self.WAIT_S
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.02)
        self.fail(f"{what} did not come within {within} s")


class ServerTest(Waiting, unittest.TestCase):
    """A server for the whole class. Its stop in good order is part of every test file."""

    CONFIG = {}
    OPTIONS = []  # more of `meterhouse serve`
    output = None  # a file for what the server prints

    @classmethod
    def data_directory(cls):
        return Path(cls.folder.name) / "data"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        cls.address = free_address()
        cls.data = cls.data_directory()
        cls.command = serve_command(cls.address, cls.data, config_with(cls.folder.name, **cls.CONFIG)) + cls.OPTIONS
        cls.server = RunningServer(cls.command, cls.address, stdout=cls.output, stderr=cls.output)
        cls.client = Client(cls.address)
        cls.next_meter = 100000001

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        stopped = cls.server.stop()
        cls.folder.cleanup()
        if stopped != 0:
            raise AssertionError(f"the server ended with {stopped} on SIGTERM")

    def end_server(self, how):
        """Sends the signal and waits for the end. begin_server() starts it again on the same data directory."""
        cls = type(self)
        cls.client.close()
        os.kill(cls.server.process.pid, how)
        cls.server.process.wait(timeout=60)

    def begin_server(self):
        cls = type(self)
        cls.server = RunningServer(cls.command, cls.address, stdout=cls.output, stderr=cls.output)
        cls.client = Client(cls.address)

    def restart(self, how=signal.SIGTERM):
        self.end_server(how)
        self.begin_server()

    def metric(self, name):
        """A metric without labels, since the server was started."""
        text = self.client.send("GET", "/metrics")[2]
        return int(re.search(rf"^{name} (\d+)$", text, re.M).group(1))

    def new_meter(self, **changes):
        """Registers a meter of its own for the test; its id."""
        cls = type(self)
        meter_id = str(cls.next_meter)
        cls.next_meter += 1
        status, answer = self.client.json("POST", "/api/v1/meters", {"meter_id": meter_id, **PLACE, **changes})
        self.assertEqual(status, 201, answer)
        return meter_id

    def post_rows(self, rows):
        status, answer = self.client.json("POST", "/api/v1/readings", rows)
        self.assertEqual(status, 200, answer)
        return answer

    def accept(self, rows):
        """Sends rows that must all be new."""
        answer = self.post_rows(rows)
        self.assertEqual((answer["accepted"], answer["rejected"]), (len(rows), 0), answer)


def main():
    unittest.main(verbosity=2)
