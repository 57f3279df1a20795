"""tools/dev, as far as it can be tried beside a node that a developer may have running."""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from tests.common.node import REPO, Node, free_ports, work_directory


class DevTool:
    """tools/dev with a directory and ports of its own, and without building: the tests' binaries are built."""

    def __init__(self):
        self.directory = work_directory("dev")
        fake = self.directory / "bin" / "bazel"
        fake.parent.mkdir()
        fake.write_text("#!/bin/sh\n")
        fake.chmod(0o755)
        rest, grpc, metrics = free_ports(3)
        self.environment = dict(
            os.environ,
            PATH=f"{fake.parent}:{os.environ['PATH']}",
            QM_DEV_DIR=str(self.directory / "node"),
            QM_DEV_REST_LISTEN=f"127.0.0.1:{rest}",
            QM_DEV_GRPC_LISTEN=f"127.0.0.1:{grpc}",
            QM_DEV_METRICS_LISTEN=f"127.0.0.1:{metrics}",
        )

    def start(self, *arguments) -> subprocess.Popen:
        with open(self.output_file, "ab") as output:
            return subprocess.Popen([str(REPO / "tools" / "dev"), *arguments], env=self.environment,
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def run(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([str(REPO / "tools" / "dev"), *arguments], env=self.environment,
                              capture_output=True, text=True, timeout=60)

    @property
    def output_file(self) -> pathlib.Path:
        return self.directory / "output"

    def wait_for_output(self, text: str, timeout_s: float = 60):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if text in self.output_file.read_text(errors="replace"):
                return
            time.sleep(0.1)
        raise AssertionError(f"not within {timeout_s} s: {text}\n{self.output_file.read_text(errors='replace')}")

    def close(self):
        self.run("down", "--purge")
        shutil.rmtree(self.directory, ignore_errors=True)


class DevToolTest(unittest.TestCase):
    def test_in_the_foreground_the_node_is_seen_by_the_other_commands_and_ends_with_the_tool(self):
        tool = DevTool()
        self.addCleanup(tool.close)
        attached = tool.start("up", "--foreground")
        self.addCleanup(attached.wait)
        self.addCleanup(attached.terminate)
        tool.wait_for_output("the node's log follows")
        pid = int((tool.directory / "node" / "node.pid").read_text())
        # The sample estate is loaded and its result shown.
        self.assertIn("Quartermaster is running", tool.output_file.read_text())
        self.assertIn('"virtual_accounts"', tool.run("qmctl", "compliance", "-o", "json").stdout)
        status = tool.run("status")
        self.assertEqual(status.returncode, 0, status.stderr)
        self.assertIn(f"running, pid {pid}", status.stdout)
        second = tool.run("up")
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertIn(f"already runs (pid {pid})", second.stderr)
        attached.send_signal(signal.SIGTERM)
        self.assertEqual(attached.wait(timeout=60), 0)
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        self.assertIn('"stopped"', tool.output_file.read_text())
        self.assertIn("not running", tool.run("status").stdout)

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
