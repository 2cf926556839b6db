"""Runs a random test over and over, each time with another seed: with_seeds.py COUNT COMMAND…

The seeds are 1, 2, 3, … in MH_TEST_SEED, which every random test starts from. Ends at the first that fails, or is skipped.
Of the others the lines that begin with "figures:" are printed."""

import os
import subprocess
import sys

SKIPPED = 77


def main():
    count, command = int(sys.argv[1]), sys.argv[2:]
    for seed in range(1, count + 1):
        run = subprocess.run(
            command, env=dict(os.environ, MH_TEST_SEED=str(seed)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        if run.returncode == SKIPPED:
            print(run.stdout)
            sys.exit(SKIPPED)
        if run.returncode != 0 or "Running 0 tests" in run.stdout:
            print(run.stdout)
            sys.exit(f"failed with MH_TEST_SEED={seed}, exit code {run.returncode}: {' '.join(command)}")
        for line in run.stdout.splitlines():
            if line.startswith("figures:"):
                print(f"seed {seed}: {line}", flush=True)
    print(f"{count} seeds, no failure")


if __name__ == "__main__":
    main()
