"""Runs the unittest modules of a package: python3 -m tests.common.run tests.e2e [--long] [NAME…].

Prints each test as it ends and, last, COUNT <passed> <failed>. --long sets QM_TEST_LONG=1, which
tests read through tests.common.node.LONG for full sizes and seeds.
"""

import os
import sys
import unittest


class _Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main() -> int:
    arguments = [a for a in sys.argv[1:] if a != "--long"]
    if "--long" in sys.argv:
        os.environ["QM_TEST_LONG"] = "1"
    package, names = arguments[0], arguments[1:]
    loader = unittest.TestLoader()
    if names:
        suite = loader.loadTestsFromNames([f"{package}.{name}" for name in names])
    else:
        suite = loader.discover(package.replace(".", "/"), pattern="*_test.py", top_level_dir=".")
    runner = unittest.TextTestRunner(verbosity=2, resultclass=_Result)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    if loader.errors or result.testsRun == 0:
        failed += 1
    print(f"COUNT {result.passed} {failed}")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
