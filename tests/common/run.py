"""Runs the unittest modules of a package: python3 -m tests.common.run tests.e2e [--long] [--at-once N] [NAME…].

Prints each test as it ends and, last, COUNT <passed> <failed>. --long sets QM_TEST_LONG=1, which
tests read through tests.common.node.LONG for full sizes and seeds. With --at-once, so many tests run
beside each other, each in a process of its own; what one prints stays together.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import unittest


class _Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def _tests(suite) -> list:
    if isinstance(suite, unittest.TestSuite):
        return [test for part in suite for test in _tests(part)]
    return [suite]


def _run_here(suite) -> tuple:
    result = unittest.TextTestRunner(verbosity=2, resultclass=_Result).run(suite)
    return result.passed, len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)


def _run_apart(test_id: str) -> tuple:
    done = subprocess.run([sys.executable, "-m", "tests.common.run", "", test_id], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    *lines, last = done.stdout.decode(errors="replace").rstrip("\n").split("\n")
    print("\n".join(lines), flush=True)
    if not last.startswith("COUNT "):
        print(last, flush=True)
        return 0, 1
    passed, failed = map(int, last.split()[1:])
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.common.run")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("package")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.long:
        os.environ["QM_TEST_LONG"] = "1"
    loader = unittest.TestLoader()
    if arguments.names:
        prefix = f"{arguments.package}." if arguments.package else ""
        suite = loader.loadTestsFromNames([prefix + name for name in arguments.names])
    else:
        suite = loader.discover(arguments.package.replace(".", "/"), pattern="*_test.py", top_level_dir=".")
    tests = _tests(suite)
    if arguments.at_once > 1:
        with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
            counts = list(pool.map(_run_apart, [test.id() for test in tests]))
    else:
        counts = [_run_here(suite)]
    passed, failed = (sum(column) for column in zip(*counts))
    if loader.errors or not tests:
        failed += 1
    print(f"COUNT {passed} {failed}")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
