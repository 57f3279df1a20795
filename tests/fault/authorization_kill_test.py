"""kill -9 in the middle of grants and returns: a request that is repeated gets the same code, nothing is promised twice,
what came back is free once, what was only held times out, and the books balance.
"""

import hashlib
import hmac
import http.client
import json
import random
import re
import ssl
import threading
import time
import unittest
import uuid

from tests.common.node import LONG, Node

SEEDS = 5 if LONG else 1
SECONDS = 40 if LONG else 20
CALLERS = 6
OWNED = 4
TAG = "regid.2026-01.example.kill,1.0_slac"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def proof(kind: str, code: str) -> str:
    """As docs/reference/formats.md says, from the code's file."""
    payload = json.loads(json.loads(re.search("<data>(.*)</data>", code).group(1))["payload"])
    udi = payload["udi"]
    text = "\n".join((f"quartermaster.authorization.{kind}.v1", udi["udi_pid"], udi["udi_serial_number"],
                      str(payload["authorization_id"]), str(payload["sequence"])))
    mac = hmac.new(bytes.fromhex(payload["nonce"]), text.encode(), hashlib.sha256).digest()
    number = int.from_bytes(mac[:10], "big")
    return "".join(CROCKFORD[number >> 5 * i & 31] for i in reversed(range(16)))


class Door:
    """REST calls with retries, as a careful client makes them."""

    def __init__(self, node: Node):
        credential = json.loads(node.credentials.read_text())
        self.node = node
        self.bearer = f"{credential['client_id']}.{credential['secret']}"
        self.tls = ssl.create_default_context(cafile=str(node.directory / "data" / "tls" / "ca.pem"))

    def post(self, verb: str, body: dict) -> dict:
        body = dict(body, requestId=str(uuid.uuid4()))
        give_up_at = time.monotonic() + 60
        while time.monotonic() < give_up_at:
            connection = http.client.HTTPSConnection("127.0.0.1", self.node.rest, timeout=10, context=self.tls)
            try:
                connection.request("POST", f"/quartermaster/v1/authorizations:{verb}", json.dumps(body),
                                   {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status not in (429, 500, 502, 503, 504):
                    return answer
            except (OSError, http.client.HTTPException, ValueError):
                pass
            finally:
                connection.close()
            time.sleep(0.2)
        raise AssertionError(f"no answer within 60 s to {verb} {body}")


class AuthorizationKillTest(unittest.TestCase):
    def test_kills_in_the_middle_of_grants(self):
        for seed in range(1, SEEDS + 1):
            # Holds whose signature never came must be gone when the test looks.
            with self.subTest(seed=seed), Node(f"akill{seed}", "authorization:\n  hold_timeout: 1m\n") as node:
                self.run_seed(seed, node)

    def run_seed(self, seed: int, node: Node):
        (node.directory / "catalog.csv").write_text(f'tag,display_name,enforcement,term\n"{TAG}",Kill,enforced,perpetual\n')
        (node.directory / "rights.csv").write_text(
            f'entitlement_id,virtual_account,tag,quantity,term,start\nE1,Default,"{TAG}",{OWNED},perpetual,2026-01-01\n')
        for command in (("catalog", "catalog.csv"), ("entitlement", "rights.csv")):
            done = node.qmctl(command[0], "import", node.directory / command[1])
            self.assertEqual(done.code, 0, done)
        door, failures, counts = Door(node), [], {"granted": 0, "refused": 0}
        ends = time.monotonic() + SECONDS
        callers = [threading.Thread(target=self.call, args=(door, i, ends, failures, counts)) for i in range(CALLERS)]
        for caller in callers:
            caller.start()
        random_, kills = random.Random(seed), 0
        while time.monotonic() + 2 < ends:
            time.sleep(random_.uniform(1.5, 4.0))
            if random_.random() < 0.5:
                node.kill()
                node.spawn()
            else:
                node.kill_postgres()
            kills += 1
        for caller in callers:
            caller.join(timeout=180)
        node.wait_ready(60)
        print(f"seed {seed}: kills {kills}, {counts}", flush=True)
        self.assertEqual(failures, [])
        self.assertGreater(kills, 0)
        self.assertGreater(counts["granted"], 10)
        node.wait_until("what was only held timed out", lambda: self.pool(node) == (OWNED, 0), timeout_s=120)
        checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual(checked.code, 0, checked)

    def call(self, door: Door, number: int, ends: float, failures: list, counts: dict):
        udi = {"productId": "KILL", "serialNumber": f"D{number}"}
        try:
            while time.monotonic() < ends:
                wanted = {"udi": udi, "lines": [{"tag": TAG, "count": "1"}]}
                first = door.post("request", wanted)
                if "smartLicense" not in first:
                    # More ask than there is; a hold that timed out is asked for anew.
                    expected = "quantity_not_available" in json.dumps(first) or "EXPIRED" in json.dumps(first)
                    if not expected:
                        failures.append(first)
                    counts["refused"] += 1
                    continue
                counts["granted"] += 1
                again = door.post("request", wanted)
                if again.get("smartLicense") != first["smartLicense"]:
                    failures.append(("another code", first, again))
                code = first["smartLicense"]
                confirmed = door.post("confirm", {"udi": udi, "confirmationCode": proof("confirmation", code)})
                returned = door.post("return", {"udi": udi, "removalCode": proof("removal", code)})
                states = (confirmed.get("state"), returned.get("state"))
                if states != ("AUTHORIZATION_STATE_CONFIRMED", "AUTHORIZATION_STATE_RETURNED"):
                    failures.append((confirmed, returned))
        except AssertionError as error:
            failures.append(str(error))

    def pool(self, node: Node) -> tuple:
        pools = node.qmctl("compliance", "-o", "json").json()["pools"]
        return next((int(p["balance"]), int(p["reserved"])) for p in pools if p["tag"] == TAG)


if __name__ == "__main__":
    unittest.main()
