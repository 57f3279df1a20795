"""Every relative link in a Markdown file leads somewhere, and every path in docs/where.md exists."""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")


def markdown_files():
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True)
    return [pathlib.Path(p) for p in listed.stdout.split()]


def broken_links(path: pathlib.Path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:|#", target):
                continue
            if not (path.parent / target.split("#")[0]).exists():
                yield f"{path}:{number}: link to {target}: no such file"


def broken_paths(path: pathlib.Path):
    """In docs/where.md each code span with a slash is a path from the root."""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        for span in CODE.findall(line):
            if "/" in span and " " not in span and not list(pathlib.Path(".").glob(span)):
                yield f"{path}:{number}: {span}: no such file"


def main() -> int:
    found = [problem for path in markdown_files() for problem in broken_links(path)]
    where = pathlib.Path("docs/where.md")
    found += list(broken_paths(where)) if where.exists() else ["docs/where.md is missing"]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
