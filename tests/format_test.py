"""Every C++ file is formatted as .clang-format says (clang-format 14, Debian 12's)."""

import re
import subprocess

from repository import ROOT, finish, tracked_files


def main():
    files = [str(path) for path in tracked_files() if path.suffix in (".h", ".cpp")]
    run = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *files], cwd=ROOT, capture_output=True, text=True
    )
    problems = sorted(set(re.findall(r"^(\S+:\d+):\d+: error", run.stderr, re.M)))
    if run.returncode != 0 and not problems:
        problems = [run.stderr.strip() or "clang-format failed"]
    if problems:
        problems.append("Run: clang-format -i FILE…")
    finish("format", problems, len(files))


if __name__ == "__main__":
    main()
