"""Consumption computed a second time, straight from the rules of docs/api/v1.md, for readings and bounds that stand on
half-hours. Plain and slow on purpose; shares nothing with the program. Energies are whole milliwatt-hours, instants epoch
seconds."""

from fractions import Fraction

GRID = 1800
DIP_REACH = 96 * 3600
GREATEST_DRAW = Fraction(69_000_000 * 6, 5 * 3600)  # mWh a second: three phases of 100 A at 230 V, and a fifth on top


def could_be_drawn(energy, seconds):
    return energy <= GREATEST_DRAW * seconds


class Channel:
    """readings: {instant: register}; modulus: where the register wraps."""

    def __init__(self, readings, modulus, now):
        self.all, self.modulus, self.now = sorted(readings.items()), modulus, now
        dips = self.in_dips()
        self.kept = [reading for index, reading in enumerate(self.all) if index not in dips]
        self.at = [at for at, _ in self.kept]
        self.place = {at: index for index, at in enumerate(self.at)}
        dip_instants = [self.all[index][0] for index in dips]
        self.energy, self.suspect = [0], []
        for (at, register), (next_at, next_register) in zip(self.kept, self.kept[1:]):
            wrapped = self.is_rollover((at, register), (next_at, next_register))
            fell = next_register < register and not wrapped
            used = 0 if fell else next_register - register + (self.modulus if wrapped else 0)
            self.energy.append(self.energy[-1] + used)
            self.suspect.append(fell or any(at < dip < next_at for dip in dip_instants))

    def is_rollover(self, reading, following):
        (at, register), (next_at, next_register) = reading, following
        wrap = self.modulus
        if next_register >= register or not wrap * 9 < register * 10 < wrap * 10 or next_register * 2 >= wrap:
            return False
        return could_be_drawn(wrap - register + next_register, next_at - at)

    def in_dips(self):
        """Indexes of the readings that are lower than one before them and left out, as the register is soon back."""
        dips = set()
        for before, (at, register) in enumerate(self.all):
            after = before + 1
            while after < len(self.all) and self.all[after][1] < register:
                after += 1
            if after == before + 1 or after == len(self.all) or self.all[after][0] - at > DIP_REACH:
                continue
            low_at, low = self.all[before + 1]
            back_at, back = self.all[after]
            if self.is_rollover((at, register), (low_at, low)) and could_be_drawn(back - low, back_at - low_at):
                continue
            dips.update(range(before + 1, after))
        return dips

    def pair_around(self, bound):
        return max(index for index, at in enumerate(self.at) if at <= bound)

    def energy_at(self, bound):
        """(energy, whether it is a share of a longer interval)"""
        if bound in self.place:
            return self.energy[self.place[bound]], False
        pair = self.pair_around(bound)
        share = Fraction(bound - self.at[pair], self.at[pair + 1] - self.at[pair])
        return self.energy[pair] + round((self.energy[pair + 1] - self.energy[pair]) * share), True

    def value(self, start, end):
        """What the answer says of [start, end), as a dict with the answer's names; energies in mWh."""
        first, last = self.at[0], self.at[-1]
        points = range(start + GRID, end + 1, GRID)
        expected = [point for point in points if self.all[0][0] + GRID <= point <= self.now]
        value = {"consumption": None, "quality": "missing", "expected": len(expected), "covered_from": None, "covered_to": None,
                 "found": sum(point in self.place for point in expected), "estimated": 0, "estimated_kwh": 0}
        start, end = max(start, first), min(end, last)
        if start >= end:
            return value
        (low, low_estimated), (high, high_estimated) = self.energy_at(start), self.energy_at(end)
        pairs = range(self.pair_around(start), self.pair_around(end - 1) + 1)
        gaps = [pair for pair in pairs if self.at[pair + 1] - self.at[pair] > GRID]
        value.update(consumption=high - low, covered_from=start, covered_to=end)
        value["quality"] = "suspect" if any(self.suspect[pair] for pair in pairs) else "estimated" if low_estimated or high_estimated else "actual"
        value["estimated"] = sum(
            first <= point - GRID and point <= last and not (point in self.place and point - GRID in self.place) for point in expected)
        value["estimated_kwh"] = sum(min(high, self.energy[pair + 1]) - max(low, self.energy[pair]) for pair in gaps)
        return value
