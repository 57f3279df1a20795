"""tools/dev bench ingest [--quick]: bulk import and online submissions against their floors.

Bulk: a usage file of RSA-2048-signed reports (and the same unsigned) is imported through the real
client and gateway, committed and applied to the books; the floor parses and verifies on all cores
and writes the same final rows of every table, in the same run, on the same PostgreSQL.
Online: single submissions over TLS against a bare gRPC echo of the same bytes by the same client.
"""

import argparse
import json
import os
import pathlib
import subprocess
import time

from tests.bench import _report
from tests.common.node import Node, SplitNode, binary

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "quartermaster" / "bench"
# Of the floor's stages on a 2-core machine of this kind when it has nothing else to do.
RAW_FIGURES = {"verify_per_s_core": 27_900, "rows_per_s": 206_000}
# Of the online load, against the node and against the echo: an estate has thousands of devices, and each
# submits one report and waits. With fewer calls in flight the groups that share a commit are smaller, and the
# node waits for the disk more than it works.
CALLS_IN_FLIGHT = "512"
CALLS_IN_FLIGHT_FEWER = "256"


def fleet(signing: str, instances: int, reports_per_tag: int) -> pathlib.Path:
    """A generated fleet; made once and kept outside the tree, because signing takes long."""
    path = CACHE / f"{signing}-{instances}x2x{reports_per_tag}"
    if not (path / "fleet.json").exists():
        path.mkdir(parents=True, exist_ok=True)
        print(f"generating {instances * 2 * reports_per_tag:,} reports ({signing}), once", flush=True)
        subprocess.run(
            [binary("clients/fleet/fleet"), "generate", "--seed", "1", "--instances", str(instances), "--tags", "2"]
            + ["--reports-per-tag", str(reports_per_tag), "--days-per-report", "1", "--signing", signing]
            + ["--out", str(path)],
            check=True,
        )
    return path


def trust(node: Node, path: pathlib.Path):
    for command in (("trust", "ca", "import", path / "manufacturer-ca.pem"),
                    ("trust", "certificate", "import", path / "certificates.pem")):
        done = node.qmctl(*command, timeout_s=600)
        if done.code:
            raise SystemExit(f"bench: {done}")


def import_once(node: Node, path: pathlib.Path) -> dict:
    done = node.run("clients/fleet/fleet", "bulk", "--usage", path / "usage.xml", "--wait-applied", "-o", "json",
                    "--patience", "3600", "--timeout", "3600", timeout_s=3600)
    if done.code:
        raise SystemExit(f"bench: {done}")
    return done.json()


