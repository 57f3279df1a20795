"""tools/dev, as far as it can be tried beside a node that a developer may have running."""

import os
import subprocess
import unittest

from tests.common.node import REPO, Node, work_directory


class DevToolTest(unittest.TestCase):
    def test_qmctl_finds_the_running_node_from_any_folder(self):
        with Node("dev-tool") as node:
            environment = {k: v for k, v in os.environ.items() if k != "QMCTL_CREDENTIALS"}
            environment["QM_DEV_DIR"] = str(node.directory)
            done = subprocess.run(
                [str(REPO / "tools" / "dev"), "qmctl", "compliance", "-o", "json"],
                cwd=work_directory("elsewhere"), env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"virtual_accounts"', done.stdout)

    def test_an_unknown_command_is_named(self):
        done = subprocess.run([str(REPO / "tools" / "dev"), "upp"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("got command 'upp'", done.stderr)


if __name__ == "__main__":
    unittest.main()
