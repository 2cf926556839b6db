"""A town with every planted disorder, sent to the real server as it comes, and every day's and month's answer compared with
the truth, twice: with the town as it is without faults, where a fault must not show; and with a computation of its own from
the rows that were sent, everywhere and to the last digit, quality and completeness included.    MH_TEST_SEED: another town"""

import json
import time
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from consumption_reference import Channel
from support import ServerTest, main, seeded
from town_files import Town, epoch, mwh

ZONE = ZoneInfo("Europe/London")  # with a day of 23 hours, 2025-03-30
FIRST_DAY, DAYS = date(2025, 1, 20), 100
ROWS_A_REQUEST = 4000
# What the town's meters are, and what befalls their readings.
DEVICES = {"rollovers": 0.3, "exchanges": 0.2}
DISORDER = {"duplicates": 0.02, "conflicts": 0.01, "out-of-order": 0.02, "late-hours": 0.1, "late-days": 0.05, "gaps": 0.08,
            "dips": 0.002, "spikes": 0.0001, "stuck": 0.01}
KINDS = {"duplicate", "conflict", "out-of-order", "late-hours", "late-days", "gap", "dip", "rollover", "exchange", "spike", "stuck"}


def midnight(day):
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def bounds(step, first, last):
    """The local days or months that cover [first, last)."""
    starts = [first]
    while starts[-1] < last:
        day = starts[-1] + timedelta(days=1)
        while step == "month" and day.day != 1 and day < last:
            day += timedelta(days=1)
        starts.append(day)
    return list(zip(map(midnight, starts), map(midnight, starts[1:])))


def as_numbers(value):
    """An answer's value as the reference has it."""
    numbers = {name: value[name] for name in ("quality", "expected", "found", "estimated")}
    numbers["consumption"] = None if value["consumption"] is None else mwh(value["consumption"])
    for name in ("covered_from", "covered_to"):
        numbers[name] = None if value[name] is None else epoch(value[name])
    return numbers


