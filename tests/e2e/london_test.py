"""The main job on real input: a London household's half-hours, summed up into register readings, sent over HTTP. Every local
day's and month's total equals the sum computed here from the data alone; a day with a gap at one of its boundaries is marked
estimated, and the total over each gap stays exact."""

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from support import ROOT, ServerTest, main

LONDON = ZoneInfo("Europe/London")
HALF_HOUR = timedelta(minutes=30)
DATA = ROOT / "tests/data/london-household-half-hours.csv"


def half_hours():
    """[(closing instant, kWh)], the kWh rounded to whole milliwatt-hours as the server rounds."""
    rows = []
    with DATA.open() as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["closing_instant_utc"]).replace(tzinfo=timezone.utc)
            rows.append((at, Decimal(row["kwh"]).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)))
    return rows


def local_midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(timezone.utc)


class London(ServerTest):
    CONFIG = {"timezone": "Europe/London"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.half_hours = half_hours()
        register = Decimal(0)
        cls.registers = {cls.half_hours[0][0] - HALF_HOUR: register}
        for at, kwh in cls.half_hours:
            register += kwh
            cls.registers[at] = register
        cls.gaps = []  # (from, to): no reading between the two
        instants = sorted(cls.registers)
        for before, after in zip(instants, instants[1:]):
            if after - before > HALF_HOUR:
                cls.gaps.append((before, after))

    def setUp(self):
        self.meter = self.new_meter()
        lines = ["meter_id,at,register"] + [f"{self.meter},{at.isoformat()},{value}" for at, value in self.registers.items()]
        status, _, text = self.client.send("POST", "/api/v1/readings", "\n".join(lines), {"Content-Type": "text/csv"})
        self.assertEqual((status, json.loads(text)["accepted"]), (200, len(self.registers)), text)

    def consumption(self, start, end, step):
        path = f"/api/v1/meters/{self.meter}/consumption?from={start}&to={end}&step={step}"
        status, _, text = self.client.send("GET", path)
        self.assertEqual(status, 200, text)
        return json.loads(text, parse_float=Decimal)

    def sums(self, part_of):
        totals = defaultdict(Decimal)
        for at, kwh in self.half_hours:
            totals[part_of((at - HALF_HOUR).astimezone(LONDON))] += kwh  # a half-hour belongs to the day it began in
        return totals

    def check(self, step, totals, bounds_of):
        first, last = min(self.registers), max(self.registers)
        answer = self.consumption("2011-12-01", "2013-03-01", step)
        values = {datetime.fromisoformat(value["from"]).astimezone(LONDON): value for value in answer["values"]}
        exact = over_gaps = estimated = 0
        for key, total in sorted(totals.items()):
            start, end = bounds_of(key)
            value = values[start.astimezone(LONDON)]
            if start < first or end > last:
                continue
            bounded = start in self.registers and end in self.registers
            self.assertEqual(value["quality"], "actual" if bounded else "estimated", key)
            if bounded:
                self.assertEqual(Decimal(value["consumption"]), self.registers[end] - self.registers[start], key)
                if not any(before < end and after > start for before, after in self.gaps):
                    self.assertEqual(Decimal(value["consumption"]), total, key)
                    exact += 1
                else:
                    over_gaps += 1
            else:
                estimated += 1
        return exact, over_gaps, estimated

    def test_every_local_day_and_month(self):
        def day_bounds(day):
            return local_midnight(day), local_midnight(day + timedelta(days=1))

        def month_bounds(month):
            year, number = month
            after = (year + number // 12, number % 12 + 1)
            return tuple(local_midnight(datetime(y, m, 1)) for y, m in (month, after))

        # Without a gap, with one inside, with one at a boundary. Each of the three gaps hides one local midnight, a bound of
        # two days; the first and the last day and month of the data are not whole and not compared.
        self.assertEqual(self.check("day", self.sums(lambda local: local.date()), day_bounds), (413, 0, 6))
        self.assertEqual(self.check("month", self.sums(lambda local: (local.year, local.month)), month_bounds), (11, 2, 0))

    def test_the_total_over_each_gap_is_exact(self):
        self.assertGreater(len(self.gaps), 0)
        for before, after in self.gaps:
            with self.subTest(before):
                start, end = before - timedelta(days=1), after + timedelta(days=1)
                start, end = (at if at in self.registers else None for at in (start, end))
                start, end = start or before, end or after
                text = [at.isoformat().replace("+00:00", "Z") for at in (start, end)]
                answer = self.consumption(*text, "hour")
                self.assertEqual(Decimal(answer["total"]), self.registers[end] - self.registers[start])
                energies = [Decimal(value["consumption"]) for value in answer["values"]]
                self.assertEqual(sum(energies), Decimal(answer["total"]))


if __name__ == "__main__":
    main()
