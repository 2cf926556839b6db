"""Runs the commands of a page as a reader types them: every block that opens with ```sh run, in order, in a temporary
directory, against the real program. `./run.sh` is started and left running until the end. Where a block ```text output
follows, the command must have printed that; `…` stands for anything within a line, alone on a line for any lines.

    docs_run_test.py PROGRAM PAGE

A page on operations begins where its runbook does: a server shipped its journal and made a backup, then its disk was lost.

What differs from a reader's terminal: 127.0.0.1:8050 becomes a free port, and the folders that a page names lie in the
temporary one."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repository import ROOT
from running_server import RunningServer, free_address

BLOCK = re.compile(r"^```(sh run|text output)\n(.*?)^```", re.M | re.S)
DEFAULT_ADDRESS = "127.0.0.1:8050"
FOLDERS = ("/tmp/meterhouse-tour", "/mnt/backups", "/var/lib/meterhouse", "/etc/meterhouse.json")
LEFT_RUNNING = ("./run.sh", "meterhouse serve")
COMMAND_TIMEOUT_S = 180


def blocks(page):
    """(command, expected output or None) of each block that is to be run."""
    found = []
    for kind, text in BLOCK.findall(page):
        if kind == "sh run":
            found.append((text, None))
        elif found:
            found[-1] = (found[-1][0], text)
    return found


def pattern_of(expected):
    lines = []
    for line in expected.strip("\n").split("\n"):
        lines.append(r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n")
    return re.compile("".join(lines) + r"\Z")


def prepare(folder, program):
    """A directory that looks like a checkout in which the program has been built."""
    for name in ("run.sh", "config", "examples", "docs", "tests"):
        (folder / name).symlink_to(ROOT / name)
    built = folder / "build" / "release"
    built.mkdir(parents=True)
    (built / "meterhouse").symlink_to(program)
    for name in FOLDERS:
        (folder / name.strip("/")).parent.mkdir(parents=True, exist_ok=True)


def lose_a_disk(folder, program, address):
    """What the runbook is for: a server with backups in another place, and then no data directory any more."""
    paths = {name: folder / name.strip("/") for name in FOLDERS}
    data, backups, config = paths["/var/lib/meterhouse"], paths["/mnt/backups"] / "meterhouse", paths["/etc/meterhouse.json"]
    settings = json.loads((ROOT / "config/meterhouse.json").read_text(encoding="utf-8"))
    config.write_text(json.dumps({**settings, "journal_shipping": "every_batch", "daily_job_at": "off"}), encoding="utf-8")
    command = [program, "serve", "--demo", "--data", data, "--config", config, "--backup-dir", backups, "--listen", address]
    with RunningServer(list(map(str, command)), address, cwd=folder) as server:
        run = json.loads(server.request("POST", "/api/v1/backups", {})[1])
        while run["state"] == "running":
            time.sleep(0.1)  # nothing tells from outside when a job ends
            run = json.loads(server.get(f"/api/v1/jobs/{run['id']}")[1])
        meter = json.loads(server.get("/api/v1/meters?limit=1")[1])["meters"][0]["meter_id"]
        latest = json.loads(server.get(f"/api/v1/meters/{meter}/latest")[1])
        later = [{"meter_id": meter, "at": latest["at"][:-8] + "1" + latest["at"][-7:], "register": latest["register"]}]
        assert json.loads(server.request("POST", "/api/v1/readings", later)[1])["accepted"] == 1
    shutil.rmtree(data)  # the server was killed


def run_command(command, expected, folder, env):
    print(f"$ {command.rstrip()}", flush=True)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S,
    )
    print(run.stdout + run.stderr, end="", flush=True)
    if run.returncode != 0:
        return f"ended with {run.returncode}: {command.strip()}"
    if expected is not None and not pattern_of(expected).match(run.stdout.rstrip("\n") + "\n"):
        return f"did not print what the page shows: {command.strip()}\n--- the page shows\n{expected}"
    return None


def run_page(program, page):
    address = free_address()
    problems, server = [], None
    with tempfile.TemporaryDirectory(prefix="meterhouse-docs-") as name:
        folder = Path(name)
        text = (ROOT / page).read_text(encoding="utf-8").replace(DEFAULT_ADDRESS, address)
        for name in FOLDERS:
            text = text.replace(name, str(folder / name.strip("/")))
        to_run = blocks(text)
        if not to_run:
            return [f"{page}: no block to run"]
        prepare(folder, program)
        env = dict(os.environ, METERHOUSE_LISTEN=address, METERHOUSE_DATA=str(folder / "data"), METERHOUSE_PROGRAM=program)
        env["PATH"] = f"{folder / 'build/release'}:{env['PATH']}"
        if "operations" in page:
            lose_a_disk(folder, program, address)
        try:
            for command, expected in to_run:
                if command.startswith(LEFT_RUNNING) and server is None:
                    print(f"$ {command.rstrip()}  (left running)", flush=True)
                    server = RunningServer(["bash", "-c", "exec " + command], address, cwd=folder, env=env)
                    continue
                problem = run_command(command, expected, folder, env)
                if problem:
                    problems.append(f"{page}: {problem}")
                    break
            if server and server.stop() != 0:
                problems.append(f"{page}: the server ended with {server.process.returncode} on SIGTERM")
        finally:
            if server:
                server.__exit__()
    return problems


def main():
    program, page = str(Path(sys.argv[1]).resolve()), sys.argv[2]
    problems = run_page(program, page)
    print("\n".join(problems) if problems else f"docs run: every command of {page} did what the page says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
