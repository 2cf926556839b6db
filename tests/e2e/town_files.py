"""A simulated town as files: its meters, the readings in the order in which they are sent, and the faults in them."""

import csv
import json
import subprocess
from collections import namedtuple
from datetime import datetime
from decimal import Decimal

from support import PROGRAM

# The row of the file as it stands, and what it says: channel (meter_id, "import" or "export"), epoch seconds, mWh.
Row = namedtuple("Row", "text channel at register")


def mwh(text):
    return int(Decimal(text) * 1_000_000)


def epoch(text):
    return int(datetime.fromisoformat(text).timestamp())


class Town:
    def __init__(self, folder, name, config, options):
        files = {kind: folder / f"{name}-{kind}" for kind in ("rows.csv", "meters.csv", "faults.ndjson")}
        subprocess.run(
            [PROGRAM, "simulate", "--config", str(config), "--output", str(files["rows.csv"]), "--meters-file",
             str(files["meters.csv"]), "--faults", str(files["faults.ndjson"]), *map(str, options)],
            check=True, capture_output=True, timeout=300)
        self.header, *lines = files["rows.csv"].read_text().splitlines()
        self.rows = []
        for line in lines:
            meter, channel, at, register = line.split(",")
            self.rows.append(Row(line, (meter, channel), epoch(at), mwh(register)))
        with files["meters.csv"].open() as file:
            self.meters = [{**meter, "register_digits": int(meter["register_digits"])} for meter in csv.DictReader(file)]
        self.faults = [json.loads(line) for line in files["faults.ndjson"].read_text().splitlines()]
        # {channel: {instant: register}}: of several registers for an instant the first that was sent.
        self.registers = {channel: {} for channel in sorted({row.channel for row in self.rows})}
        for row in self.rows:
            self.registers[row.channel].setdefault(row.at, row.register)

    def faults_of(self, channel, *kinds):
        return [fault for fault in self.faults if (fault["meter_id"], fault["channel"]) == channel and fault["fault"] in kinds]
