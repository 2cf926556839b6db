"""How `meterhouse serve` starts, refuses to start, and stops."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from small_disk import small_disk
from support import PLACE, PROGRAM, ROOT, Client, RunningServer, config_with, free_address, main, serve_command


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


class Serve(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="meterhouse-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.data = Path(self.folder.name) / "data"
        self.config = ROOT / "config/meterhouse.json"

    def refused(self, code, words, *arguments):
        ended = run("serve", *arguments)
        self.assertEqual(ended.returncode, code, ended.stderr)
        self.assertIn(words, ended.stderr)
        self.assertEqual(ended.stderr.count("\n"), 1, "one plain sentence")

    def test_help_and_version(self):
        for arguments in (["--help"], ["serve", "--help"]):
            ended = run(*arguments)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.assertIn("xample", ended.stdout)
        self.assertRegex(run("version").stdout, r"^meterhouse \d+\.\d+")

    def test_usage(self):
        for arguments in ([], ["serve", "--no-such-option"], ["nonsense"]):
            with self.subTest(arguments):
                self.assertEqual(run(*arguments).returncode, 2)
        self.refused(2, "no address", "--data", self.data, "--config", self.config, "--listen", "here")
        self.refused(2, "missing.json: name one with --config", "--data", self.data, "--config", "missing.json")
        broken = config_with(self.folder.name, dwelling_data=7)
        self.refused(2, "dwelling_data", "--data", self.data, "--config", broken)
        self.refused(2, "timezone", "--data", self.data, "--config", config_with(self.folder.name, timezone="Mars/Base"))
        misspelt = config_with(self.folder.name, timezon="Europe/London")
        words = f"{misspelt}: line 1: timezon is no key of the configuration; the nearest is timezone"
        self.refused(2, words, "--data", self.data, "--config", misspelt)

    def test_configurations_that_cannot_be_read(self):
        whole = json.loads(self.config.read_text(encoding="utf-8"))
        for content, words in [
            (b"", "the file is empty"),
            (b" \n", "the file is empty"),
            (b'{"timezone": "M\xfcnchen"}', "line 1: the bytes are not UTF-8 text"),
            ('{"area_data":\n{'.encode("utf-16"), "line 1: the bytes are not UTF-8 text"),
            (b"{\n,}", "line 2: this is no JSON"),
            (b"[]", "the file is a list, not a JSON object"),
            (json.dumps({**whole, "io_threads": "2"}, indent=0).encode(), "io_threads is a text, not a whole number from 1 to 64"),
            (json.dumps({**whole, "area_data": []}).encode(), "line 1: area_data is a list, not an object"),
        ]:
            with self.subTest(words):
                path = Path(self.folder.name) / "site.json"
                path.write_bytes(content)
                self.refused(2, f"{path}: ", "--data", self.data, "--config", path)
                self.refused(2, words, "--data", self.data, "--config", path)
                town = run("simulate", "--meters", 1, "--days", 1, "--config", path)
                self.assertEqual((town.returncode, town.stdout), (2, ""))
                self.assertIn(words, town.stderr)
        self.refused(2, self.folder.name, "--data", self.data, "--config", self.folder.name)
        self.assertFalse(self.data.exists(), "nothing is made for a wrong configuration")

    def test_a_second_signal_does_not_wait(self):
        address = free_address()
        process = subprocess.Popen(serve_command(address, self.data), stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.until(process, "listening on")
        with socket.create_connection(address.split(":")) as client:
            client.sendall(b"POST /api/v1/readings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n[")
            client.sendall(b"{")  # the request is in flight and will not end by itself
            process.send_signal(signal.SIGTERM)
            self.until(process, "finishing the requests")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 128 + signal.SIGTERM)
        with RunningServer(serve_command(address, self.data), address) as server:
            self.assertEqual(server.stop(), 0)

    def until(self, process, words):
        for line in process.stdout:
            if words in line:
                return
        self.fail(f"the server ended before it said '{words}'")

    def test_directories_that_are_not_ours(self):
        foreign = Path(self.folder.name) / "foreign"
        foreign.mkdir()
        (foreign / "letter.txt").write_text("dear")
        self.refused(2, "not empty", "--data", foreign, "--config", self.config)
        self.assertEqual(sorted(path.name for path in foreign.iterdir()), ["letter.txt"])

    def test_what_is_taken(self):
        address = free_address()
        with RunningServer(serve_command(address, self.data), address) as server:
            other = Path(self.folder.name) / "other"
            self.refused(1, "another program is listening", "--data", other, "--config", self.config, "--listen", address)
            self.assertFalse(other.exists(), "a taken port is told before the data directory is touched")
            self.refused(1, "another process", "--data", self.data, "--config", self.config, "--listen", free_address())
            self.assertEqual(server.get("/healthz")[0], 200)
            self.assertEqual(server.stop(), 0)

    def test_stops_in_good_order_on_both_signals(self):
        for number, how in enumerate((signal.SIGTERM, signal.SIGINT)):
            with self.subTest(how):
                address = free_address()
                with RunningServer(serve_command(address, self.data), address) as server:
                    client = Client(address)
                    meter = {"meter_id": f"10000000{number}", **PLACE}
                    self.assertEqual(client.json("POST", "/api/v1/meters", meter)[0], 201)
                    self.assertEqual(client.json("GET", "/api/v1/config")[1]["meters"], number + 1, "kept by the run before")
                    os.kill(server.process.pid, how)
                    self.assertEqual(server.process.wait(timeout=60), 0)
                    client.close()

    def test_stops_in_good_order_on_a_nearly_full_disk(self):
        disk = small_disk(self, "tmpfs", 160 << 20)
        data = disk.path / "data"
        address = free_address()
        row = {"meter_id": "100000001", "timestamp": "2025-01-01T00:00:00Z", "reading": 1}
        with RunningServer(serve_command(address, data), address) as server:
            client = Client(address)
            self.assertEqual(client.json("POST", "/api/v1/meters", {"meter_id": row["meter_id"], **PLACE})[0], 201)
            self.assertEqual(client.json("POST", "/api/v1/readings", [row])[1]["accepted"], 1)
            client.close()
            disk.fill(leave=8 << 20)  # far less than a journal file
            self.assertEqual(server.stop(), 0)
        self.assertEqual(list((data / "journal").iterdir()), [], "all of it is folded")
        with RunningServer(serve_command(address, data), address) as server:
            client = Client(address)
            self.assertEqual(client.json("GET", "/api/v1/meters/100000001/latest")[0], 200)
            client.close()
            self.assertEqual(server.stop(), 0)

    def test_demo(self):
        address = free_address()
        with RunningServer([*serve_command(address, self.data), "--demo"], address) as server:
            client = Client(address)
            self.assertEqual(client.json("GET", "/api/v1/config")[1]["meters"], 200)
            status, latest = client.json("GET", "/api/v1/meters/100000001/latest")
            self.assertEqual(status, 200)
            client.close()
            self.assertEqual(server.stop(), 0)
        with RunningServer([*serve_command(address, self.data), "--demo"], address) as server:
            client = Client(address)
            self.assertEqual(client.json("GET", "/api/v1/config")[1]["meters"], 200, "filled only once")
            client.close()
            self.assertEqual(server.stop(), 0)

    def test_a_signal_while_it_fills_the_demonstration(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how):
                data = Path(self.folder.name) / how.name
                address = free_address()
                command = [*serve_command(address, data), "--demo"]
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
                self.until(process, "data directory")  # is open; the fill begins
                process.send_signal(how)
                started = time.monotonic()
                rest, _ = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 0, rest)
                self.assertLess(time.monotonic() - started, 15)
                self.assertNotIn("listening on", rest)
                with RunningServer(command, address) as server:
                    client = Client(address)
                    self.assertEqual(client.json("GET", "/api/v1/config")[1]["meters"], 200)
                    self.assertEqual(client.json("GET", "/api/v1/meters/100000200/latest")[0], 200)
                    client.close()
                    self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
