"""kill -9 at any moment, over and over, under mixed load: no acknowledged reading is lost, none is there twice, no batch is
torn, jobs and maintenance go on. The head is so small that the server folds and merges all the time; what a kill leaves on
the disk tells what it interrupted, and each kind of work must have been."""

import signal

from crash_rounds import CrashRounds
from support import main, seeded

ROUNDS = 300
KINDS = ["fold", "merge", "job daily", "job backup", "maintenance, job", "maintenance, waiting", "maintenance, applying", "restore", "start"]


class Kill(CrashRounds):
    def crash(self, processes):
        self.random.shuffle(processes)
        for process in processes:
            process.send_signal(signal.SIGKILL)
        for process in processes:
            process.wait(timeout=60)

    def test_nothing_acknowledged_is_lost(self):
        self.run_rounds(seeded(), ROUNDS)
        self.tell("kills", KINDS)


if __name__ == "__main__":
    main()
