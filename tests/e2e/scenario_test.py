"""Runs tests/scenarios: what a license administrator is promised, through qmctl and agent against a real node.
The steps are explained in tests/scenarios/README.md.
"""

import csv
import datetime
import pathlib
import re
import shlex
import time
import unittest

from tests.common.node import REPO, Node

FOLDER = REPO / "tests" / "scenarios"


class Step:
    """One step of a file: where it stands, its verb with arguments, what follows the colon, its rows."""

    def __init__(self, place: str, head: str, rest: str):
        self.place, self.head, self.rest, self.rows = place, head, rest, []

    def table(self) -> list:
        header, *rows = self.rows
        return [dict(zip(header, row, strict=True)) for row in rows]


def read_steps(path: pathlib.Path) -> list:
    steps = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        if line.startswith(" "):
            steps[-1].rows.append([cell if cell != "-" else "" for cell in re.split(r"  +", line.strip())])
        else:
            head, rest = re.fullmatch(r"(.*?):(?: (.*))?", line).groups()
            steps.append(Step(f"{path.name}:{number}", head, rest or ""))
    return steps


class Scenario:
    """A node, its product instances and the values that were kept."""

    def __init__(self, node: Node, test: unittest.TestCase):
        self.node, self.test = node, test
        self.kept = {"dir": str(node.directory)}
        self.instances = set()

    def run(self, step: Step):
        verb, *arguments = shlex.split(step.head)
        method = getattr(self, "do_" + verb.lower(), None)
        self.test.assertIsNotNone(method, f"{step.place}: no step is called {verb}")
        method(step, *arguments)

    # Steps that set something up.

    def do_scenario(self, step):
        print(f"    {step.rest}", flush=True)

    def do_catalog(self, step):
        self.import_rows(step, "catalog", [dict(row, display_name=row["tag"]) for row in step.table()])

    def do_entitlements(self, step):
        self.import_rows(step, "entitlement", step.table())

    def do_virtual(self, step, _accounts):
        for row in step.rows:
            self.succeed(step, ["qmctl", "virtual-account", "create", " ".join(row)])

    def do_use(self, step):
        rows = step.table()
        for instance in dict.fromkeys(row["instance"] for row in rows):
            own = [row for row in rows if row["instance"] == instance]
            for row in own:
                self.succeed(step, ["agent", instance, "set", row["tag"], row["count"]])
            self.succeed(step, ["agent", instance, "advance", "1d"])
            account = own[0].get("virtual_account")
            self.succeed(step, ["agent", instance, "submit", *(["--virtual-account", account] if account else [])])
        self.node.wait_until("all committed reports are applied", lambda: self.node.unapplied() == 0)

    def do_file(self, step, name):
        (self.node.directory / name).write_text(self.fill(step.rest) + "\n", encoding="utf-8")

    def do_pause(self, step, seconds):
        time.sleep(float(seconds))

    # Steps that do something.

    def do_run(self, step):
        self.succeed(step, self.command(step))

    def do_keep(self, step, name, path):
        value = self.succeed(step, self.command(step), "-o", "json").json()
        for part in path.split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        self.kept[name] = str(value)

    def do_shows(self, step, *words):
        done = self.succeed(step, self.command(step))
        self.test.assertIn(self.fill(" ".join(words)), done.out + done.err, step.place)

    def do_refused(self, step, reason):
        done = self.call(self.command(step))
        self.test.assertNotEqual(done.code, 0, f"{step.place}: was not refused\n{done}")
        self.test.assertIn(reason, done.err + done.out, step.place)

    # Steps that look.

    def do_pools(self, step, *options):
        self.node.wait_until("all committed reports are applied", lambda: self.node.unapplied() == 0)
        want = step.table()
        options = [self.fill(option) for option in options]
        shown = self.succeed(step, ["qmctl", "compliance", *options], "-o", "json").json()["pools"]
        got = [{column: str(pool[column]) for column in want[0]} for pool in shown]
        order = lambda row: (row["virtual_account"], row["tag"])
        self.test.assertEqual(sorted(got, key=order), sorted(want, key=order), step.place)

    def do_balanced(self, step):
        self.succeed(step, ["qmctl", "fsck"])

    # How they do it.

    def fill(self, text: str) -> str:
        now = datetime.datetime.now(datetime.timezone.utc)
        self.kept["now"] = now.isoformat()
        self.kept["month_ago"] = (now - datetime.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return re.sub(r"\{(\w+)\}", lambda match: self.kept[match.group(1)], text)

    def command(self, step) -> list:
        return [self.fill(word) for word in shlex.split(step.rest)]

    def call(self, command: list, *more):
        program, *arguments = command
        if program == "qmctl":
            return self.node.qmctl(*arguments, *more, timeout_s=300)
        self.test.assertEqual(program, "agent", command)
        instance, *arguments = arguments
        state = self.node.directory / f"instance-{instance}"
        if instance not in self.instances:
            self.instances.add(instance)
            if arguments[0] != "init":
                self.call(["agent", instance, "init", f"C9300:{instance}", "--signing", "builtin", "--clock",
                           self.fill("{month_ago}")])
        return self.node.run("clients/agent/agent", "--state", state, *arguments, *more)

    def succeed(self, step, command: list, *more):
        done = self.call(command, *more)
        self.test.assertEqual(done.code, 0, f"{step.place}: {shlex.join(command)}\n{done}")
        return done

    def import_rows(self, step, what: str, rows: list):
        path = self.node.directory / f"{what}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        self.succeed(step, ["qmctl", what, "import", str(path)])


class ScenarioTest(unittest.TestCase):
    """One test per file of tests/scenarios, added below."""


def _test_of(path: pathlib.Path):
    def test(self):
        with Node("scenario") as node:
            scenario = Scenario(node, self)
            for step in read_steps(path):
                scenario.run(step)

    return test


for _path in sorted(FOLDER.glob("*.txt")):
    setattr(ScenarioTest, f"test_{_path.stem}", _test_of(_path))


if __name__ == "__main__":
    unittest.main()
