"""tools/dev bench compliance [--quick]: the compliance summary and pages of product instances as an estate grows.

One Smart Account with 100 Virtual Accounts and 50 tags grows to 10,000, 100,000 and 1,000,000 product
instances, each with two tags in use, by the real import of their reports, so that every table stands as
the programs leave it. At each size every figure is compared with what the estate was made to have, then
read at 20 requests a second over TLS through the gateway: by gRPC, and the same by REST.
"""

import argparse
import datetime
import http.client
import json
import random
import ssl
import subprocess
import threading
import time
import urllib.parse

from tests.bench import _report
from tests.bench.ledger import run, write_csv
from tests.common.node import Node, binary
from tests.common.reports import report

COMPLIANCE = "/quartermaster.ledger.v1.ComplianceService/GetCompliance"
INSTANCES = "/quartermaster.ledger.v1.ProductInstanceService/ListProductInstances"
VIRTUAL_ACCOUNTS, TAGS, TAGS_OF_EACH = 100, 50, 2
RATE = 20
PAGE = 100
GOAL_SUMMARY_MS, GOAL_PAGE_MS, GOAL_REST = 20, 50, 2.0
DAY = 86400
# Of each ten instances one reported last long ago, beyond every deadline of the default policy.
OVERDUE_EVERY, CURRENT_AGE, OVERDUE_AGE = 10, 10 * DAY, 100 * DAY


def va_name(number: int) -> str:
    return f"va-{number:03d}"


def tag_name(number: int) -> str:
    return f"regid.bench,1.0_{number:03d}"


