"""The power goes at any moment, over and over, under mixed load: what was acknowledged before is there afterwards, no batch is
torn, jobs and maintenance go on. The disk is an ext4 file system in a file, which is shut down (`xfs_io -c shutdown`): what
the system had not written by then is lost. Skipped where that cannot be mounted."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from crash_rounds import CrashRounds
from support import main, seeded

CUTS = 50
KINDS = ["fold", "merge", "job daily", "job backup", "maintenance, waiting"]
DISK_BYTES = 1 << 30
SKIPPED = 77


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def make_disk(path, size):
    with path.open("wb") as file:
        file.truncate(size)
    run("mkfs.ext4", "-q", path)


class PowerCut(CrashRounds):
    RESTORES_GO_ON = 0  # nothing does
    WHOLE_EVERY = 10

    @classmethod
    def data_directory(cls):
        folder = tempfile.TemporaryDirectory(prefix="meterhouse-disk-")
        cls.addClassCleanup(folder.cleanup)
        cls.disk, cls.mount = Path(folder.name) / "disk", Path(folder.name) / "mount"
        cls.mount.mkdir()
        make_disk(cls.disk, DISK_BYTES)
        cls.plug_in()
        cls.addClassCleanup(run, "umount", "--lazy", cls.mount)
        return cls.mount / "data"

    @classmethod
    def plug_in(cls):
        run("mount", "-o", "loop", cls.disk, cls.mount)

    def crash(self, processes):
        run("xfs_io", "-x", "-c", self.random.choice(["shutdown", "shutdown -f"]), self.mount)  # -f: the file system's log is written first
        for process in processes:
            process.kill()
            process.wait(timeout=60)
        run("umount", self.mount)
        self.plug_in()

    def test_nothing_acknowledged_is_lost(self):
        self.run_rounds(seeded(), CUTS)
        self.tell("power cuts", KINDS)


def why_not():
    """Why a disk cannot be mounted here; None: it can."""
    with tempfile.TemporaryDirectory(prefix="meterhouse-disk-") as folder:
        try:
            make_disk(Path(folder) / "disk", 8 << 20)
            mount = Path(folder) / "mount"
            mount.mkdir()
            run("unshare", "--mount", "--pid", "--fork", "sh", "-c", f"mount -o loop {folder}/disk {mount} && xfs_io -x -c 'shutdown -f' {mount}")
        except FileNotFoundError as error:
            return f"{error.filename} is missing"
        except subprocess.CalledProcessError as error:
            return f"{error.cmd[0]}: {error.stdout.strip()}"
    return None


if __name__ == "__main__":
    if "MH_OWN_MOUNTS" in os.environ:
        main()
    elif reason := why_not():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    else:  # mounts and processes of its own, which end with it however it ends
        os.environ["MH_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child", *sys.orig_argv])
