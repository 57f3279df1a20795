"""What all benchmarks share: the durability they require, and how they print."""

import json
import subprocess
import sys


def require_durability(psql) -> dict:
    """Refuses to measure a database that does not keep what it answers."""
    settings = {name: psql(f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")}
    off = {name: value for name, value in settings.items() if value != "on"}
    if off:
        raise SystemExit(f"bench: got {off}, want all of them on")
    return settings


def print_table(title: str, rows: list, settings: dict, extra: dict = None):
    """rows: (measure, ours, floor or goal text, ratio or None, goal)."""
    print(f"\n{title}")
    print("  " + ", ".join(f"{k}={v}" for k, v in settings.items()))
    widths = [max(len(str(row[i])) for row in [("measure", "ours", "floor", "ratio", "goal"), *rows]) for i in range(5)]
    for row in [("measure", "ours", "floor", "ratio", "goal"), *rows]:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(json.dumps({"benchmark": title, "settings": settings, "rows": rows, **(extra or {})}))


def run_json(*command, **options) -> dict:
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, **options)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))} ended with {done.returncode}")
    return json.loads(done.stdout)

