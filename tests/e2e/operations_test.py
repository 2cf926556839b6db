"""Maintenance, the daily job and the day's backup on the real program, also over restarts and kills."""

import http.client
import json
import shutil
import signal
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

from openapi_answers import OpenApiAnswers
from support import PROGRAM, ROOT, Client, RunningServer, ServerTest, free_address, iso, main, now, serve_command

WAIT_S = 60


class Operations(ServerTest):
    CONFIG = {"maintenance_seconds": 3600, "daily_job_at": "off"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answers = OpenApiAnswers(json.loads(cls.client.send("GET", "/api/openapi.json")[2]))

    def tearDown(self):
        self.client.send("DELETE", "/api/v1/maintenance")
        self.wait_for_state("off")

    def ask(self, method, path, value=None):
        """(status, answer), the answer checked against the OpenAPI document."""
        body = None if value is None else json.dumps(value)
        status, headers, text = self.client.send(method, path, body, {"Content-Type": "application/json"} if body else None)
        self.answers.check(method, path, status, headers, text)
        return status, json.loads(text)

    def wait_for_state(self, *states):
        def state():
            answer = self.ask("GET", "/api/v1/maintenance")[1]
            return answer if answer["state"] in states else None

        return self.wait_until(" or ".join(states), state)

    def run_daily_job(self):
        status, run = self.ask("POST", "/api/v1/jobs/daily")
        self.assertEqual(status, 202)

        def ended():
            answer = self.ask("GET", f"/api/v1/jobs/{run['id']}")[1]
            return answer if answer["state"] != "running" else None

        return self.wait_until("the end of the daily job", ended)

    def latest(self, meter):
        return self.client.send("GET", f"/api/v1/meters/{meter}/latest")[0]

    def midnight(self, days_ago):
        return now().replace(hour=0, minute=0, second=0) - timedelta(days=days_ago)

    def fill_yesterday(self, meter, each=0.25, start=100):
        first = self.midnight(1)
        self.post_rows(
            [
                {"meter_id": meter, "at": iso(first + timedelta(minutes=30 * i)), "register": start + each * i}
                for i in range(49)
            ]
        )


class Maintenance(Operations):
    def test_every_path_but_the_listed_ones_is_turned_away(self):
        meter = self.new_meter()
        at = now() - timedelta(hours=1)
        self.assertEqual(self.client.json("GET", "/stopserver"),
                         (200, {"status": "success", "message": "Server in maintenance mode. Background job started."}))  # fmt: skip
        self.assertEqual(self.client.json("GET", "/stopserver"),
                         (400, {"status": "error", "message": "Already in maintenance"}))  # fmt: skip
        turned_away = {"status": "error", "message": "Server is in maintenance mode. Please try again later."}
        for method, path in [
            ("GET", f"/api/user/query?meter_id={meter}&period=1d"),
            ("POST", "/api/user/register"),
            ("GET", "/api/billing"),
        ]:
            with self.subTest(path):
                status, headers, text = self.client.send(method, path)
                self.assertEqual((status, json.loads(text)), (503, turned_away))
                self.assertGreater(int(headers["Retry-After"]), 0)
        for path in (f"/api/v1/meters/{meter}", "/api/v1/meters", "/api/v1/digest", "/api/v1/nothing"):
            with self.subTest(path):
                status, headers, text = self.client.send("GET", path)
                self.assertEqual((status, headers["Content-Type"]), (503, "application/problem+json"))
                self.assertEqual(json.loads(text)["detail"], turned_away["message"])
                self.assertGreater(int(headers["Retry-After"]), 0)
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/config", "/api/v1/jobs", "/", "/query/"):
            with self.subTest(path):
                self.assertEqual(self.client.send("GET", path)[0], 200)

        reading = {"meter_id": meter, "timestamp": iso(at), "reading": 5}
        self.assertEqual(
            self.client.json("POST", "/meter/reading", reading),
            (200, {"status": "success", "message": "Reading stored to pending queue (maintenance mode)"}),
        )
        self.assertEqual(
            self.client.json("POST", "/meter/bulk_readings", [{**reading, "timestamp": iso(at - timedelta(hours=1))}]),
            (200, {"status": "success", "message": "Bulk queued. Success: 1, Failed: 0"}),
        )
        counts = self.client.json("POST", "/api/v1/readings", [{"meter_id": meter, "at": iso(at), "register": 5}])[1]
        self.assertEqual((counts["accepted"], counts["pending"]), (0, 1))
        self.assertEqual(self.wait_for_state("waiting")["pending"], 3)
        self.assertEqual(self.ask("DELETE", "/api/v1/maintenance")[0], 202)
        self.wait_for_state("off")
        readings = self.client.json("GET", f"/api/v1/meters/{meter}/readings")[1]["readings"]
        self.assertEqual(len(readings), 2)

    def test_v1_begins_and_ends_it(self):
        status, answer = self.ask("POST", "/api/v1/maintenance", {"duration_s": 3, "reason": "new switch"})
        self.assertEqual((status, answer["active"], answer["state"], answer["reason"]), (201, True, "waiting", "new switch"))
        self.assertEqual(self.ask("POST", "/api/v1/maintenance")[0], 409)
        self.wait_for_state("off")
        self.assertEqual(self.ask("DELETE", "/api/v1/maintenance")[0], 409)
        for wrong in ({"duration_s": -1}, {"duration_s": "1"}, {"reason": 7}, {"duration": 1}, [], "x"):
            with self.subTest(wrong):
                self.assertEqual(self.ask("POST", "/api/v1/maintenance", wrong)[0], 400)

    def test_a_page_elsewhere_cannot_stop_the_server(self):
        self.assertEqual(self.client.send("HEAD", "/stopserver")[0], 405)
        status = self.client.send("GET", "/stopserver", headers={"Sec-Fetch-Site": "cross-site"})[0]
        self.assertEqual(status, 403)

    def test_it_goes_on_after_a_stop_and_after_a_kill(self):
        meter = self.new_meter()
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                at = iso(now() - timedelta(minutes=30 * how))
                self.ask("POST", "/api/v1/maintenance", {"duration_s": 3600, "reason": "long"})
                rows = [{"meter_id": meter, "at": at, "register": 7}]
                self.assertEqual(self.client.json("POST", "/api/v1/readings", rows)[1]["pending"], 1)
                before = self.latest_count(meter, then=False)
                self.restart(how)
                answer = self.ask("GET", "/api/v1/maintenance")[1]
                self.assertEqual((answer["active"], answer["reason"], answer["pending"]), (True, "long", 1))
                self.ask("DELETE", "/api/v1/maintenance")
                self.wait_for_state("off")
                self.assertEqual(self.latest_count(meter), before + 1)

    def latest_count(self, meter, then=True):
        """How many readings the meter shows; in maintenance, as many as it showed before."""
        if then:
            self.shown = len(self.client.json("GET", f"/api/v1/meters/{meter}/readings")[1]["readings"])
        return getattr(self, "shown", 0)


class DailyJob(Operations):
    def test_the_day_is_closed_and_its_backup_answers(self):
        date = self.midnight(1).date().isoformat()
        none = {"status": "error", "message": f"No Backup Data for {date}"}
        meter, other = self.new_meter(), self.new_meter(dwelling_type="3-room")
        self.assertEqual(self.client.json("GET", "/get_backup"), (404, none))
        self.assertEqual(self.ask("GET", f"/api/v1/days/{date}")[0], 404)
        self.fill_yesterday(meter)
        self.fill_yesterday(other, each=0.5)
        run = self.run_daily_job()
        self.assertEqual(run["state"], "done", run)
        self.assertEqual([run["job"], run["day"], run["trigger"]], ["daily", date, "request"])
        self.assertEqual({step["state"] for step in run["steps"]}, {"done"})
        self.assertEqual(
            self.client.json("GET", f"/get_backup?date={date}"),
            (200, {"status": "success", "date": date, "data": {meter: "12", other: "24"}}),
        )
        day = self.ask("GET", f"/api/v1/days/{date}")[1]
        self.assertEqual((day["readings"], day["missing"]), (96, 0))
        totals = {total["dwelling_type"]: total["consumption"] for total in day["totals"]}
        self.assertEqual(totals, {"4-room": 12, "3-room": 24})
        self.assertEqual(self.ask("GET", "/api/v1/jobs")[1]["jobs"][0]["id"], run["id"])

        # Late readings: the next run sums the day up again.
        late = self.new_meter()
        self.fill_yesterday(late, each=1)
        self.assertEqual(self.ask("GET", f"/api/v1/days/{date}")[1]["readings"], 96)
        self.run_daily_job()
        self.assertEqual(self.ask("GET", f"/api/v1/days/{date}")[1]["readings"], 144)
        self.assertEqual(self.client.json("GET", "/get_backup")[1]["data"][late], "48")

        digest = self.ask("GET", "/api/v1/digest")[1]
        self.restart(signal.SIGKILL)
        self.assertEqual(self.ask("GET", "/api/v1/digest")[1], digest)
        self.assertEqual(self.client.json("GET", "/get_backup?date=nonsense")[0], 404)
        self.assertEqual(self.ask("GET", "/api/v1/days/nonsense")[0], 400)
        self.assertEqual(self.ask("GET", "/api/v1/jobs/999999")[0], 404)


class Backups(Operations):
    def test_a_running_server_backs_itself_up_and_is_restored(self):
        meter = self.new_meter()
        self.fill_yesterday(meter)
        status, run = self.ask("POST", "/api/v1/backups")
        self.assertEqual((status, run["job"]), (202, "backup"))

        def ended():
            answer = self.ask("GET", f"/api/v1/jobs/{run['id']}")[1]
            return answer if answer["state"] != "running" else None

        run = self.wait_until("the end of the backup", ended)
        self.assertEqual([step["state"] for step in run["steps"]], ["done", "done"], run)
        found = self.ask("GET", "/api/v1/backups")[1]
        self.assertEqual([backup["whole"] for backup in found["backups"]], [True])
        digest = self.ask("GET", "/api/v1/digest")[1]
        self.assertEqual(self.run_daily_job()["state"], "done")  # a second backup, and the check of it
        self.assertEqual(len(self.ask("GET", "/api/v1/backups")[1]["backups"]), 2)

        restored = Path(self.folder.name) / "restored"
        subprocess.run([PROGRAM, "restore", "--from", found["directory"], "--to", restored], check=True, stdout=subprocess.DEVNULL)
        address = free_address()
        with RunningServer(serve_command(address, restored), address):
            self.assertEqual(Client(address).json("GET", "/api/v1/digest")[1], digest)
        manifest = next(Path(found["directory"]).glob("backup-*/manifest.json"))
        manifest.write_bytes(manifest.read_bytes()[:-10])
        damaged = [backup for backup in self.ask("GET", "/api/v1/backups")[1]["backups"] if not backup["whole"]]
        self.assertEqual([backup["name"] for backup in damaged], [manifest.parent.name])


class Shipping(Operations):
    CONFIG = {**Operations.CONFIG, "journal_shipping": "every_batch"}

    def test_a_lost_disk_is_restored_to_any_moment(self):
        backups = Path(self.folder.name) / "elsewhere"
        type(self).command += ["--backup-dir", str(backups)]
        self.restart(signal.SIGTERM)
        meter = self.new_meter()
        first = self.midnight(3)

        def send(number):
            row = {"meter_id": meter, "at": iso(first + timedelta(minutes=30 * number)), "register": number}
            counts = self.client.json("POST", "/api/v1/readings", [row])[1]
            self.assertEqual(counts["accepted"] + counts["pending"], 1)

        for number in range(10):
            send(number)
        self.assertEqual(self.ask("POST", "/api/v1/backups")[0], 202)
        self.wait_until("a backup", lambda: self.ask("GET", "/api/v1/backups")[1]["backups"])
        time.sleep(2)  # moments of the journal are whole seconds
        for number in range(10, 15):
            send(number)
        time.sleep(2)
        moment = iso(now() - timedelta(seconds=1))
        late = self.new_meter()
        self.ask("POST", "/api/v1/maintenance", {"duration_s": 3600})
        for number in range(15, 20):
            send(number)
        self.end_server(signal.SIGKILL)
        shutil.rmtree(self.data)

        for at, count, meters in (("", 20, {meter, late}), (moment, 15, {meter})):
            with self.subTest(at):
                restored = Path(self.folder.name) / f"restored-{count}"
                command = [PROGRAM, "restore", "--from", backups, "--to", restored] + (["--at", at] if at else [])
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                address = free_address()
                with RunningServer(serve_command(address, restored), address):
                    client = Client(address)
                    readings = client.json("GET", f"/api/v1/meters/{meter}/readings")[1]["readings"]
                    self.assertEqual([reading["register"] for reading in readings], list(range(count)))
                    listed = client.json("GET", "/api/v1/meters")[1]["meters"]
                    self.assertEqual({entry["meter_id"] for entry in listed}, meters)
        type(self).command[-1] += "-2"  # a new store; the backups of the lost one are not its own
        self.begin_server()


class NotShipped(Operations):
    """What the shipped journal and the store do not have in common is told."""

    CONFIG = {**Operations.CONFIG, "journal_shipping": "every_second", "daily_job_at": f"{now() + timedelta(hours=12):%H:%M}"}

    def send(self, meter, number):
        self.accept([{"meter_id": meter, "at": iso(self.midnight(3) + timedelta(minutes=number)), "register": number}])

    def test_frames_that_were_never_shipped_are_backed_up(self):
        meter = self.new_meter()
        self.send(meter, 1)
        self.end_server(signal.SIGTERM)
        rows = Path(self.folder.name) / "rows.csv"
        rows.write_text(f"meter_id,at,register\n{meter},{iso(self.midnight(2))},2\n")
        subprocess.run([PROGRAM, "import", rows, "--data", self.data], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        self.begin_server()

        def backed_up():
            runs = self.ask("GET", "/api/v1/jobs")[1]["jobs"]
            return any((run["job"], run["trigger"], run["state"]) == ("backup", "shipping", "done") for run in runs)

        self.wait_until("a backup of what was not shipped", backed_up)
        self.assertEqual(self.ask("GET", "/readyz")[1]["warnings"], [])
        errors = self.ask("GET", "/api/v1/events?type=error")[1]["events"]
        self.assertTrue(any("were never shipped" in event["message"] for event in errors), errors)

    def test_an_older_copy_of_the_data_does_not_go_on(self):
        meter = self.new_meter()
        self.end_server(signal.SIGTERM)
        older, newer, backups = (Path(self.folder.name) / name for name in ("older", "newer", "backups"))
        (self.data / "backups").rename(backups)
        shutil.copytree(self.data, older)
        backups.rename(self.data / "backups")
        self.begin_server()
        self.send(meter, 1)
        self.end_server(signal.SIGTERM)
        self.data.rename(newer)
        older.rename(self.data)
        (newer / "backups").rename(self.data / "backups")
        refused = subprocess.run(self.command, capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("/backups is of a later moment than the store", refused.stderr)
        (self.data / "backups").rename(newer / "backups")
        shutil.rmtree(self.data)
        newer.rename(self.data)
        self.begin_server()


class Drill(Operations):
    CONFIG = {**Operations.CONFIG, "journal_shipping": "every_second", "weekly_drill": "off"}

    def run_command(self, *arguments):
        return subprocess.run([PROGRAM, *arguments, "--server", f"http://{self.address}"], capture_output=True, text=True, timeout=WAIT_S)

    def set_drill(self, setting):
        path = self.command[self.command.index("--config") + 1]
        config = json.loads(Path(path).read_text(encoding="utf-8"))
        Path(path).write_text(json.dumps({**config, "weekly_drill": setting}), encoding="utf-8")
        self.restart()

    def test_a_backup_is_tried_while_readings_come_in(self):
        meter = self.new_meter()
        self.fill_yesterday(meter)
        none = self.run_command("job", "drill", "--wait")
        self.assertEqual(none.returncode, 1, none.stdout)
        self.assertIn("there is no backup", none.stdout)
        done = self.run_command("job", "backup", "--wait")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([line.split()[:2] for line in done.stdout.splitlines()[:2]], [["backup", "done"], ["verify_backup", "done"]])
        digest = self.ask("GET", "/api/v1/digest")[1]["readings"]
        found = self.ask("GET", "/api/v1/backups")[1]
        self.assertEqual(found["backups"][0]["digest"], digest)

        enough = threading.Event()

        def send():
            client, number = Client(self.address), 0
            while not enough.is_set():
                row = {"meter_id": meter, "at": iso(self.midnight(3) + timedelta(seconds=number)), "register": number}
                client.json("POST", "/api/v1/readings", [row])
                number += 1

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for _ in range(3):
                drilled = self.run_command("job", "drill", "--wait", "--json")
                self.assertEqual(drilled.returncode, 0, drilled.stdout + drilled.stderr)
                self.new_meter()
        finally:
            enough.set()
            sender.join()
        outcome = json.loads(drilled.stdout)["steps"][0]["outcome"]
        self.assertIn("equal to the store as of frame", outcome)
        last = self.ask("GET", "/api/v1/backups")[1]["last_drill"]
        self.assertEqual((last["passed"], last["outcome"]), (True, outcome))
        self.assertFalse((Path(found["directory"]) / "drill.part").exists())
        listed = self.run_command("job", "list", "--job", "backup_drill")
        self.assertEqual([line.split(", ")[-1].split()[1] for line in listed.stdout.splitlines() if line.startswith("run")], ["done"] * 3 + ["failed"])
        self.assertIn("there is no backup", listed.stdout)

    def test_the_daily_job_drills_once_a_week(self):
        yesterday = self.midnight(1).strftime("%A").lower()
        other = "sunday" if yesterday != "sunday" else "monday"
        self.set_drill(other)
        skipped = next(step for step in self.run_daily_job()["steps"] if step["name"] == "drill")
        self.assertEqual((skipped["state"], skipped["outcome"]), ("skipped", f"once a week, in the run of {other}"))
        self.set_drill(yesterday)
        done = self.run_command("job", "daily", "--wait")
        self.assertEqual(done.returncode, 0, done.stdout)
        line = next(line for line in done.stdout.splitlines() if line.startswith("drill"))
        self.assertRegex(line, "done .* equal to the store as of frame")
        gone = subprocess.run([PROGRAM, "job", "list", "--server", f"http://{free_address()}"], capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(gone.returncode, 1)


class Events(Operations):
    def events(self, query=""):
        status, answer = self.ask("GET", f"/api/v1/events{query}")
        self.assertEqual(status, 200, answer)
        return answer

    def wait_for_event(self, query):
        return self.wait_until(f"an event {query}", lambda: self.events(query)["events"])

    def test_what_happened_is_listed_by_type_meter_and_page(self):
        meter = self.new_meter()
        event = self.wait_for_event(f"?meter={meter}")[0]
        self.assertEqual((event["type"], event["meter_id"]), ("registration", meter))
        self.client.json("POST", "/api/v1/meters", {"meter_id": meter, "region": "x", "area": "y", "dwelling_type": "z"})
        self.wait_for_event(f"?meter={meter}&type=registration_error")
        self.post_rows([{"meter_id": meter, "at": iso(now() - timedelta(hours=1)), "register": 1}])
        counted = self.wait_for_event("?type=meter_reading")[0]
        self.assertGreaterEqual(counted["fields"]["accepted"], 1)
        self.run_daily_job()

        def job_ended():
            found = self.events("?type=daily_jobs")["events"]
            return any(event["fields"]["state"] == "done" and "step" not in event["fields"] for event in found)

        self.wait_until("the event of the job's end", job_ended)
        everything = [event["id"] for event in self.events("?limit=1000")["events"]]
        self.assertEqual(everything, sorted(everything, reverse=True))
        page = self.events("?limit=2&order=oldest")
        self.assertEqual([event["id"] for event in page["events"]], sorted(everything)[:2])
        following = self.events(f"?limit=2&order=oldest&cursor={page['next']}")
        self.assertEqual([event["id"] for event in following["events"]], sorted(everything)[2:4])
        self.assertEqual(self.events("?from=2001-01-01&to=2001-01-02"), {"events": [], "next": None})
        for wrong in ("type=nothing", "cursor=x", "order=up", "meter=1", "from=x", "colour=red"):
            with self.subTest(wrong):
                self.assertEqual(self.ask("GET", f"/api/v1/events?{wrong}")[0], 400)

        status, logs = self.ask("GET", "/get_logs?log_type=daily_jobs&limit=3")
        self.assertEqual((status, logs["log_type"], len(logs["logs"])), (200, "daily_jobs", 3))
        entries = [json.loads(text) for text in logs["logs"]]
        self.assertEqual([set(entry) for entry in entries], [{"timestamp", "log_type", "message", "service"}] * 3)
        stamps = [entry["timestamp"] for entry in entries]
        self.assertEqual(stamps, sorted(stamps))
        self.assertIn("done", entries[-1]["message"])
        self.assertEqual(self.ask("GET", "/get_logs?log_type=nothing")[1]["logs"], [])
        self.assertEqual(self.ask("GET", "/get_logs?date=2001-01-01")[1]["logs"], [])

    def test_they_can_be_followed_live_until_the_server_stops(self):
        host, port = self.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=WAIT_S)
        connection.request("GET", "/api/v1/events?type=registration", headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        self.assertEqual((stream.status, stream.headers["Content-Type"]), (200, "text/event-stream"))
        self.assertTrue(stream.readline().startswith(b":"))
        meter = self.new_meter()
        lines = iter(stream.readline, b"")
        data = next(line for line in lines if line.startswith(b"data: "))
        self.assertEqual(json.loads(data[len(b"data: ") :])["meter_id"], meter)
        self.restart(signal.SIGTERM)
        self.assertEqual([line for line in lines if line.startswith(b"data: ")], [])
        connection.close()


if __name__ == "__main__":
    main()
