"""examples/acceptance.sh against a new, empty server, and against none.    acceptance_test.py PROGRAM"""

import subprocess
import sys
import tempfile

from repository import ROOT
from running_server import RunningServer, free_address


SCRIPT = str(ROOT / "examples/acceptance.sh")


def told(*arguments):
    """The exit code, standard output and standard error of the script where no server is needed."""
    done = subprocess.run([SCRIPT, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def check_words(address):
    code, out, _ = told("--help")
    if code != 0 or "examples/acceptance.sh [http://" not in out or "#" in out:
        return f"--help ends with {code} and prints {out!r}"
    code, out, complaint = told(f"http://{address}")
    if code != 2 or not complaint.startswith("no server answers at") or out:
        return f"without a server it ends with {code} and prints {out!r}, {complaint!r}"
    if told("--hlep")[0] != 2:
        return "an option that there is not does not end with 2"
    return None


def main():
    address = free_address()
    if wrong := check_words(address):
        print(wrong)
        return 1
    with tempfile.TemporaryDirectory(prefix="meterhouse-acceptance-") as data:
        command = [
            sys.argv[1], "serve", "--data", data, "--listen", address, "--config", str(ROOT / "config/meterhouse.json"),
        ]
        with RunningServer(command, address) as server:
            status = subprocess.run([SCRIPT, server.base], stdin=subprocess.DEVNULL).returncode
            stopped = server.stop()
    if stopped != 0:
        print(f"the server ended with {stopped} on SIGTERM")
    return status or stopped


if __name__ == "__main__":
    sys.exit(main())