def disk_bytes_per_report(node: Node, reports: int) -> float:
    node.sql("CHECKPOINT")
    return int(node.sql(
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'rum_reports'::regclass")) / reports \
        + int(node.sql("SELECT pg_total_relation_size('report_identities')")) / reports


def floor(node: Node, path: pathlib.Path, signing: str) -> dict:
    """The floor on an empty database of the same schema beside the node's own."""
    socket = node.directory / "data" / "run"
    connection = f"host={socket} user=qm_admin dbname="
    dump = node.directory / "schema.sql"
    subprocess.run(["pg_dump", "-h", str(socket), "-U", "qm_admin", "-s", "-f", str(dump), "quartermaster"], check=True)
    subprocess.run(["createdb", "-h", str(socket), "-U", "qm_admin", "floor"], check=True)
    subprocess.run(["psql", "-qX", "-h", str(socket), "-U", "qm_admin", "-d", "floor", "-f", str(dump)], check=True,
                   stdout=subprocess.DEVNULL)
    certificates = ["--certificates", path / "certificates.pem"] if signing != "builtin" else []
    result = _report.run_json(
        binary("tests/bench/ingest_floor"), "--usage", path / "usage.xml", *certificates,
        "--from", connection + "quartermaster", "--to", connection + "floor")
    subprocess.run(["dropdb", "-h", str(socket), "-U", "qm_admin", "floor"], check=True)
    for stage, want in RAW_FIGURES.items():
        if stage == "verify_per_s_core" and signing != "rsa":
            continue
        if result[stage] < 0.8 * want:
            raise SystemExit(f"bench: the floor got {stage} {result[stage]:,.0f}, want at least 80 % of {want:,}: this "
                             "machine is busy with something else, and a slow floor would flatter us")
    return result


def check_books(node: Node, reports: int, signing: str):
    verified = int(node.sql("SELECT count(*) FROM report_identities WHERE verification = 1"))
    want = 0 if signing == "builtin" else reports
    if verified != want:
        raise SystemExit(f"bench: got {verified} verified reports, want {want} of {reports}")
    fsck = node.qmctl("fsck", timeout_s=3600)
    if fsck.code:
        raise SystemExit(f"bench: the books do not balance: {fsck}")


def bulk_once(shape, signing: str, path: pathlib.Path) -> dict:
    """One import into a fresh node, then the floor beside it."""
    with shape(f"bench-{signing}") as node:
        result = {"settings": _report.require_durability(node.sql)}
        if signing != "builtin":
            trust(node, path)
        ours = import_once(node, path)
        reports = ours["accepted"]
        result["lag_p99_s"] = node.histogram_quantile("quartermaster_ledger_booked_seconds", 0.99)
        result["memory_mib"] = node.memory_peaks_mib()
        result["floor"] = floor(node, path, signing) if shape is Node else None
        result["disk_bytes"] = disk_bytes_per_report(node, reports)
        check_books(node, reports, signing)
        result.update(ours=ours, reports=reports, rate=reports / ours["applied_seconds"])
        return result


def bulk(signing: str, instances: int, reports_per_tag: int, runs: int, rows: list, extra: dict) -> dict:
    path = fleet(signing, instances, reports_per_tag)
    results = [bulk_once(Node, signing, path) for _ in range(runs)]
    # Pairs from one run each: the machine's other work hits both alike.
    results.sort(key=lambda result: result["rate"] / result["floor"]["reports_per_s"])
    middle = results[len(results) // 2]
    split = bulk_once(SplitNode, signing, path)
    below = middle["floor"]["reports_per_s"]
    rows.append((f"bulk import, {middle['reports']:,} reports, {signing}", f"{middle['rate']:,.0f}/s", f"{below:,.0f}/s",
                 f"{middle['rate'] / below:.2f}", ">= 0.70"))
    rows.append(("  in the split shape", f"{split['rate']:,.0f}/s", f"{below:,.0f}/s", f"{split['rate'] / below:.2f}", ""))
    rows.append(("  lag to the books, p99", f"{middle['lag_p99_s']:.2f} s", "", "", "<= 1 s"))
    for service, mib in {**middle["memory_mib"], **split["memory_mib"]}.items():
        rows.append((f"  memory of {service}", f"{mib:.0f} MiB", "", "", "<= 256 MiB"))
    rows.append(("  disk per stored report", f"{middle['disk_bytes']:.0f} B", "", "",
                 "<= 600 B" if signing == "builtin" else "<= 1,100 B"))
    extra[f"bulk_{signing}"] = {"runs": results, "split": split}
    return middle["settings"]


class OnlineTarget:
    """A node that online_load can call."""

    def __init__(self, node: Node, path: pathlib.Path, requests: pathlib.Path):
        trust(node, path)
        self.node, self.requests = node, requests
        self.tls = node.directory / "data" / "tls"
        credential = json.loads(node.credentials.read_text())
        self.bearer = node.directory / "bearer"
        self.bearer.write_text(f"{credential['client_id']}.{credential['secret']}")

    def load(self, port: int, *options) -> dict:
        result = _report.run_json(
            binary("tests/bench/online_load"), "--ca", self.tls / "ca.pem", "--requests", self.requests,
            "--method", "/quartermaster.ingest.v1.UsageService/SubmitReports", "--bearer-file", self.bearer,
            "--target", f"127.0.0.1:{port}", *options)
        if set(result["codes"]) != {"0"}:
            raise SystemExit(f"bench: got answers {result['codes']}, want all of them 0 (OK)")
        return result

    def submit(self, *options) -> dict:
        before = self.stored()
        result = self.load(self.node.grpc, *options)
        if self.stored() - before != result["calls"]:
            raise SystemExit(f"bench: got {self.stored() - before} new reports stored, want {result['calls']}")
        return result

    def stored(self) -> int:
        return int(self.node.sql("SELECT count(*) FROM report_identities"))

    def echo(self, *options) -> dict:
        server = subprocess.Popen(
            [binary("tests/bench/echo_server"), str(self.tls / "server.pem"), str(self.tls / "server.key")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            return self.load(int(server.stdout.readline()), *options)
        finally:
            server.stdin.close()
            server.wait()


def online_requests() -> tuple:
    """The fleet of the quick bulk run, and its reports as messages."""
    path = fleet("rsa", 1000, 50)
    requests = path / "requests.bin"
    if not requests.exists():
        subprocess.run([binary("clients/fleet/fleet"), "requests", "--usage", str(path / "usage.xml"), "--out",
                        str(requests)], check=True)
    return path, requests


def online(runs: int, rows: list, extra: dict) -> dict:
    path, requests = online_requests()
    peak = 0
    for shape, name, in_flight, goal in (
            (Node, "all in one", CALLS_IN_FLIGHT, ">= 0.35"),
            (Node, f"{CALLS_IN_FLIGHT_FEWER} at once", CALLS_IN_FLIGHT_FEWER, ""),
            (SplitNode, "split", CALLS_IN_FLIGHT, "")):
        pairs = []
        for _ in range(runs):
            with shape("bench-online") as node:
                settings = _report.require_durability(node.sql)
                target = OnlineTarget(node, path, requests)
                below = target.echo("--concurrency", in_flight, "--seconds", "5")
                ours = target.submit("--concurrency", in_flight, "--seconds", "8")
                pairs.append({"ours": ours, "floor": below})
        pairs.sort(key=lambda pair: pair["ours"]["rate"] / pair["floor"]["rate"])
        middle = pairs[len(pairs) // 2]
        peak = peak or middle["ours"]["rate"]
        rows.append((f"online submissions, {name}", f"{middle['ours']['rate']:,.0f}/s", f"{middle['floor']['rate']:,.0f}/s",
                     f"{middle['ours']['rate'] / middle['floor']['rate']:.2f}", goal))
        extra[f"online_{name}"] = pairs
    with Node("bench-half") as node:
        target = OnlineTarget(node, path, requests)
        # A node's first seconds are not its life: it reads its signers and trains its dictionary then.
        rate = ("--concurrency", CALLS_IN_FLIGHT, "--rate", f"{peak / 2:.0f}", "--seconds")
        warm = target.submit(*rate, "8")
        at_half = target.submit(*rate, "10", "--skip", str(warm["calls"]))
        rows.append((f"  latency at {peak / 2:,.0f}/s (half of peak)",
                     f"p50 {at_half['p50_ms']:.1f} ms, p99 {at_half['p99_ms']:.1f} ms", "", "", "p99 <= 50 ms"))
        extra["online_half"] = at_half
    return settings


def main():
    parser = argparse.ArgumentParser(prog="tools/dev bench ingest")
    parser.add_argument("--quick", action="store_true", help="100,000 reports instead of a million")
    parser.add_argument("--only", choices=["rsa", "builtin", "online"])
    arguments = parser.parse_args()
    instances, per_tag, runs = (1000, 50, 3) if arguments.quick else (5000, 100, 1)
    rows, extra, settings = [], {}, {}
    started = time.monotonic()
    for signing in ("rsa", "builtin"):
        if arguments.only in (None, signing):
            settings = bulk(signing, instances, per_tag, runs, rows, extra)
    if arguments.only in (None, "online"):
        settings = online(3, rows, extra)
    extra["seconds"] = round(time.monotonic() - started)
    _report.print_table("ingest", rows, settings, extra)


if __name__ == "__main__":
    main()
