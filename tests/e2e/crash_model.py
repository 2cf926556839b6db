"""What the crash tests send, and what must be there afterwards.

A meter's time is divided into lanes: stretches of closed months and yesterday, with a reading every step. Which register
stands at which place is a formula, so that a reading needs no memory; batches take the places of a lane one after the other.
A batch is what the server promises to keep whole or not at all: the rows of one body, of a longer one each 10 000."""

import bisect
import math
import struct
import threading
import time
from collections import Counter, namedtuple
from datetime import datetime, timedelta

from support import SINGAPORE

BATCH_MAX = 10_000
YOUNG_ROWS = 6_000  # a meter with more gets no new readings, so that a check reads little
LANE_ROWS = 80_000  # room for those and the largest bodies
RECORD = struct.Struct("<IIq")
PACKED_HEADER = b"MHRD" + struct.pack("<HHQ", 1, RECORD.size, 0)

Lane = namedtuple("Lane", "start step")
Run = namedtuple("Run", "meter lane first count packed")

UNSENT, OPEN, PENDING, ACKNOWLEDGED, ABSENT = "not sent", "unanswered", "pending", "acknowledged", "absent"


def lanes_before(today):
    def lane(first, step):
        return Lane(int(first.timestamp()) + step, step)

    months = [datetime(2023, 3, 1, tzinfo=SINGAPORE), datetime(2023, 4, 1, tzinfo=SINGAPORE), datetime(2024, 2, 1, tzinfo=SINGAPORE)]
    return [lane(month, 30) for month in months] + [lane(today - timedelta(days=1), 1)]


class Batch:
    def __init__(self, runs):
        self.runs, self.rows = runs, sum(run.count for run in runs)
        self.state = UNSENT
        self.number = 0  # of all acknowledgements
        self.before = None  # the batch before it in the same body


class Body:
    def __init__(self, batches):
        self.batches, self.rows = batches, sum(batch.rows for batch in batches)
        for before, batch in zip(batches, batches[1:]):
            batch.before = before

    def state(self):
        """Of all its batches: not sent (or gone), acknowledged, else unanswered."""
        states = {batch.state for batch in self.batches}
        if states <= {UNSENT, ABSENT}:
            return UNSENT
        return ACKNOWLEDGED if states <= {PENDING, ACKNOWLEDGED} else OPEN

    def packed(self):
        return PACKED_HEADER + b"".join(run.packed for batch in self.batches for run in batch.runs)

    def records(self):
        for batch in self.batches:
            for run in batch.runs:
                for key, at, register in RECORD.iter_unpack(run.packed):
                    yield str(key >> 2), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), register

    def objects(self, at="at", register="register"):
        """As JSON texts; registers are exact decimals."""
        return [f'{{"meter_id":"{m}","{at}":"{t}","{register}":{r // 1_000_000}.{r % 1_000_000:06}}}' for m, t, r in self.records()]

    def contradicted(self):
        """The same places with other registers."""
        return PACKED_HEADER + b"".join(
            RECORD.pack(key, at, register + 7)
            for batch in self.batches
            for run in batch.runs
            for key, at, register in RECORD.iter_unpack(run.packed)
        )


