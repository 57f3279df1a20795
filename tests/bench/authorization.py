"""tools/dev bench authorization [--quick]: grants from pools that have 10,000, 100,000 and 1,000,000 grants already.

Each grant is a request over REST for a product instance that has none: held, signed, reserved, three commits. The pools
are filled in SQL from one big grant, so that the books stay true; `fsck` says so at the end. What a grant costs must not
depend on how many there are: the ratio is to the smallest pool of the same run.
"""

import argparse
import concurrent.futures
import http.client
import json
import ssl
import statistics
import time

from tests.bench import _report
from tests.common.node import Node

CALLERS = 4
ROUNDS = 8
GRANTS_PER_ROUND = 40
GOAL = 1.5

# One authorization of n becomes n of one each, of product instances of their own. What is held, reserved and
# authorised in all stays the same.
SPLIT = """
CREATE TEMP TABLE made AS
  SELECT n, nextval('product_instances_product_instance_id_seq') AS instance_id,
         nextval('authorizations_authorization_id_seq') AS authorization_id
  FROM generate_series(1, {count}) AS n;
INSERT INTO product_instances (smart_account_id, product_instance_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id, created_at)
  OVERRIDING SYSTEM VALUE
  SELECT a.smart_account_id, instance_id, 'BENCH', '{tag}-' || n, a.virtual_account_id, instance_id, a.requested_at
  FROM made, authorizations a WHERE a.authorization_id = {id};
INSERT INTO authorizations (smart_account_id, authorization_id, product_instance_id, virtual_account_id, kind, state, sequence,
    requested_by, requested_at, granted_at, confirmed_at, confirmation_hash, removal_hash)
  OVERRIDING SYSTEM VALUE
  SELECT a.smart_account_id, m.authorization_id, instance_id, a.virtual_account_id, kind, 4, sequence, requested_by,
         requested_at, granted_at, granted_at, confirmation_hash, removal_hash
  FROM made m, authorizations a WHERE a.authorization_id = {id};
INSERT INTO authorization_lines (smart_account_id, authorization_id, tag_id, quantity)
  SELECT l.smart_account_id, m.authorization_id, tag_id, 1 FROM made m, authorization_lines l WHERE l.authorization_id = {id};
INSERT INTO authorization_lots (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id, quantity)
  SELECT l.smart_account_id, m.authorization_id, tag_id, lot_id, virtual_account_id, 1
  FROM made m, authorization_lots l WHERE l.authorization_id = {id};
INSERT INTO authorized_usage (smart_account_id, product_instance_id, tag_id, virtual_account_id, quantity, excess)
  SELECT l.smart_account_id, m.instance_id, tag_id, virtual_account_id, 1, 1
  FROM made m, authorization_lots l WHERE l.authorization_id = {id};
DELETE FROM authorized_usage u USING authorizations a
  WHERE a.authorization_id = {id} AND u.product_instance_id = a.product_instance_id;
DELETE FROM authorization_lots WHERE authorization_id = {id};
UPDATE authorizations SET state = 7, ended_at = granted_at WHERE authorization_id = {id};
DROP TABLE made;
"""


