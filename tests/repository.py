"""What the tests of the repository share: the list of its files, and how they report."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {"build", "node_modules", "dist", "data", ".git", "__pycache__"}


def tracked_files():
    """The files of the repository as relative paths, sorted: git's, with the new ones that are not ignored."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
    )
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
        return sorted(Path(name) for name in names if (ROOT / name).is_file())
    return sorted(walk())  # an unpacked archive, without git


def walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in GENERATED]
        for name in names:
            yield (Path(folder) / name).relative_to(ROOT)


def read(path):
    """The text of a file, or None where it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def finish(what, problems, checked):
    """Prints the problems, or what was checked, and ends the test."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"\n{what}: {len(problems)} problem(s) in {checked} files")
        sys.exit(1)
    if checked == 0:
        print(f"{what}: found no file to check")
        sys.exit(1)
    print(f"{what}: {checked} files, no problem")
