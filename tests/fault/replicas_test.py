"""Two replicas of every service on one PostgreSQL: both take the same reports at once, one of them is
killed in between, and what was answered by either is there exactly once.
"""

import json
import secrets
import subprocess
import time
import unittest

from tests.common.node import LONG, Node, binary
from tests.fault.kill_test import answered, stored

SECONDS = 60 if LONG else 10


class Replica(Node):
    """A second node on the PostgreSQL and with the keys of another."""

    def __init__(self, name: str, first: Node, administrator_secret):
        data = first.directory / "data"
        super().__init__(name, f"""key_encryption_key: {{file: {data}/secrets/key_encryption_key}}
database:
  external:
    connection_string: host={data}/run dbname=quartermaster
""")
        allow(self, administrator_secret)

    def postgres_pid(self) -> int:
        raise ValueError("the PostgreSQL of another node")


def allow(node: Node, administrator_secret):
    text = node.config.read_text()
    node.config.write_text(
        text.replace("gateway:\n", f"gateway:\n  administrator_secret: {{file: {administrator_secret}}}\n"))


class ReplicasTest(unittest.TestCase):
    def test_reports_that_both_take_at_once_count_once(self):
        first = Node("replica-a")
        secret = first.directory / "administrator-secret"
        secret.write_text(secrets.token_hex(32))
        secret.chmod(0o600)
        allow(first, secret)
        with first, Replica("replica-b", first, secret) as second:
            done = first.run("clients/fleet/fleet", "generate", "--seed", 11, "--instances", 1000, "--tags", 2,
                             "--reports-per-tag", 60 if LONG else 10, "--signing", "builtin", "--out",
                             first.directory / "load")
            self.assertEqual(done.code, 0, done)
            loads = [self.start_load(node, first.directory / "load" / "usage.xml") for node in (first, second)]
            kills = 0
            ends = time.monotonic() + SECONDS
            while time.monotonic() + 4 < ends:
                time.sleep(3)
                second.kill()
                second.spawn()
                kills += 1
            for load in loads:
                out, _ = load.communicate(timeout=180)
                self.assertEqual(json.loads(out)["given_up"], {}, out)
            second.wait_ready(30)
            first.wait_until("all committed reports are applied", lambda: first.unapplied() == 0)

            by_node = [answered(node.directory / "journal") for node in (first, second)]
            acknowledged = {key for found in by_node for key, outcomes in found.items()
                            if set(outcomes) & {"accepted", "duplicate"}}
            present = stored(first)
            both = set(by_node[0]) & set(by_node[1])
            print(f"kills {kills}, answered {len(acknowledged)}, by both {len(both)}, stored {len(present)}", flush=True)
            self.assertGreater(kills, 0)
            self.assertGreater(len(both), 100, "the replicas took different reports: the test proved nothing")
            accepted_twice = [key for key in both if "accepted" in by_node[0][key] and "accepted" in by_node[1][key]]
            self.assertFalse(accepted_twice, "accepted by both, so counted twice")
            self.assertFalse(acknowledged - set(present), "answered and lost")
            self.assertFalse([key for key, count in present.items() if count != 1], "stored twice")
            self.assertEqual(stored(second), present, "the replicas say different things")
            for node in (first, second):
                checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
                self.assertEqual(checked.code, 0, checked)

    def start_load(self, node: Node, usage) -> subprocess.Popen:
        return subprocess.Popen(
            [binary("clients/fleet/fleet"), "submit", "--usage", str(usage), "--journal", str(node.directory / "journal"),
             "--duration", str(SECONDS), "--concurrency", "16", "--rate", "300", "--patience", "60", "-o", "json"],
            env=node.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    unittest.main()
