"""A custom reporting policy: set for a Virtual Account, it reaches the product instance with its acknowledgement, and
both sides know the same deadlines."""

import datetime
import re
import unittest

from tests.common.node import Node

TAG = "regid.2026-01.example.policy,1.0_a"
UDI = "POLICY-1:SN00000001"
DAY = 86400

WHY = """\
Product instance POLICY-1:SN00000001 in Branches, as of TIME UTC
Last report TIME UTC, last acknowledgement TIME UTC
Policy in force: Branch offices, acknowledgement required, push every 7 days
Policies, the first that is there is in force
PRODUCT INSTANCE SOURCE POLICY TYPE IN FORCE
POLICY-1:SN00000001 delivered Branch offices custom yes
POLICY-1:SN00000001 virtual_account Stricter custom
POLICY-1:SN00000001 smart_account (none)
POLICY-1:SN00000001 default Default default
What is used
TAG CLASS IN USE FIRST USE LAST CHANGE
regid.2026-01.example.policy,1.0_a unenforced_subscription 3 TIME
Rules, the earliest deadline decides
TAG CLASS RULE COUNTS FROM DAYS DUE DECIDES
regid.2026-01.example.policy,1.0_a unenforced_subscription ongoing TIME 60 TIME yes
Next report due: TIME UTC
Next acknowledgement due: TIME UTC
Next push expected: TIME UTC
Reporting: current"""


def seconds(rfc3339: str) -> int:
    return int(datetime.datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp())


class PolicyTest(unittest.TestCase):
    def qmctl(self, *arguments):
        done = self.node.qmctl(*arguments, "--output", "json")
        self.assertEqual(done.code, 0, done)
        return done.json()

    def agent(self, *arguments, code=0):
        done = self.node.run("clients/agent/agent", "--state", self.node.directory / "agent", *arguments)
        self.assertEqual(done.code, code, done)
        return done

    def status(self) -> dict:
        return self.agent("status", "-o", "json").json()

    def shown(self) -> dict:
        return self.qmctl("product-instance", "show", UDI)

    def certify(self):
        """The product instance and the node trust each other."""
        ca = self.node.directory / "manufacturer"
        clock = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=10)
        self.agent("init", UDI, "--clock", clock.strftime("%Y-%m-%dT%H:%M:%SZ"), "--manufacturer-ca", ca)
        self.qmctl("trust", "ca", "import", ca / "manufacturer-ca.pem")
        certificate = next((self.node.directory / "agent").glob("*certificate*.pem"))
        self.qmctl("trust", "certificate", "import", certificate)
        authority = self.node.directory / "authority.pem"
        self.qmctl("trust", "authority", "export", "-o", authority)
        self.agent("install", "authority", authority)

    def report(self):
        """One report, acknowledged on both sides."""
        self.agent("submit")
        self.agent("poll", "--wait")
        acknowledged_s = self.status()["last_acknowledged_s"]
        self.node.wait_until("ledger knows the acknowledgement", lambda: seconds(
            self.shown()["last_acknowledged"] or "1970-01-01T00:00:00Z") == acknowledged_s)
        return acknowledged_s

    def assert_both_know(self, deadline_s: int):
        self.assertEqual(self.status()["next_acknowledgement_due_s"], deadline_s)
        self.assertEqual(seconds(self.shown()["next_report_due"]), deadline_s)
        self.assertEqual(seconds(self.qmctl("policy", "why", UDI)["next_acknowledgement_due"]), deadline_s)
        shown = datetime.datetime.fromtimestamp(deadline_s, datetime.timezone.utc).strftime("%b %d %H:%M:%S %Y UTC")
        self.assertIn(f"Next ACK deadline: {shown}", self.agent("status").out)

    def test_a_policy_travels_with_the_acknowledgement_and_both_sides_agree(self):
        with Node("policy") as node:
            self.node = node
            self.qmctl("virtual-account", "create", "Branches")
            (node.directory / "catalog.csv").write_text(f'tag,display_name,term\n"{TAG}",Policy,subscription\n')
            self.qmctl("catalog", "import", node.directory / "catalog.csv")
            (node.directory / "known.csv").write_text(
                "product_id,serial_number,virtual_account\nPOLICY-1,SN00000001,Branches\n")
            self.qmctl("product-instance", "import", node.directory / "known.csv")
            first = self.qmctl("policy", "set", "--virtual-account", "Branches", "--name", "Branch offices",
                               "--subscription", "20,60,15", "--push-interval", "7")
            self.certify()

            # Before it ever reported it can have the policy as a file.
            policy_file = node.directory / "policy.xml"
            self.qmctl("policy", "export", "--product-instance", UDI, "-o", policy_file)
            text = policy_file.read_text()
            self.assertTrue(text.startswith("<smartLicensePolicy><data>"), text[:60])
            self.assertNotIn("'", text)
            first_use_s = self.status()["clock_s"]
            self.agent("set", TAG, 3)
            self.agent("import", policy_file)
            self.assertEqual(self.status()["policy"], "Branch offices")
            self.assertEqual(self.status()["next_acknowledgement_due_s"], first_use_s + 20 * DAY)
            self.agent("advance", "10d")

            # The acknowledgement brings it, and 60 days count from there.
            acknowledged_s = self.report()
            self.assertEqual(self.status()["policy"], "Branch offices")
            self.assertEqual(self.status()["policy_type"], "custom")
            self.assert_both_know(acknowledged_s + 60 * DAY)
            shown = self.shown()
            self.assertEqual(shown["reporting_policy"], "Branch offices")
            self.assertEqual(shown["reporting_status"], "current")
            self.assertEqual(seconds(shown["next_push_due"]), seconds(shown["last_contact"]) + 7 * DAY)
            status = self.status()
            self.assertEqual(status["next_push_s"], status["last_push_s"] + 7 * DAY)

            # A newer policy waits for the next acknowledgement; `why` says so.
            self.qmctl("policy", "set", "--virtual-account", "Branches", "--name", "Stricter",
                       "--subscription", "20,40,15", "--push-interval", "3")
            self.assert_both_know(acknowledged_s + 60 * DAY)
            self.assertEqual(self.why_in_words(), WHY)
            self.agent("advance", "1h")
            acknowledged_s = self.report()
            self.assertEqual(self.status()["policy"], "Stricter")
            self.assert_both_know(acknowledged_s + 40 * DAY)

            # An old policy file is refused by the product instance.
            self.agent("import", policy_file, code=1)
            self.assertEqual(self.status()["policy"], "Stricter")

            # What was in force at a time stays known.
            then = self.qmctl("policy", "why", UDI, "--as-of", first["effective_at"])
            self.assertEqual(then["policy"]["name"], "Branch offices")
            self.qmctl("policy", "clear", "--virtual-account", "Branches")
            self.assertEqual(self.qmctl("policy", "list")["policies"], [])
            history = self.qmctl("policy", "list", "--history")["policies"]
            self.assertEqual([(p["name"], p["ended_at"] is None) for p in history],
                             [("Branch offices", False), ("Stricter", False)])
            refused = node.qmctl("policy", "set", "--subscription", "1,2,3651")
            self.assertEqual(refused.code, 1)
            self.assertIn("classes[unenforced_subscription].on_change_days", refused.err)
            self.assertEqual(node.qmctl("fsck", timeout_s=300).code, 0)

    def why_in_words(self) -> str:
        done = self.node.qmctl("policy", "why", UDI)
        self.assertEqual(done.code, 0, done)
        lines = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", line) for line in done.out.splitlines()]
        return "\n".join(" ".join(line.split()) for line in lines if line.strip())


if __name__ == "__main__":
    unittest.main()
