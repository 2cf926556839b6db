"""The answer depends on the set of readings alone. One town's readings, with faults but without conflicts (of those the
first to arrive stays), go to one server in order and to others shuffled, cut anywhere, repeated, in every form and over
kills, restarts and folds: every consumption, readings and latest answer is the same byte by byte.    MH_TEST_SEED: another way"""

import json
import signal
import struct
from datetime import date, datetime, timedelta
from pathlib import Path

from support import ServerTest, main, seeded
from town_files import Town

FIRST_DAY, DAYS = date(2025, 1, 20), 45
WAYS = 4  # to send the set in
ROWS_A_REQUEST_MAX = 1500
REPEATED = 0.1  # share of the rows sent once more
STOP_AFTER = {signal.SIGTERM: 0.05, signal.SIGKILL: 0.05}  # of the requests
STEPS = ["interval", "30min", "hour", "day", "week", "month", "year"]
ZONES = ["America/New_York", "Asia/Kathmandu", "Pacific/Chatham"]  # of the last two no midnight is a half-hour of the site
TOWN = ["--meters", 6, "--solar", 1, "--days", DAYS, "--start", FIRST_DAY, "--duplicates", 0.02, "--out-of-order", 0.02,
        "--late-hours", 0.1, "--late-days", 0.05, "--gaps", 0.1, "--dips", 0.003, "--spikes", 0.0005, "--stuck", 0.02,
        "--rollovers", 0.4, "--exchanges", 0.4]  # fmt: skip


def as_csv(rows):
    return "text/csv", "\n".join(["meter_id,channel,at,register", *(row.text for row in rows)])


def as_objects(rows):
    """With the digits of the town's file, not a double's."""
    for row in rows:
        meter, channel, at, register = row.text.split(",")
        yield f'{{"meter_id":"{meter}","channel":"{channel}","at":"{at}","register":{register}}}'


def as_json(rows):
    return "application/json", f"[{','.join(as_objects(rows))}]"


def as_ndjson(rows):
    return "application/x-ndjson", "\n".join(as_objects(rows))


def as_packed(rows):
    head = b"MHRD" + struct.pack("<HH", 1, 16) + bytes(8)
    records = (struct.pack("<IIq", int(row.channel[0]) << 2 | (row.channel[1] == "export"), row.at, row.register) for row in rows)
    return "application/vnd.meterhouse.readings", head + b"".join(records)


class SetTest(ServerTest):
    OPTIONS = ["--head-budget-kb", "128"]

    def begin_empty(self, name):
        """The server on a directory of that name, where it knows the town's meters alone."""
        self.end_server(signal.SIGTERM)
        self.command[self.command.index("--data") + 1] = str(Path(self.folder.name) / name)
        self.begin_server()
        status, answer = self.client.json("POST", "/api/v1/meters", self.town.meters)
        self.assertEqual((status, answer["registered"]), (200, len(self.town.meters)), answer)

    def send(self, form, rows):
        media_type, body = form(rows)
        status, _, text = self.client.send("POST", "/api/v1/readings", body, {"Content-Type": media_type})
        self.assertEqual(status, 200, text)
        counts = json.loads(text)
        self.assertEqual((counts["conflict"], counts["rejected"]), (0, 0), text)
        return counts["accepted"]

    def send_somehow(self, random):
        """The whole set in a way that nobody would; (how many were accepted, folds)."""
        rows = list(self.town.rows)
        rows += random.sample(rows, int(len(rows) * REPEATED))
        random.shuffle(rows)
        accepted = folds = 0
        while rows:
            some = [rows.pop() for _ in range(min(len(rows), random.randint(1, ROWS_A_REQUEST_MAX)))]
            accepted += self.send(random.choice([as_csv, as_json, as_ndjson, as_packed]), some)
            for how, share in STOP_AFTER.items():
                if random.random() < share:
                    folds += self.metric("meter_store_folds_total")
                    self.restart(how)
        return accepted, folds + self.metric("meter_store_folds_total")

    def paths(self):
        last = FIRST_DAY + timedelta(days=DAYS + 2)
        inside = (FIRST_DAY + timedelta(days=3), f"{FIRST_DAY + timedelta(days=30)}T12:30")
        for meter, channel in self.town.registers:
            base = f"/api/v1/meters/{meter}"
            yield f"{base}/latest?channel={channel}"
            for step in STEPS:
                for first, end in ((FIRST_DAY - timedelta(days=2), last), inside):
                    yield f"{base}/consumption?channel={channel}&from={first}&to={end}&step={step}"
            for zone in ZONES:
                yield f"{base}/consumption?channel={channel}&from={FIRST_DAY}&to={last}&step=day&tz={zone}"
            yield f"{base}/readings?channel={channel}&limit=10000"

    def answers(self):
        found = {}
        for path in self.paths():
            status, _, text = self.client.send("GET", path)
            self.assertEqual(status, 200, text)
            found[path] = text
        return found

    def test_every_way_of_sending_the_set_gives_the_same_answers(self):
        random = seeded()
        cls = type(self)
        folder = Path(self.folder.name)
        cls.town = Town(folder, "town", folder / "config.json", [*TOWN, "--seed", random.randrange(10**6)])
        distinct = sum(map(len, self.town.registers.values()))

        self.begin_empty("in-order")
        accepted = sum(self.send(as_csv, self.town.rows[i:i + 5000]) for i in range(0, len(self.town.rows), 5000))
        self.assertEqual(accepted, distinct)
        wanted = self.answers()
        totals = [json.loads(text)["total"] for path, text in wanted.items() if "step=month" in path]
        self.assertNotIn(None, totals, "the answers must have something to differ in")
        zoned = [json.loads(text)["completeness"] for path, text in wanted.items() if "&tz=" in path]
        self.assertLess(max(counts["expected"] - counts["found"] for counts in zoned), 48 * DAYS / 2, "the grid is the site's")

        for way in range(WAYS):
            with self.subTest(way=way):
                self.begin_empty(f"way-{way}")
                accepted, folds = self.send_somehow(random)
                self.assertEqual(accepted, distinct)
                self.assertGreater(folds, 0, "nothing was folded")
                self.compare(wanted)
                self.restart()
                self.compare(wanted)
                print(f"way {way}: {len(wanted)} answers are the same; {folds} folds", flush=True)

    def compare(self, wanted):
        for path, text in self.answers().items():
            if text != wanted[path]:
                at = next((i for i, (a, b) in enumerate(zip(text, wanted[path])) if a != b), min(len(text), len(wanted[path])))
                self.fail(f"{path}\n{text[max(0, at - 200):at + 200]}\nis not\n{wanted[path][max(0, at - 200):at + 200]}")


if __name__ == "__main__":
    main()
