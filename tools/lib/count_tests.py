"""Adds up the JUnit files that `bazel test` leaves and prints COUNT <passed> <failed>.

A test target that broke before it could write its cases counts as one failure.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    passed = failed = 0
    for path in pathlib.Path(sys.argv[1]).rglob("test.xml"):
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError:
            failed += 1
            continue
        suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
        for suite in suites:
            cases = suite.findall("testcase")
            bad = [
                case
                for case in cases
                if case.find("failure") is not None or case.find("error") is not None
            ]
            skipped = [case for case in cases if case.get("status") == "notrun"]
            failed += len(bad)
            passed += len(cases) - len(bad) - len(skipped)
    print(f"COUNT {passed} {failed}")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
