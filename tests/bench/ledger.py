"""tools/dev bench ledger [--quick]: transfers of rights against pgbench's TPC-B-like transactions.

Ours: requests over TLS through the gateway, each with a request id of its own, booked in double entry,
committed and answered with what moved; one transfer a request or many; spread evenly over 5,000 pools, by
Zipf, or all out of one pool. The floor: pgbench -M prepared on the same server in the same run, the best of
1, 8 and 32 clients: four statements a transaction, no network, no rule, no answer kept.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import time

from tests.bench import _report
from tests.common.node import Node, binary

METHOD = "/quartermaster.ledger.v1.EntitlementService/TransferEntitlements"
VIRTUAL_ACCOUNTS, TAGS = 100, 50
# Of each lot: more than a run takes out of one pool.
QUANTITY = 1_000_000_000
PATTERNS = ("uniform", "zipf", "hot")
# Transfers a request, and how many requests are in flight.
BATCHES = {1: 256, 64: 32, 384: 8, 1024: 4}


def write_csv(path: pathlib.Path, header: list, rows) -> pathlib.Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def estate(node: Node):
    """An account with 100 Virtual Accounts and 50 tags; each pool has two lots."""
    tags = [f"regid.bench,1.0_{t:03d}" for t in range(TAGS)]
    accounts = [f"va-{v:03d}" for v in range(VIRTUAL_ACCOUNTS)]
    for name in accounts:
        run(node, "virtual-account", "create", name)
    catalog = write_csv(node.directory / "catalog.csv", ["tag", "display_name", "enforcement", "term"],
                        ((tag, tag, "unenforced", "perpetual") for tag in tags))
    run(node, "catalog", "import", catalog)
    rights = write_csv(
        node.directory / "rights.csv",
        ["entitlement_id", "virtual_account", "tag", "quantity", "term", "start", "end"],
        ((f"{v}-{t}-{n}", name, tag, QUANTITY, "subscription", "2026-01-01", end)
         for v, name in enumerate(accounts) for t, tag in enumerate(tags)
         for n, end in enumerate(("2030-12-31", "2031-12-31"))))
    run(node, "entitlement", "import", rights)


def run(node: Node, *command):
    done = node.qmctl(*command, timeout_s=600)
    if done.code:
        raise SystemExit(f"bench: {done}")


class Door:
    """What online_load needs to call the node."""

    def __init__(self, node: Node):
        self.node = node
        credential = json.loads(node.credentials.read_text())
        self.bearer = node.directory / "bearer"
        self.bearer.write_text(f"{credential['client_id']}.{credential['secret']}")

    def transfer(self, pattern: str, batch: int, seconds: int, seed: int) -> dict:
        requests = self.node.directory / "requests.bin"
        count = max(64, (40_000 if batch == 1 else 100_000) * seconds // batch)
        subprocess.run([binary("tests/bench/transfer_requests"), "--count", str(count), "--batch", str(batch),
                        "--pattern", pattern, "--seed", str(seed), "--out", str(requests)], check=True)
        before = self.booked()
        result = _report.run_json(
            binary("tests/bench/online_load"), "--ca", self.node.directory / "data" / "tls" / "ca.pem", "--requests",
            requests, "--method", METHOD, "--bearer-file", self.bearer, "--target", f"127.0.0.1:{self.node.grpc}",
            "--concurrency", str(BATCHES[batch]), "--seconds", str(seconds))
        if set(result["codes"]) != {"0"}:
            raise SystemExit(f"bench: got answers {result['codes']}, want all of them 0 (OK)")
        booked = self.booked() - before
        if booked < result["calls"] * batch:
            raise SystemExit(f"bench: got {booked} entries, want at least {result['calls'] * batch}")
        result["transfers_per_s"] = result["rate"] * batch
        return result

    def booked(self) -> int:
        return int(self.node.sql("SELECT coalesce(sum(entry_count), 0) FROM ledger_changes WHERE kind = 8"))


def pgbench(node: Node, seconds: int, scale: int) -> dict:
    """Transactions a second by number of clients, in a database of its own on the node's server."""
    server = ["-h", str(node.directory / "data" / "run"), "-U", "qm_admin"]
    subprocess.run(["createdb", *server, "pgbench"], check=True)
    subprocess.run(["pgbench", *server, "-i", "-q", "-s", str(scale), "pgbench"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    rates = {}
    for clients in (1, 8, 32):
        done = subprocess.run(["pgbench", *server, "-M", "prepared", "-j", "2", "-c", str(clients), "-T", str(seconds),
                               "-n", "pgbench"], check=True, stdout=subprocess.PIPE, text=True)
        rates[clients] = float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])
    subprocess.run(["dropdb", *server, "pgbench"], check=True)
    return rates


def main():
    parser = argparse.ArgumentParser(prog="tools/dev bench ledger")
    parser.add_argument("--quick", action="store_true", help="5 s a measure and a small pgbench instead of 20 s")
    parser.add_argument("--only", choices=PATTERNS)
    parser.add_argument("--batch", type=int, choices=list(BATCHES))
    arguments = parser.parse_args()
    seconds, floor_seconds, scale = (5, 5, 20) if arguments.quick else (20, 30, 100)
    started = time.monotonic()
    with Node("bench-ledger") as node:
        settings = _report.require_durability(node.sql)
        estate(node)
        door = Door(node)
        door.transfer("uniform", 64, 3, seed=99)
        rates = pgbench(node, floor_seconds, scale)
        floor = max(rates.values())
        rows, extra = [("pgbench, TPC-B-like, best of 1, 8, 32 clients", "", f"{floor:,.0f}/s", "", "")], {"pgbench": rates}
        seed = 0
        for pattern in PATTERNS:
            for batch in BATCHES:
                if arguments.only not in (None, pattern) or arguments.batch not in (None, batch):
                    continue
                seed += 1
                ours = door.transfer(pattern, batch, seconds, seed)
                extra[f"{pattern}_{batch}"] = ours
                print(f"{pattern}, {batch} a request: {ours['transfers_per_s']:,.0f}/s, pgbench {floor:,.0f}/s", flush=True)
                rows.append((f"transfers, {pattern}, {batch} a request", f"{ours['transfers_per_s']:,.0f}/s",
                             f"{floor:,.0f}/s", f"{ours['transfers_per_s'] / floor:.2f}",
                             ">= 0.80" if batch == 1 else ">= 5.00"))
        rows.append(("  memory of the node", f"{node.memory_peaks_mib()['all in one']:.0f} MiB", "", "", ""))
        fsck = node.qmctl("fsck", timeout_s=3600)
        if fsck.code:
            raise SystemExit(f"bench: the books do not balance: {fsck}")
    extra["seconds"] = round(time.monotonic() - started)
    _report.print_table("ledger", rows, settings, extra)


if __name__ == "__main__":
    main()
