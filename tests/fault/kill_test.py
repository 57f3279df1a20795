"""kill -9 under load: every answered report is there exactly once, the books balance, and the
service is back without help.

The all-in-one shape: the node and its PostgreSQL are killed; the node is started again as a service
manager would, PostgreSQL is the node's own business. The split shape: ingest, ledger and authority
as processes of their own, each started again when it was killed.
"""

import json
import random
import subprocess
import time
import unittest

from tests.common.node import LONG, Node, SplitNode, binary

SEEDS = 20 if LONG else 2
SECONDS = 60 if LONG else 8
# Between two kills.
PAUSE_S = (1.5, 4.0)


def answered(journal) -> dict:
    """(product id, serial, tag, report id) -> outcomes, of every line that is whole."""
    found = {}
    for line in journal.read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        key = (entry["product_id"], entry["serial_number"], entry["entitlement_tag"], entry["report_id"])
        found.setdefault(key, []).append(entry["outcome"])
    return found


def stored(node) -> dict:
    """How often each identity is stored and counted."""
    found = {}
    for report in node.qmctl("usage", "list", "-o", "json", timeout_s=300).json()["reports"]:
        key = (report["product_id"], report["serial_number"], report["entitlement_tag"], report["report_id"])
        found[key] = found.get(key, 0) + 1
    return found


class KillTest(unittest.TestCase):
    def run_seed(self, seed: int, node, victims: dict):
        """victims: name -> function that kills it and has it started again."""
        random_ = random.Random(seed)
        directory = node.directory / "load"
        done = node.run("clients/fleet/fleet", "generate", "--seed", seed, "--instances", 2000, "--tags", 2,
                        "--reports-per-tag", 30 if LONG else 5, "--signing", "builtin", "--out", directory)
        self.assertEqual(done.code, 0, done)
        journal = directory / "journal"
        load = subprocess.Popen(
            [binary("clients/fleet/fleet"), "submit", "--usage", str(directory / "usage.xml"), "--journal", str(journal),
             "--duration", str(SECONDS), "--concurrency", "32", "--rate", "600", "--patience", "60", "-o", "json"],
            env=node.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        kills = {name: 0 for name in victims}
        try:
            ends = time.monotonic() + SECONDS
            while True:
                pause = random_.uniform(*PAUSE_S)
                if time.monotonic() + pause > ends:
                    break
                time.sleep(pause)
                name = random_.choice(sorted(victims))
                victims[name]()
                kills[name] += 1
            out, _ = load.communicate(timeout=180)
        finally:
            if load.poll() is None:
                load.kill()
                load.wait()
        back_s = node.wait_ready(30)
        result = json.loads(out)
        node.wait_until(
            "all committed reports are applied",
            lambda: node.qmctl("usage", "list", "--limit", "1", "-o", "json").code == 0 and node.unapplied() == 0)
        acknowledged = {k for k, outcomes in answered(journal).items() if set(outcomes) & {"accepted", "duplicate"}}
        present = stored(node)
        lost = acknowledged - set(present)
        doubled = {k for k, count in present.items() if count != 1}
        print(f"seed {seed}: kills {kills}, answered {len(acknowledged)}, stored {len(present)}, "
              f"retries {result['retries']}, back after {back_s:.1f} s", flush=True)
        self.assertGreater(sum(kills.values()), 0, "nothing was killed: the test proved nothing")
        self.assertGreater(len(acknowledged), 100)
        self.assertFalse(lost, f"{len(lost)} answered reports are lost, for example {sorted(lost)[:3]}\n{node.log_tail()}")
        self.assertFalse(doubled, f"{len(doubled)} reports are stored twice")
        self.assertEqual(result["given_up"], {}, result)
        checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual(checked.code, 0, checked)

    def test_allinone_and_its_postgresql(self):
        for seed in range(1, SEEDS + 1):
            with self.subTest(seed=seed), Node(f"kill{seed}") as node:

                def kill_node():
                    node.kill()
                    node.spawn()

                self.run_seed(seed, node, {"allinone": kill_node, "postgres": node.kill_postgres})

    def test_split_services_and_their_postgresql(self):
        for seed in range(101, 101 + SEEDS):
            with self.subTest(seed=seed), SplitNode(f"split{seed}") as node:
                self.run_seed(seed, node, {
                    "ingest": lambda: node.kill_and_restart("ingest"),
                    "ledger": lambda: node.kill_and_restart("ledger"),
                    "authority": lambda: node.kill_and_restart("authority"),
                    "postgres": node.kill_postgres,
                })


if __name__ == "__main__":
    unittest.main()
