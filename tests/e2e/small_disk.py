"""Small disks of their own for tests that fill one up: a tmpfs and an ext4 image. Mounting needs a right that not every
machine gives."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

MIB = 1 << 20
PIECE = 64 << 10


class SmallDisk:
    """A mounted file system of its own, at `path`. One file of zeros takes its room and gives it back."""

    def __init__(self, kind, size):
        self.folder = tempfile.mkdtemp(prefix="meterhouse-disk-")
        self.path = Path(self.folder) / "disk"
        self.path.mkdir()
        self.filler = self.path / "filler"
        try:
            self.mount(kind, size)
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def mount(self, kind, size):
        if kind == "tmpfs":
            command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path]
        else:
            image = Path(self.folder) / "image"
            with image.open("wb") as file:
                file.truncate(size)
            run("mkfs.ext4", "-q", "-F", "-m", "0", image)  # -m 0: root is kept no room either
            command = ["mount", "-o", "loop", image, self.path]
        run(*command)

    def free(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, leave=0):
        """Takes all of the room but `leave` bytes."""
        with self.filler.open("ab", buffering=0) as file:
            while (room := self.free() - leave) > 0:
                try:
                    file.write(bytes(min(room, PIECE)))
                except OSError:
                    break  # what is left is smaller than a block

    def make_room(self):
        self.filler.unlink(missing_ok=True)

    def unmount(self):
        run("umount", self.path)
        shutil.rmtree(self.folder)


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


def why_not_mountable():
    """None where small disks can be mounted, else why not."""
    for kind in ("tmpfs", "ext4"):
        try:
            SmallDisk(kind, 8 * MIB).unmount()
        except FileNotFoundError as error:
            return str(error)
        except subprocess.CalledProcessError as error:
            return f"{error}: {error.stderr.strip()}"
    return None


def small_disk(test, kind, size):
    """One for the time of the test, which is skipped where mounting is not allowed."""
    try:
        disk = SmallDisk(kind, size)
    except (FileNotFoundError, subprocess.CalledProcessError):
        test.skipTest("mounting is not allowed here")
    test.addCleanup(disk.unmount)
    return disk
