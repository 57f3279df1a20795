"""A product instance online: it pushes its reports, polls, and holds an acknowledgement that it trusts."""

import unittest

from tests.common.node import Node, SplitNode

TAG = "regid.2026-01.example.online,1.0_a"
LOCAL_CALLS = 'quartermaster_rpc_calls_total{code="ok",listener="local",method="/quartermaster.ingest.v1.UsageService/SubmitReports"}'


class AgentOnlineTest(unittest.TestCase):
    def agent(self, node, *arguments, code=0):
        done = node.run("clients/agent/agent", "--state", node.directory / "agent", *arguments)
        self.assertEqual(done.code, code, done)
        return done

    def calls_locally(self, node) -> bool:
        return any(line.startswith(LOCAL_CALLS) for text in node.metric_texts() for line in text.splitlines())

    def push_and_poll(self, node):
        ca = node.directory / "manufacturer"
        self.agent(node, "init", "ONLINE-1:SN00000001", "--clock", "2026-01-01T00:00:00Z", "--manufacturer-ca", ca)
        self.assertEqual(node.qmctl("trust", "ca", "import", ca / "manufacturer-ca.pem").code, 0)
        certificate = next((node.directory / "agent").glob("*certificate*.pem"))
        self.assertEqual(node.qmctl("trust", "certificate", "import", certificate).code, 0)
        self.agent(node, "set", TAG, 3)
        self.agent(node, "advance", "95d")
        self.agent(node, "submit")
        self.agent(node, "poll", "--wait")
        pool = next(p for p in node.qmctl("compliance", "-o", "json").json()["pools"] if p["tag"] == TAG)
        self.assertEqual(int(pool["in_use"]), 3, pool)
        stored = "SELECT count(*), min(verification), max(verification) FROM report_identities"
        pushed, *verified = node.sql(stored).split("|")
        self.assertGreaterEqual(int(pushed), 3, "one report a month")
        self.assertEqual(verified, ["1", "1"])
        # What was pushed once is reported: nothing is left to push.
        self.agent(node, "submit")
        self.assertEqual(node.sql(stored), f"{pushed}|1|1")
        self.assertEqual(node.qmctl("fsck").code, 0)

    def test_all_in_one_passes_grpc_by(self):
        with Node("agent") as node:
            self.push_and_poll(node)
            self.assertTrue(self.calls_locally(node), "submissions took the channel")

    def test_split(self):
        with SplitNode("agent-split") as node:
            self.push_and_poll(node)
            self.assertFalse(self.calls_locally(node), "submissions came to another process without a channel")


if __name__ == "__main__":
    unittest.main()
