"""kill -9 in the middle of transfers: what was answered is booked once, what is asked again under its request id
is answered as the first time, nothing appears or vanishes, and the books balance.
"""

import http.client
import json
import random
import ssl
import threading
import time
import unittest
import uuid

from tests.common.node import LONG, Node, SplitNode

SEEDS = 10 if LONG else 1
SECONDS = 30 if LONG else 8
CALLERS = 8
ACCOUNTS = ("Default", "Branches", "Lab")
BOUGHT = 1_000
TAGS = {"regid.2026-01.example.kill,1.0_open": "unenforced", "regid.2026-01.example.kill,1.0_enforced": "enforced"}


class Door:
    """REST calls with retries, as a careful client makes them: one request id for all attempts."""

    def __init__(self, node: Node):
        credential = json.loads(node.credentials.read_text())
        self.node = node
        self.bearer = f"{credential['client_id']}.{credential['secret']}"
        self.tls = ssl.create_default_context(cafile=str(node.directory / "data" / "tls" / "ca.pem"))

    def transfer(self, body: dict, give_up_at: float):
        """(status, answer) of the last attempt; None when there was none before `give_up_at`."""
        while time.monotonic() < give_up_at:
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", self.node.rest, timeout=10, context=self.tls)
                connection.request("POST", "/quartermaster/v1/entitlements:transfer", json.dumps(body),
                                   {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
                connection.close()
                if response.status not in (429, 500, 502, 503, 504):
                    return response.status, answer
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.2)
        return None


class TransferKillTest(unittest.TestCase):
    def test_allinone_and_its_postgresql(self):
        for seed in range(1, SEEDS + 1):
            with self.subTest(seed=seed), Node(f"tkill{seed}") as node:

                def kill_node():
                    node.kill()
                    node.spawn()

                self.run_seed(seed, node, {"allinone": kill_node, "postgres": node.kill_postgres})

    def test_ledger_as_its_own_process(self):
        for seed in range(101, 101 + SEEDS):
            with self.subTest(seed=seed), SplitNode(f"tsplit{seed}") as node:
                self.run_seed(seed, node, {"ledger": lambda: node.kill_and_restart("ledger"),
                                           "postgres": node.kill_postgres})

    def run_seed(self, seed: int, node: Node, victims: dict):
        random_ = random.Random(seed)
        self.buy(node)
        door = Door(node)
        answered, failures = {}, []
        ends = time.monotonic() + SECONDS
        callers = [threading.Thread(target=self.call, args=(door, random.Random(seed * 100 + i), ends, answered, failures))
                   for i in range(CALLERS)]
        for caller in callers:
            caller.start()
        kills = 0
        while time.monotonic() + 2 < ends:
            time.sleep(random_.uniform(0.7, 2.0))
            victims[random_.choice(sorted(victims))]()
            kills += 1
        for caller in callers:
            caller.join(timeout=120)
        node.wait_ready(30)
        moved = {key: answer for key, (body, status, answer) in answered.items() if status == 200}
        print(f"seed {seed}: kills {kills}, answered {len(answered)}, moved {len(moved)}", flush=True)
        self.assertEqual(failures, [])
        self.assertGreater(kills, 0)
        self.assertGreater(len(moved), 50)
        self.ask_again(door, answered)
        self.assertEqual(int(node.sql("SELECT count(*) FROM ledger_changes WHERE kind = 8")), len(moved),
                         "as many movements as were answered, once each")
        self.assertEqual(self.balances(node), self.expected(moved.values()))
        checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual(checked.code, 0, checked)

    def buy(self, node: Node):
        for name in ACCOUNTS[1:]:
            self.assertEqual(node.qmctl("virtual-account", "create", name).code, 0)
        (node.directory / "catalog.csv").write_text("tag,display_name,enforcement,term\n" + "".join(
            f'"{tag}",{enforcement},{enforcement},perpetual\n' for tag, enforcement in TAGS.items()))
        (node.directory / "rights.csv").write_text(
            "entitlement_id,virtual_account,tag,quantity,term,start,end\n" + "".join(
                f'{enforcement}-{year},Default,"{tag}",{BOUGHT},subscription,2026-01-01,{year}-01-01\n'
                for tag, enforcement in TAGS.items() for year in (2040, 2041)))
        for command in (("catalog", "import", "catalog.csv"), ("entitlement", "import", "rights.csv")):
            done = node.qmctl(*command[:2], node.directory / command[2])
            self.assertEqual(done.code, 0, done)

    def call(self, door: Door, random_, ends: float, answered: dict, failures: list):
        while time.monotonic() < ends:
            lines = []
            for _ in range(random_.randint(1, 4)):
                source, target = random_.sample(ACCOUNTS, 2)
                lines.append({"tag": random_.choice(sorted(TAGS)), "fromVirtualAccount": source,
                              "toVirtualAccount": target, "quantity": str(random_.randint(1, 30))})
            body = {"transfers": lines, "requestId": str(uuid.UUID(int=random_.getrandbits(128)))}
            result = door.transfer(body, time.monotonic() + 60)
            if result is None:
                failures.append(("no answer within 60 s", body))
                return
            status, answer = result
            # Short pools are refused; anything else would be our fault.
            if status != 200 and "quantity_not_available" not in json.dumps(answer):
                failures.append((status, answer))
            answered[body["requestId"]] = (body, status, answer)

    def ask_again(self, door: Door, answered: dict):
        for body, status, answer in answered.values():
            if status == 200:
                self.assertEqual(door.transfer(body, time.monotonic() + 30), (status, answer))

    def balances(self, node: Node) -> dict:
        rows = node.sql(
            "SELECT v.name || '|' || e.entitlement_id || '|' || b.quantity FROM lot_balances b"
            " JOIN entitlements e USING (smart_account_id, lot_id)"
            " JOIN virtual_accounts v ON v.virtual_account_id = b.virtual_account_id WHERE b.quantity <> 0")
        return {tuple(row.split("|")[:2]): int(row.split("|")[2]) for row in rows.splitlines()}

    def expected(self, answers) -> dict:
        balances = {("Default", f"{enforcement}-{year}"): BOUGHT for enforcement in TAGS.values() for year in (2040, 2041)}
        for answer in answers:
            for moved in answer["quantities"]:
                for account, sign in ((moved["fromVirtualAccount"], -1), (moved["toVirtualAccount"], 1)):
                    key = (account, moved["entitlementId"])
                    balances[key] = balances.get(key, 0) + sign * int(moved["quantity"])
        return {key: quantity for key, quantity in balances.items() if quantity}


if __name__ == "__main__":
    unittest.main()
