"""Ten thousand idle connections: cheap, in step, and no hindrance to a request that comes on another."""

import re
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

from support import ServerTest, main

CONNECTIONS = 9_990  # the server takes 10 000; some are the test's own
BYTES_EACH_MAX = 6 * 1024
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def raise_file_limit(wanted):
    """How many files may be open, at most `wanted`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return count


class Connections(ServerTest):
    @classmethod
    def setUpClass(cls):
        # Started as from a shell that lets a process open 1024 files: the server raises that by itself.
        raise_file_limit(1024)
        super().setUpClass()

    def memory(self):
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def ask(self, connection):
        connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b'{"status":"ok"}'):
            piece = connection.recv(4096)
            self.assertTrue(piece, "the connection was closed")
            answer += piece
        self.assertEqual((answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1")), (1, 1))

    def test_ten_thousand_idle_connections(self):
        count = min(CONNECTIONS, raise_file_limit(CONNECTIONS + 500) - 500)
        host, port = self.address.split(":")
        with ExitStack() as stack:
            before = self.memory()
            idle = [stack.enter_context(socket.create_connection((host, int(port)), timeout=60)) for _ in range(count)]
            for connection in idle:
                self.ask(connection)
            each = (self.memory() - before) / count
            print(f"{count} idle connections, {each / 1024:.1f} KiB each", flush=True)
            self.assertLess(each, BYTES_EACH_MAX)
            self.assertGreaterEqual(self.metric("meter_http_connections"), count)
            self.assertEqual(self.client.json("GET", "/api/v1/config")[0], 200)
            for connection in idle:
                self.ask(connection)  # the canary: each is still in step


if __name__ == "__main__":
    main()