class Caller:
    """One connection that is kept."""

    def __init__(self, node: Node):
        trust = ssl.create_default_context(cafile=str(node.directory / "data" / "tls" / "ca.pem"))
        credential = json.loads(node.credentials.read_text())
        self.headers = {"Authorization": f"Bearer {credential['client_id']}.{credential['secret']}",
                        "Content-Type": "application/json"}
        self.connection = http.client.HTTPSConnection("localhost", node.rest, context=trust, timeout=60)

    def request(self, tag: str, serial_number: str, count: int = 1) -> dict:
        body = json.dumps({"udi": {"productId": "BENCH", "serialNumber": serial_number},
                           "lines": [{"tag": tag, "count": str(count)}], "requestId": serial_number})
        self.connection.request("POST", "/quartermaster/v1/authorizations:request", body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: {answer.status} {text.decode()}")
        granted = json.loads(text)
        if granted["state"] != "AUTHORIZATION_STATE_GRANTED" or not granted["smartLicense"]:
            raise SystemExit(f"bench: got {granted}, want a code")
        return granted


def run_ok(node: Node, *arguments):
    done = node.qmctl(*arguments, timeout_s=3600)
    if done.code:
        raise SystemExit(f"bench: {done}")


def prepare(node: Node, sizes: dict) -> None:
    lines = "".join(f"{tag},{tag},enforced,perpetual\n" for tag in sizes)
    (node.directory / "catalog.csv").write_text("tag,display_name,enforcement,term\n" + lines)
    run_ok(node, "catalog", "import", node.directory / "catalog.csv")
    lines = "".join(f"{tag},Default,{tag},{size + 100_000},perpetual,2026-01-01\n" for tag, size in sizes.items())
    (node.directory / "rights.csv").write_text("entitlement_id,virtual_account,tag,quantity,term,start\n" + lines)
    run_ok(node, "entitlement", "import", node.directory / "rights.csv")
    # Known inventory: the grants are measured, not the making of product instances.
    devices = "".join(f"BENCH,{tag}-new-{n},Default\n" for tag in sizes for n in range(ROUNDS * GRANTS_PER_ROUND))
    (node.directory / "devices.csv").write_text("product_id,serial_number,virtual_account\n" + devices)
    run_ok(node, "product-instance", "import", node.directory / "devices.csv")
    caller = Caller(node)
    for tag, size in sizes.items():
        started = time.monotonic()
        granted = caller.request(tag, f"{tag}-all", size)
        node.sql("BEGIN;" + SPLIT.format(count=size, tag=tag, id=granted["authorizationId"]) + "COMMIT")
        print(f"{size:,} grants prepared in {time.monotonic() - started:.0f} s", flush=True)
    for table in ("product_instances", "authorizations", "authorization_lines", "authorization_lots", "authorized_usage"):
        node.sql(f"VACUUM ANALYZE {table}")
    node.sql("CHECKPOINT")


def measure(node: Node, sizes: dict) -> dict:
    """Latencies by tag; the pools take turns, so that whatever else the machine does meets all of them."""
    latencies = {tag: [] for tag in sizes}
    callers = [Caller(node) for _ in range(CALLERS)]

    def grant(caller: Caller, tag: str, numbers: range) -> list:
        took = []
        for number in numbers:
            started = time.monotonic()
            caller.request(tag, f"{tag}-new-{number}")
            took.append(time.monotonic() - started)
        return took

    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        for turn in range(ROUNDS):
            for tag in sizes:
                numbers = range(turn * GRANTS_PER_ROUND, (turn + 1) * GRANTS_PER_ROUND)
                shares = [numbers[i::CALLERS] for i in range(CALLERS)]
                for took in pool.map(lambda pair: grant(pair[0], tag, pair[1]), zip(callers, shares)):
                    # The first round warms connections and plans.
                    latencies[tag] += took if turn else []
    return latencies


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="pools of 1,000, 10,000 and 100,000")
    arguments = parser.parse_args()
    counts = (1_000, 10_000, 100_000) if arguments.quick else (10_000, 100_000, 1_000_000)
    sizes = {f"bench-{count}": count for count in counts}
    with Node("bench-authorization") as node:
        settings = _report.require_durability(node.sql)
        prepare(node, sizes)
        latencies = measure(node, sizes)
        checked = node.qmctl("fsck", "-o", "json", timeout_s=3600)
        if checked.code:
            raise SystemExit(f"bench: the books are not true: {checked}")
    medians = {tag: statistics.median(took) * 1000 for tag, took in latencies.items()}
    floor = medians[f"bench-{counts[0]}"]
    rows = []
    for tag, size in sizes.items():
        p99 = statistics.quantiles(latencies[tag], n=100)[98] * 1000
        ratio = medians[tag] / floor
        rows.append((f"grant from a pool with {size:,}", f"{medians[tag]:.1f} ms, p99 {p99:.1f} ms", f"{floor:.1f} ms",
                     f"{ratio:.2f}", f"<= {GOAL}"))
    _report.print_table(f"authorization, {CALLERS} callers", rows, settings,
                        {"median_ms": medians, "grants_each": len(next(iter(latencies.values())))})
    raise SystemExit(0 if all(median <= GOAL * floor for median in medians.values()) else 1)


if __name__ == "__main__":
    main()
