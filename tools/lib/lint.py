"""House rules that a compiler does not know. Prints file:line: rule; exit 1 on any."""

import re
import subprocess
import sys

# rule, files it reads, pattern that must not occur, where it may after all
RULES = [
    ("no unfinished work", r"\.(cc|h|py|sh|sql|proto)$", r"\b(TODO|FIXME|XXX)\b", r"tools/lib/lint\.py"),
    ("names say what a thing is", r"\.(cc|h)$", r"\b(class|struct) \w*(Manager|Helper|Util|Utils|Processor|Handler)\b", None),
    ("business time comes from the one clock", r"services/.*/storage/.*(?<!test)\.cc$", r"(?<!::)\b(now|clock_timestamp|statement_timestamp)\(\)", None),
    ("no shell", r"^(services|clients)/.*(?<!test)\.(cc|h)$", r"\b(std::system|popen)\s*\(", None),
    ("absl::Now is behind the clock", r"^services/[a-z]+/domain/.*(?<!test)\.cc$", r"\babsl::Now\(\)", None),
    ("a skipped test proves nothing", r"\.(cc|py)$", r"^(?!.*geteuid).*(GTEST_SKIP|DISABLED_|unittest\.skip|skipTest)", r"tools/lib/lint\.py"),
    ("SQL is in storage", r"^services/[a-z]+/(api|domain)/.*(?<!test)\.cc$", r"\b(SELECT .* FROM|INSERT INTO|DELETE FROM)\b", None),
]


def files():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    return listed.stdout.split("\n")


def include_guard(path: str) -> str:
    return "QUARTERMASTER_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"


def main() -> int:
    found = []
    for path in files():
        if path.startswith("third_party/") or not re.search(r"\.(cc|h|py|sh|sql|proto)$", path):
            continue
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        if path.endswith(".h") and f"#ifndef {include_guard(path)}" not in lines:
            found.append(f"{path}:1: include guard: want {include_guard(path)}")
        for name, where, pattern, allowed in RULES:
            if not re.search(where, path) or (allowed and re.search(allowed, path)):
                continue
            for number, line in enumerate(lines, 1):
                if re.search(pattern, line):
                    found.append(f"{path}:{number}: {name}: {line.strip()[:100]}")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
