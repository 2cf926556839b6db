"""Local days of 23, 24 and 25 hours, and a reading at 00:00, over HTTP."""

import unittest
from datetime import datetime, timedelta, timezone

from support import ServerTest, iso, main

UTC = timezone.utc


def half_hours(start, count, first_register=1000):
    """Registers every half-hour from `start`, `count` intervals of 0.5 kWh."""
    return [(start + timedelta(minutes=30 * i), first_register + 0.5 * i) for i in range(count + 1)]


class Days:
    def days(self, meter, first, last):
        status, answer = self.client.json("GET", f"/api/v1/meters/{meter}/consumption?from={first}&to={last}&step=day")
        self.assertEqual(status, 200, answer)
        return answer

    def check(self, start, days, cases):
        meter = self.new_meter()
        self.accept([{"meter_id": meter, "at": iso(at), "register": register} for at, register in half_hours(start, 48 * days)])
        for day, next_day, hours in cases:
            with self.subTest(day):
                answer = self.days(meter, day, next_day)
                (value,) = answer["values"]
                self.assertEqual((value["consumption"], value["quality"]), (float(hours), "actual"))
                self.assertEqual((value["expected"], value["found"], value["estimated"]), (2 * hours, 2 * hours, 0))
                self.assertEqual((value["covered_from"], value["covered_to"]), (value["from"], value["to"]))
                length = datetime.fromisoformat(value["to"]) - datetime.fromisoformat(value["from"])
                self.assertEqual(length, timedelta(hours=hours))


class London(Days, ServerTest):
    CONFIG = {"timezone": "Europe/London"}

    def test_clocks_forward(self):
        start = datetime(2024, 3, 29, tzinfo=UTC)
        self.check(start, 4, [("2024-03-30", "2024-03-31", 24), ("2024-03-31", "2024-04-01", 23), ("2024-04-01", "2024-04-02", 24)])

    def test_clocks_back(self):
        start = datetime(2024, 10, 25, 23, tzinfo=UTC)
        self.check(start, 3, [("2024-10-26", "2024-10-27", 24), ("2024-10-27", "2024-10-28", 25)])

    def test_a_gap_where_the_long_day_begins_and_a_last_day_in_part(self):
        """Completeness of each day: clocks go back on the 27th, whose first three readings are missing; the 28th ends at noon."""
        meter = self.new_meter()
        start = datetime(2024, 10, 25, 23, tzinfo=UTC)
        rows = half_hours(start, 48 + 50 + 24)
        self.accept([{"meter_id": meter, "at": iso(at), "register": register} for i, (at, register) in enumerate(rows) if i not in (48, 49, 50)])
        answer = self.days(meter, "2024-10-26", "2024-10-30")
        names = ("consumption", "quality", "expected", "found", "estimated", "covered_from", "covered_to")
        self.assertEqual([tuple(value[name] for name in names) for value in answer["values"]], [
            (24, "estimated", 48, 47, 1, "2024-10-26T00:00:00+01:00", "2024-10-27T00:00:00+01:00"),
            (25, "estimated", 50, 48, 3, "2024-10-27T00:00:00+01:00", "2024-10-28T00:00:00+00:00"),
            (12, "actual", 48, 24, 0, "2024-10-28T00:00:00+00:00", "2024-10-28T12:00:00+00:00"),
            (None, "missing", 48, 0, 0, None, None),
        ])
        self.assertEqual((answer["total"], answer["completeness"]["covered_to"]), (61, "2024-10-28T12:00:00+00:00"))

    def test_local_times_without_an_offset(self):
        """Sent in order, the repeated hour is told apart by what came before."""
        meter = self.new_meter()
        rows = [("2024-10-27T00:30", 1), ("2024-10-27T01:00", 2), ("2024-10-27T01:30", 3), ("2024-10-27T01:00", 4),
                ("2024-10-27T01:30", 5), ("2024-10-27T02:00", 6)]
        self.accept([{"meter_id": meter, "at": at, "register": register} for at, register in rows])
        _, page = self.client.json("GET", f"/api/v1/meters/{meter}/readings")
        self.assertEqual([(r["at"][11:], r["register"]) for r in page["readings"]],
                         [("00:30:00+01:00", 1), ("01:00:00+01:00", 2), ("01:30:00+01:00", 3), ("01:00:00+00:00", 4),
                          ("01:30:00+00:00", 5), ("02:00:00+00:00", 6)])


class Singapore(Days, ServerTest):
    def test_every_day_has_24_hours(self):
        start = datetime(2024, 3, 29, 16, tzinfo=UTC)
        self.check(start, 3, [("2024-03-30", "2024-03-31", 24), ("2024-03-31", "2024-04-01", 24), ("2024-04-01", "2024-04-02", 24)])

    def test_a_reading_at_midnight_closes_the_day_before(self):
        meter = self.new_meter()
        self.accept([{"meter_id": meter, "at": at, "register": register} for at, register in [
            ("2025-02-19T23:30:00", 10), ("2025-02-20T00:00:00", 11), ("2025-02-21T00:00:00", 35), ("2025-02-21T00:30:00", 36)]])
        answer = self.days(meter, "2025-02-20", "2025-02-21")
        self.assertEqual((answer["total"], answer["values"][0]["quality"]), (24, "actual"))


if __name__ == "__main__":
    main()
