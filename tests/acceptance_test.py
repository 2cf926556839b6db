"""examples/acceptance.sh against a new, empty server.    acceptance_test.py PROGRAM"""

import subprocess
import sys
import tempfile

from repository import ROOT
from running_server import RunningServer, free_address


def main():
    address = free_address()
    with tempfile.TemporaryDirectory(prefix="meterhouse-acceptance-") as data:
        command = [
            sys.argv[1], "serve", "--data", data, "--listen", address, "--config", str(ROOT / "config/meterhouse.json"),
        ]
        with RunningServer(command, address) as server:
            status = subprocess.run([str(ROOT / "examples/acceptance.sh"), server.base], stdin=subprocess.DEVNULL).returncode
            stopped = server.stop()
    if stopped != 0:
        print(f"the server ended with {stopped} on SIGTERM")
    return status or stopped


if __name__ == "__main__":
    sys.exit(main())