class Estate:
    """What there is, as arithmetic: instance i is at home in Virtual Account i % 100."""

    def __init__(self, now: int):
        self.now = now
        self.instances = 0
        self.in_use = {}
        self.overdue = [0] * VIRTUAL_ACCOUNTS
        self.quantity = {}

    @staticmethod
    def tags_of(instance: int) -> list:
        place = instance // VIRTUAL_ACCOUNTS
        return [(place * TAGS_OF_EACH + n) % TAGS for n in range(TAGS_OF_EACH)]

    @staticmethod
    def count_of(instance: int, tag: int) -> int:
        return 1 + (instance // VIRTUAL_ACCOUNTS + tag) % 4

    def overdue_of(self, instance: int) -> bool:
        return instance // VIRTUAL_ACCOUNTS % OVERDUE_EVERY == 0

    def report_texts(self, instance: int):
        end = self.now - (OVERDUE_AGE if self.overdue_of(instance) else CURRENT_AGE)
        for tag in self.tags_of(instance):
            yield TEMPLATE % {"serial": f"B{instance:09d}", "tag": tag_name(tag), "id": end - DAY, "start": end - DAY,
                              "end": end, "count": self.count_of(instance, tag)}

    def take(self, instance: int):
        home = instance % VIRTUAL_ACCOUNTS
        for tag in self.tags_of(instance):
            self.in_use[home, tag] = self.in_use.get((home, tag), 0) + self.count_of(instance, tag)
        self.overdue[home] += self.overdue_of(instance)

    def pools(self) -> dict:
        """(Virtual Account, tag) -> (entitled, in use, balance, borrowed, lent): a tag with an even number covers
        the shortage of the one after it."""
        pools = {}
        for home in range(VIRTUAL_ACCOUNTS):
            for high in range(0, TAGS, 2):
                balances = {t: self.quantity[home, t] - self.in_use.get((home, t), 0) for t in (high, high + 1)}
                lent = min(max(0, balances[high]), max(0, -balances[high + 1]))
                for tag, borrowed, gives in ((high, 0, lent), (high + 1, lent, 0)):
                    pools[va_name(home), tag_name(tag)] = (self.quantity[home, tag], self.in_use.get((home, tag), 0),
                                                           balances[tag], borrowed, gives)
        return pools


def template() -> str:
    """One report as %-template: a million times json.dumps would take longer than the import."""
    text = report("SERIAL", "TAG", 777777, [(222222, 222222 + DAY, 444444)], product_id="QM-BENCH-1").replace("%", "%%")
    for marker, name in (("SERIAL", "serial"), ("TAG", "tag"), ("777777", "id"), ("222222", "start"),
                         (str(222222 + DAY), "end"), ("444444", "count")):
        text = text.replace(marker, f"%({name})s")
    return text + "\n"


TEMPLATE = template()


def prepare(node: Node, estate: Estate, largest: int):
    for home in range(VIRTUAL_ACCOUNTS):
        run(node, "virtual-account", "create", va_name(home))
    run(node, "catalog", "import", write_csv(
        node.directory / "catalog.csv", ["tag", "display_name", "enforcement", "term", "substitutes_for"],
        ((tag_name(t), f"Bench license {t}", "unenforced", "subscription", tag_name(t + 1) if t % 2 == 0 else "")
         for t in range(TAGS))))
    # About what the largest estate uses: some pools are short, and some of those are covered.
    of_pool = largest * TAGS_OF_EACH * 5 // 2 // (VIRTUAL_ACCOUNTS * TAGS)
    rng, lots = random.Random(7), []
    for home in range(VIRTUAL_ACCOUNTS):
        for tag in range(TAGS):
            halves = [rng.randrange(of_pool // 4, of_pool * 3 // 4 + 2) for _ in range(2)]
            estate.quantity[home, tag] = sum(halves)
            lots += [(f"{home}-{tag}-{n}", va_name(home), tag_name(tag), quantity, "subscription", "2026-01-01", end)
                     for n, (quantity, end) in enumerate(zip(halves, ("2036-12-31", "2037-12-31")))]
    run(node, "entitlement", "import", write_csv(
        node.directory / "rights.csv",
        ["entitlement_id", "virtual_account", "tag", "quantity", "term", "start", "end"], lots))


def grow(node: Node, estate: Estate, instances: int):
    """Imports the reports of the instances that are new, a file for each Virtual Account."""
    for home in range(VIRTUAL_ACCOUNTS):
        importer = subprocess.Popen(
            [binary("clients/qmctl/qmctl"), "usage", "import", "-", "--virtual-account", va_name(home), "-o", "json"],
            env=node.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        reports = 0
        with importer.stdin as file:
            file.write(b"<smartLicense>\n")
            for instance in range(estate.instances + home, instances, VIRTUAL_ACCOUNTS):
                texts = list(estate.report_texts(instance))
                file.write("".join(texts).encode())
                reports += len(texts)
                estate.take(instance)
            file.write(b"</smartLicense>\n")
        answer = json.loads(importer.stdout.read())
        if importer.wait() != 0 or answer["files"][0]["totals"]["accepted"] != reports:
            raise SystemExit(f"bench: got {answer}, want {reports} accepted")
    estate.instances = instances
    node.wait_until("everything is in the books", lambda: node.unapplied() == 0, timeout_s=600)
    # As the daily life of a database leaves it, not the minute after a load.
    vacuum(node)


def vacuum(node: Node):
    subprocess.run(["psql", "-h", str(node.directory / "data" / "run"), "-U", "qm_admin", "-d", "quartermaster", "-qX",
                    "-c", "VACUUM ANALYZE"], check=True, timeout=600)
    node.sql("CHECKPOINT")


class Rest:
    """Requests over connections that stay open, as a console or a script has them."""

    def __init__(self, node: Node):
        credential = json.loads(node.credentials.read_text())
        self.port = node.rest
        self.headers = {"Authorization": f"Bearer {credential['client_id']}.{credential['secret']}"}
        self.tls = ssl.create_default_context(cafile=str(node.directory / "data" / "tls" / "ca.pem"))
        self.local = threading.local()

    def bytes(self, path: str) -> bytes:
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=60)
        self.local.connection.request("GET", "/quartermaster/v1/" + path, headers=self.headers)
        answer = self.local.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: {path}: got {answer.status} {body[:300]!r}, want 200")
        return body

    def load(self, paths: list, threads: int = 4) -> dict:
        """Latencies from when each request was due, on the same schedule as online_load."""
        began, latencies, lock, turn = time.monotonic() + 0.1, [], threading.Lock(), iter(enumerate(paths))

        def work():
            while True:
                with lock:
                    place, path = next(turn, (None, None))
                if place is None:
                    return
                due = began + place / RATE
                time.sleep(max(0.0, due - time.monotonic()))
                self.bytes(path)
                with lock:
                    latencies.append(1000 * (time.monotonic() - due))

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if len(latencies) != len(paths):
            raise SystemExit(f"bench: got {len(latencies)} answers over REST, want {len(paths)}")
        latencies.sort()
        return {"calls": len(latencies), "p50_ms": round(latencies[len(latencies) // 2], 3),
                "p99_ms": round(latencies[int(0.99 * (len(latencies) - 1))], 3), "max_ms": round(latencies[-1], 3)}


def check_summary(rest: Rest, estate: Estate):
    answer = json.loads(rest.bytes("compliance"))
    got = {(p["virtualAccount"], p["tag"]): tuple(int(p.get(k, 0)) for k in ("entitled", "inUse", "balance", "borrowed",
                                                                             "lent")) for p in answer["pools"]}
    want = estate.pools()
    wrong = [(pool, got.get(pool), want[pool]) for pool in want if got.get(pool) != want[pool]]
    if wrong or len(got) != len(want):
        raise SystemExit(f"bench: {len(got)} pools, {len(wrong)} of {len(want)} wrong, first (pool, got, want): {wrong[:3]}")
    counts = {v["virtualAccount"]: (int(v.get("productInstances", 0)), int(v.get("reportingOverdue", 0)))
              for v in answer["virtualAccounts"]}
    for home in range(VIRTUAL_ACCOUNTS):
        expected = (estate.instances // VIRTUAL_ACCOUNTS, estate.overdue[home])
        if counts[va_name(home)] != expected:
            raise SystemExit(f"bench: {va_name(home)}: got (instances, overdue) {counts[va_name(home)]}, want {expected}")


def walk(rest: Rest, estate: Estate) -> list:
    """Every product instance exactly once; answers the tokens of all pages."""
    tokens, seen, token = [], 0, ""
    last = ""
    while True:
        tokens.append(token)
        page = json.loads(rest.bytes("productInstances?pageSize=1000&pageToken=" + urllib.parse.quote(token)))
        for row in page["productInstances"]:
            if row["udi"]["serialNumber"] <= last:
                raise SystemExit(f"bench: got {row['udi']} behind {last}, want each product instance once, in order")
            last = row["udi"]["serialNumber"]
            seen += 1
        token = page.get("nextPageToken", "")
        if not token:
            break
    if seen != estate.instances:
        raise SystemExit(f"bench: got {seen} product instances in all pages, want {estate.instances}")
    return tokens


def text_field(number: int, text: str) -> bytes:
    value = text.encode()
    return bytes([number << 3 | 2]) + varint(len(value)) + value if value else b""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def page_request(token: str) -> bytes:
    # page_size = 4, page_token = 5 of ListProductInstancesRequest.
    return bytes([4 << 3]) + varint(PAGE) + text_field(5, token)


class Grpc:
    def __init__(self, node: Node):
        self.node = node
        credential = json.loads(node.credentials.read_text())
        self.bearer = node.directory / "bearer"
        self.bearer.write_text(f"{credential['client_id']}.{credential['secret']}")

    def load(self, method: str, requests: list, rate: float = RATE) -> dict:
        file = self.node.directory / "requests.bin"
        file.write_bytes(b"".join(len(r).to_bytes(4, "little") + r for r in requests))
        result = _report.run_json(
            binary("tests/bench/online_load"), "--ca", self.node.directory / "data" / "tls" / "ca.pem", "--requests", file,
            "--method", method, "--bearer-file", self.bearer, "--target", f"127.0.0.1:{self.node.grpc}", "--rate", str(rate),
            "--concurrency", "64", "--seconds", str(len(requests) / rate + 1))
        if result["codes"] != {"0": len(requests)}:
            raise SystemExit(f"bench: got answers {result['codes']}, want {len(requests)} times 0 (OK)")
        return result


def measure(node: Node, estate: Estate, seconds: int) -> dict:
    rest, grpc = Rest(node), Grpc(node)
    started = time.monotonic()
    check_summary(rest, estate)
    first_s = time.monotonic() - started
    tokens = walk(rest, estate)
    calls, rng = RATE * seconds, random.Random(estate.instances)
    pages = [rng.choice(tokens) for _ in range(calls)]
    grpc.load(COMPLIANCE, [b""] * RATE)
    result = {"instances": estate.instances, "first_summary_s": round(first_s, 3),
              "summary": grpc.load(COMPLIANCE, [b""] * calls),
              "summary_rest": rest.load(["compliance"] * calls),
              "page": grpc.load(INSTANCES, [page_request(t) for t in pages]),
              "page_rest": rest.load([f"productInstances?pageSize={PAGE}&pageToken={urllib.parse.quote(t)}" for t in pages]),
              "memory_mib": node.memory_peaks_mib()["all in one"]}
    # A connection of its own: the gateway closes those that were idle meanwhile.
    check_summary(Rest(node), estate)
    return result


def rows_of(result: dict, smallest: dict) -> list:
    label, rows = f"{result['instances']:,} product instances", []
    for name, goal_ms, words in (("summary", GOAL_SUMMARY_MS, "compliance"), ("page", GOAL_PAGE_MS, f"page of {PAGE}")):
        ours, rest, first = result[name], result[name + "_rest"], smallest[name]
        rows.append((f"{words}, {label}", f"p50 {ours['p50_ms']:.1f} ms, p99 {ours['p99_ms']:.1f} ms",
                     f"{first['p50_ms']:.1f} ms at the smallest", f"{ours['p50_ms'] / first['p50_ms']:.2f}",
                     f"p99 <= {goal_ms} ms, flat"))
        rows.append(("  the same over REST", f"p50 {rest['p50_ms']:.1f} ms, p99 {rest['p99_ms']:.1f} ms",
                     f"{ours['p50_ms']:.1f} ms over gRPC", f"{rest['p50_ms'] / ours['p50_ms']:.2f}",
                     f"<= {GOAL_REST:.2f}"))
    rows.append(("  memory of the node", f"{result['memory_mib']:.0f} MiB", "", "", ""))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="tools/dev bench compliance")
    parser.add_argument("--quick", action="store_true", help="10,000 and 100,000 product instances, 10 s a measure")
    arguments = parser.parse_args()
    sizes, seconds = ((10_000, 100_000), 10) if arguments.quick else ((10_000, 100_000, 1_000_000), 30)
    started = time.monotonic()
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())
    estate, results, rows = Estate(now), [], []
    with Node("bench-compliance") as node:
        settings = _report.require_durability(node.sql)
        prepare(node, estate, sizes[-1])
        for size in sizes:
            grow(node, estate, size)
            results.append(measure(node, estate, seconds))
            rows += rows_of(results[-1], results[0])
            print(json.dumps(results[-1]), flush=True)
        fsck = node.qmctl("fsck", timeout_s=3600)
        if fsck.code:
            raise SystemExit(f"bench: the books do not balance: {fsck}")
    _report.print_table("compliance", rows, settings, {"sizes": results, "seconds": round(time.monotonic() - started)})


if __name__ == "__main__":
    main()