class TownTest(ServerTest):
    CONFIG = {"timezone": "Europe/London"}
    OPTIONS = ["--head-budget-kb", "512"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder, config = Path(cls.folder.name), Path(cls.folder.name) / "config.json"
        size = ["--meters", 30, "--days", DAYS, "--start", FIRST_DAY, "--solar", 1, "--seed", seeded().randrange(10**6)]
        options = lambda rates: [text for name, rate in rates.items() for text in (f"--{name}", rate)]
        cls.sent = Town(folder, "sent", config, size + options(DEVICES) + options(DISORDER))
        cls.actual = Town(folder, "actual", config, size + options(DEVICES))
        cls.counts = cls.send_town()

    @classmethod
    def send_town(cls):
        status, answer = cls.client.json("POST", "/api/v1/meters", cls.sent.meters)
        assert (status, answer["registered"]) == (200, len(cls.sent.meters)), answer
        counts = Counter()
        for i in range(0, len(cls.sent.rows), ROWS_A_REQUEST):
            body = "\n".join([cls.sent.header, *(row.text for row in cls.sent.rows[i:i + ROWS_A_REQUEST])])
            status, _, text = cls.client.send("POST", "/api/v1/readings", body, {"Content-Type": "text/csv"})
            assert status == 200, text
            counts.update({name: count for name, count in json.loads(text).items() if name != "errors"})
        return counts

    def answer(self, channel, step, first=FIRST_DAY, last=FIRST_DAY + timedelta(days=DAYS + 1)):
        """The answer, its numbers as they were written."""
        meter, name = channel
        path = f"/api/v1/meters/{meter}/consumption?channel={name}&from={first}&to={last}&step={step}"
        status, _, text = self.client.send("GET", path)
        self.assertEqual(status, 200, text)
        return json.loads(text, parse_float=Decimal)

    def modulus(self, channel):
        (digits,) = [meter["register_digits"] for meter in self.sent.meters if meter["meter_id"] == channel[0]]
        return 10**digits * 1_000_000

    def true_energies(self, channel):
        """{instant: mWh used since the first}, from the town without faults: rollovers and exchanges continued over."""
        registers = sorted(self.actual.registers[channel].items())
        initial = {epoch(fault["from"]): mwh(str(fault["shown"])) for fault in self.actual.faults_of(channel, "exchange")}
        used, energies, (last_at, last) = 0, {registers[0][0]: 0}, registers[0]
        for at, register in registers[1:]:
            used += (register - initial.get(last_at, last)) % self.modulus(channel)
            energies[at] = used
            last_at, last = at, register
        return energies

    def test_every_kind_is_planted_and_counted(self):
        planted = Counter(fault["fault"] for fault in self.sent.faults)
        print(f"{len(self.sent.rows)} rows: {dict(planted)}; {dict(self.counts)}; {self.metric('meter_store_folds_total')} folds", flush=True)
        self.assertEqual(set(planted), KINDS)
        again = Counter(self.sent.registers[row.channel][row.at] == row.register for row in self.sent.rows)
        accepted = sum(map(len, self.sent.registers.values()))
        self.assertEqual(
            dict(self.counts),
            {"accepted": accepted, "duplicate": again[True] - accepted, "conflict": again[False], "pending": 0, "rejected": 0})
        self.assertGreater(self.metric("meter_store_folds_total"), 1)

    def test_where_no_fault_can_show_the_answer_is_the_town_without_faults(self):
        """A value between two boundaries whose right register was sent, with no spike and no exchange in reach: whatever came
        twice, late, in disorder, in conflict, as a dip or never, the energy is the true one to the last digit."""
        reach = 97 * 3600
        compared, touched = Counter(), Counter()
        for channel, registers in self.sent.registers.items():
            right = {at for at, register in registers.items() if register == self.actual.registers[channel][at]}
            bases = [epoch(fault["from"]) for fault in self.sent.faults_of(channel, "spike", "exchange")]
            others = [(fault["fault"], epoch(fault["from"]), epoch(fault["to"])) for fault in self.sent.faults_of(channel, *(KINDS - {"spike", "exchange"}))]
            energies = self.true_energies(channel)
            for step in ("day", "month"):
                for value in self.answer(channel, step)["values"]:
                    start, end = epoch(value["from"]), epoch(value["to"])
                    if not {start, end} <= right or any(start - reach <= base <= end + reach for base in bases):
                        continue
                    self.assertEqual(mwh(value["consumption"]), energies[end] - energies[start], (channel, value))
                    compared[step] += 1
                    touched.update({kind for kind, first, last in others if start < last and first < end})
        print(f"compared with the town without faults: {dict(compared)}; among them with {dict(touched)}", flush=True)
        self.assertGreater(compared["day"], 30 * DAYS // 3)
        self.assertGreater(compared["month"], 10)
        self.assertEqual(set(touched), KINDS - {"spike", "exchange"})

    def test_over_the_whole_time_nothing_is_lost_or_invented(self):
        compared = 0
        for channel, registers in self.sent.registers.items():
            if self.sent.faults_of(channel, "spike", "exchange"):
                continue
            energies = self.true_energies(channel)
            first, last = min(registers), max(registers)
            if any(registers[at] != self.actual.registers[channel][at] for at in (first, last)):
                continue
            self.assertEqual(mwh(self.answer(channel, "month")["total"]), energies[last] - energies[first], channel)
            compared += 1
        self.assertGreater(compared, 3)

    def test_every_day_and_month_is_what_the_rules_make_of_the_rows(self):
        qualities = Counter()
        for channel, readings in self.sent.registers.items():
            reference = Channel(readings, self.modulus(channel), int(time.time()))
            last = FIRST_DAY + timedelta(days=DAYS + 1)
            for step in ("day", "month"):
                answer = self.answer(channel, step)
                expected = [reference.value(start, end) for start, end in bounds(step, FIRST_DAY, last)]
                self.assertEqual(len(answer["values"]), len(expected))
                for value, wanted in zip(answer["values"], expected):
                    del wanted["estimated_kwh"]  # told of the total alone
                    self.assertEqual(as_numbers(value), wanted, (channel, step, value))
                    qualities[value["quality"]] += 1
                total = reference.value(midnight(FIRST_DAY), midnight(last))
                about = answer["completeness"]
                self.assertEqual(mwh(about["estimated_kwh"]), total.pop("estimated_kwh"), channel)
                self.assertEqual(as_numbers({**about, "consumption": answer["total"], "quality": answer["quality"]}), total, channel)
        print(f"every value compared: {dict(qualities)}", flush=True)
        self.assertEqual(set(qualities), {"actual", "estimated", "suspect", "missing"})


if __name__ == "__main__":
    main()
