"""The scripts of the top folder: what run.sh hands to the program, and what run.sh and tools/build.sh say to a wrong call.
The program is a stand-in that prints its arguments."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from repository import ROOT

DEFAULTS = {"--data": str(ROOT / "data"), "--listen": "127.0.0.1:8050", "--config": str(ROOT / "config/meterhouse.json")}


def run(script, *arguments, **environment):
    """(exit code, output, errors) of a script, called from another folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("METERHOUSE_")}
    done = subprocess.run(
        [str(ROOT / script), *arguments], cwd="/", env=inherited | environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


class RunScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="meterhouse-scripts-")
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "meterhouse"
        self.program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        self.program.chmod(0o755)

    def served_with(self, *arguments, **environment):
        """(options with a value, the others) of the `meterhouse serve` that run.sh starts."""
        code, output, errors = run("run.sh", *arguments, METERHOUSE_PROGRAM=str(self.program), **environment)
        self.assertEqual((code, errors.count("\n")), (0, 1))
        first, (command, *rest) = errors, output.splitlines()
        self.assertTrue(first.startswith("run: http://"), first)
        self.assertEqual(command, "serve")
        values = {name: rest[rest.index(name) + 1] for name in DEFAULTS}
        self.assertEqual([rest.count(name) for name in DEFAULTS], [1, 1, 1])
        self.assertIn(f"http://{values['--listen']} serving {values['--data']} ", first)
        return values, [word for word in rest if word not in (*values, *values.values())]

    def test_defaults(self):
        self.assertEqual(self.served_with(), (DEFAULTS, ["--demo"]))

    def test_options_win_over_environment_and_environment_over_defaults(self):
        given = {"METERHOUSE_LISTEN": "127.0.0.1:1", "METERHOUSE_DATA": "/d e", "METERHOUSE_CONFIG": "/c"}
        for arguments, wanted in [
            ([], {"--listen": "127.0.0.1:1", "--data": "/d e", "--config": "/c"}),
            (["--listen", "127.0.0.1:2"], {"--listen": "127.0.0.1:2", "--data": "/d e", "--config": "/c"}),
            (["--data=x y", "--config=z"], {"--listen": "127.0.0.1:1", "--data": "x y", "--config": "z"}),
            (["--data", "x", "--data", "y"], {"--listen": "127.0.0.1:1", "--data": "y", "--config": "/c"}),
        ]:
            with self.subTest(arguments):
                self.assertEqual(self.served_with(*arguments, **given), (wanted, ["--demo"]))

    def test_other_options_go_to_the_program(self):
        self.assertEqual(self.served_with("--empty", "--allow-unregistered"), (DEFAULTS, ["--allow-unregistered"]))
        self.assertEqual(self.served_with("--demo"), (DEFAULTS, ["--demo"]))

    def test_wrong_calls_say_what_is_wrong(self):
        for program in ("/no/such/program", str(ROOT)):
            code, output, errors = run("run.sh", METERHOUSE_PROGRAM=program)
            self.assertEqual((code, output), (2, ""))
            self.assertIn(f"METERHOUSE_PROGRAM is '{program}', which is no program", errors)
        code, _, errors = run("run.sh", "--listen", METERHOUSE_PROGRAM=str(self.program))
        self.assertEqual(code, 2)
        self.assertIn("--listen needs a value", errors)

    def test_help(self):
        code, output, _ = run("run.sh", "--help")
        self.assertEqual(code, 0)
        self.assertIn("METERHOUSE_PROGRAM", output)


class BuildScript(unittest.TestCase):
    def test_help(self):
        code, output, errors = run("tools/build.sh", "--help")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("tools/build.sh release meterhouse", output)
        self.assertRegex(output, r"Presets:.* release ")

    def test_wrong_calls_name_the_presets(self):
        for arguments, wanted in [([], "build: say which preset:"), (["relase"], "build: there is no preset 'relase';")]:
            code, output, errors = run("tools/build.sh", *arguments)
            self.assertEqual((code, output), (2, ""))
            self.assertIn(wanted, errors)
            self.assertIn(" release ", errors)


if __name__ == "__main__":
    unittest.main()
