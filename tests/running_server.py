"""Starts the real server for a test: on a free loopback port, in a temporary directory, and ends it by SIGTERM."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class RunningServer:
    """A server process. `command` starts it; it is ready once /readyz answers 200."""

    def __init__(self, command, address, cwd=None, env=None, stdout=None, stderr=None):
        self.address = address
        self.base = f"http://{address}"
        self.process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True
        )
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            raise

    def wait_until_ready(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode} before it was ready")
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.01)  # nothing tells from outside when a port starts to listen
        raise RuntimeError(f"the server was not ready after {START_TIMEOUT_S} s")

    def get(self, path):
        return self.request("GET", path)

    def request(self, method, path, body=None, headers=None):
        """(status, text). A body that is not text is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stop(self):
        """SIGTERM, and the exit code."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(timeout=STOP_TIMEOUT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