class Model:
    """Any thread."""

    def __init__(self, lanes):
        self.lanes = lanes
        self.lock = threading.Lock()
        self.meters = []
        self.written = {}  # (meter, lane): the (run, batch) of all bodies, ascending
        self.touched = {}  # (meter, lane): [first, end) of what was sent since the last check
        self.late, self.lost, self.kept = [], [], []  # bodies held back; those to be sent again; some of the acknowledged
        self.acknowledged = 0
        self.numbers = 0

    def add_meter(self, meter):
        with self.lock:
            self.meters.append(meter)

    def young(self):
        return [meter for meter in self.meters[-12:] if sum(self.end_of(meter, lane) for lane in range(len(self.lanes))) < YOUNG_ROWS]

    def end_of(self, meter, lane):
        runs = self.written.get((meter, lane))
        return runs[-1][0].first + runs[-1][0].count if runs else 0

    def place(self, lane, index):
        return self.lanes[lane].start + self.lanes[lane].step * index

    def run_at(self, meter, lane, first, count):
        assert first + count <= LANE_ROWS
        start, step = self.lanes[lane]
        numbers = range(first, first + count)
        packed = b"".join(RECORD.pack(meter << 2, start + step * i, lane * 1_000_000_000 + 1_000 * i + meter % 7) for i in numbers)
        return Run(meter, lane, first, count, packed)

    def make_body(self, random):
        rows = int(math.exp(random.uniform(0, math.log(3_000)))) if random.random() < 0.985 else random.randrange(BATCH_MAX, 25_000)
        meters = self.young() or self.meters[-1:]
        batches, runs, room = [], [], BATCH_MAX
        while rows > 0:
            meter, lane = random.choice(meters), random.randrange(len(self.lanes))
            first = self.end_of(meter, lane) + sum(run.count for run in runs if run[:2] == (meter, lane))
            count = min(rows, room, random.choice([rows, max(1, rows // 2)]))
            runs.append(self.run_at(meter, lane, first, count))
            rows, room = rows - count, room - count
            if rows == 0 or room == 0:
                batches.append(Batch(runs))
                for run in runs:
                    self.written.setdefault((run.meter, run.lane), []).append((run, batches[-1]))
                runs, room = [], BATCH_MAX
        return Body(batches)

    def next_body(self, random):
        """One to be sent: new, held back until now, or again; and its state before."""
        with self.lock:
            dice = random.random()
            if dice < 0.1 and self.late:
                body = self.late.pop(random.randrange(len(self.late)))
            elif dice < 0.2 and self.lost:
                body = self.lost.pop(random.randrange(len(self.lost)))
            elif dice < 0.3 and self.kept:
                body = self.kept[random.randrange(len(self.kept))]
            else:
                body = self.make_body(random)
                if random.random() < 0.15:
                    self.late.append(body)
                    body = self.make_body(random)
            before = body.state()
            for batch in body.batches:
                if batch.state in (UNSENT, ABSENT):
                    batch.state = OPEN
                for run in batch.runs:
                    first, end = self.touched.get((run.meter, run.lane), (run.first, run.first))
                    self.touched[run.meter, run.lane] = min(first, run.first), max(end, run.first + run.count)
            return body, before

    def acknowledge(self, body, pending):
        """The server has it; pending: it cannot be seen yet."""
        with self.lock:
            self.numbers += 1
            for batch in body.batches:
                if batch.state == ACKNOWLEDGED:
                    continue
                if batch.state == OPEN:
                    self.acknowledged += batch.rows
                batch.state = PENDING if pending else ACKNOWLEDGED
                batch.number = self.numbers
            self.kept = self.kept[-49:] + [body]

    def unanswered(self, body):
        with self.lock:
            self.lost.append(body)

    def settle(self, judge):
        """Everything can be seen: what had no answer is there now, or it is not."""
        with self.lock:
            self.numbers += 1
            for batch in judge.looked_for:
                if batch.state in (OPEN, PENDING):
                    batch.state = ACKNOWLEDGED if judge.found[batch] else ABSENT
                    batch.number = self.numbers
            self.touched.clear()
            self.lost = self.lost[-50:]


class Judge:
    """Compares what is stored with what may be. must, may: whether a batch has to be there, and whether it can be."""

    def __init__(self, must, may):
        self.must, self.may = must, may
        self.found, self.looked_for = Counter(), Counter()  # rows of each batch

    def lane(self, runs, stored):
        """One lane, or a stretch of it. stored: its records, packed."""
        for run, batch in runs:
            self.looked_for[batch] += run.count
        if stored == b"".join(run.packed for run, batch in runs if batch.state == ACKNOWLEDGED):
            for run, batch in runs:
                self.found[batch] += run.count if batch.state == ACKNOWLEDGED else 0
            return
        records = [stored[i : i + RECORD.size] for i in range(0, len(stored), RECORD.size)]
        left = set(records)
        assert len(left) == len(records), "a reading is there twice"
        for run, batch in runs:
            wanted = {run.packed[i : i + RECORD.size] for i in range(0, len(run.packed), RECORD.size)}
            self.found[batch] += len(wanted & left)
            left -= wanted
        assert not left, f"{len(left)} readings nobody sent, the first {RECORD.unpack(min(left))}"

    def verdict(self):
        for batch, rows in self.looked_for.items():
            found = self.found[batch]
            what = f"{found} of {rows} rows of a batch are there, {batch.state}: {[run[:4] for run in batch.runs]}"
            assert found in (0, rows), "torn: " + what
            assert found or not self.must(batch), "lost: " + what
            assert not found or self.may(batch), "not gone: " + what
            assert not found or self.found[batch.before] or not self.looked_for[batch.before], "the batch before it in its body is missing: " + what


class Export:
    """The packed readings of `meterhouse export`, by meter and lane."""

    def __init__(self, content, model):
        assert content[: len(PACKED_HEADER)] == PACKED_HEADER
        self.content, self.model = memoryview(content)[len(PACKED_HEADER) :], model
        self.rows = len(self.content) // RECORD.size

    def __len__(self):
        return self.rows

    def __getitem__(self, index):
        return RECORD.unpack_from(self.content, index * RECORD.size)[:2]

    def judge(self, judge):
        """All of it: what lies in no lane is nobody's."""
        seen = 0
        for (meter, lane), runs in self.model.written.items():
            first = bisect.bisect_left(self, (meter << 2, self.model.place(lane, 0)))
            end = bisect.bisect_left(self, (meter << 2, self.model.place(lane, LANE_ROWS)))
            judge.lane(runs, bytes(self.content[first * RECORD.size : end * RECORD.size]))
            seen += end - first
        assert seen == self.rows, f"{self.rows - seen} readings nobody sent"
        judge.verdict()


def packed_of(answer, meter):
    """The readings of a page of GET …/readings, as records."""
    return b"".join(
        RECORD.pack(meter << 2, int(datetime.fromisoformat(reading["at"]).timestamp()), round(reading["register"] * 1_000_000))
        for reading in answer["readings"]
    )


def ndjson(body):
    return "\n".join(body.objects())


def json_list(body):
    return "[" + ",".join(body.objects()) + "]"


def legacy_list(body):
    return "[" + ",".join(body.objects("timestamp", "reading")) + "]"


def legacy_one(body):
    return body.objects("timestamp", "reading")[0]
