"""Accounts and product instances over their life, as an administrator does it with qmctl while a device reports."""

import unittest

from tests.common.node import Node
from tests.common.reports import report, usage_file

TAG = "regid.2026-01.example.accounts,1.0_a"
DAY = 86400
BASE = 1_760_000_000


class AccountsTest(unittest.TestCase):
    def test_instances_move_go_and_are_replaced_and_accounts_close(self):
        with Node("accounts") as node:
            self.node = node
            for name in ("Headquarters", "Branches"):
                self.run_ok("virtual-account", "create", name)
            self.own_rights()
            self.device_reports(3)
            self.import_reports("first.xml", [report("ACC1", TAG, 1, [(BASE, BASE + DAY, 5)]),
                                              report("ACC2", TAG, 1, [(BASE, BASE + DAY, 2)])])
            self.assertEqual(self.in_use(), {"Default": 10})
            self.move()
            self.remove_and_come_back()
            self.replace()
            self.close()
            checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
            self.assertEqual(checked.code, 0, checked)

    def move(self):
        device = "ONLINE-1:SN00000001"
        seen = self.run_ok("product-instance", "move", device, "--to", "Branches", "--preview")
        self.assertEqual((seen["product_instances"], seen["usage"][0]["in_use"]), (1, 3))
        self.assertEqual([p["virtual_account"] for p in seen["pools_out"]], ["Branches"], "it owns nothing")
        self.assertEqual(self.in_use(), {"Default": 10}, "a preview moves nothing")
        self.run_ok("product-instance", "move", device, "--to", "Headquarters")
        self.assertEqual(self.in_use(), {"Default": 7, "Headquarters": 3})
        # The device goes on reporting, and is at home where it was put.
        self.agent("set", TAG, 4)
        self.agent("advance", "40d")
        self.agent("submit")
        self.applied()
        self.assertEqual(self.in_use(), {"Default": 7, "Headquarters": 4})

    def remove_and_come_back(self):
        gone = self.run_ok("product-instance", "remove", "--udi-prefix", "QM-TEST-1:ACC2")
        self.assertEqual(gone["product_instances"], 1)
        self.assertEqual(self.in_use(), {"Default": 5, "Headquarters": 4})
        self.assertNotIn("ACC2", self.listed())
        self.assertIn("ACC2", self.listed("--removed"))

    def replace(self):
        self.import_reports("new.xml", [report("ACC3", TAG, 1, [(BASE + 2 * DAY, BASE + 3 * DAY, 5)])])
        self.assertEqual(self.in_use(), {"Default": 10, "Headquarters": 4})
        new = self.run_ok("product-instance", "replace", "QM-TEST-1:ACC1", "QM-TEST-1:ACC3")
        self.assertEqual(new["replaces"], ["QM-TEST-1:ACC1"])
        self.assertEqual(self.in_use(), {"Default": 5, "Headquarters": 4}, "never twice")

    def close(self):
        refused = self.node.qmctl("virtual-account", "close", "Headquarters")
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("1 entitlements, 1 product instances", refused.err)
        closed = self.run_ok("virtual-account", "close", "Headquarters", "--move-content-to", "Branches")
        self.assertEqual(closed["moved_product_instances"], 1)
        self.assertEqual(self.in_use(), {"Default": 5, "Branches": 4})
        self.assertEqual(self.names(), ["Branches", "Default"])
        self.assertEqual(self.names("--closed"), ["Branches", "Default", "Headquarters"])
        (self.node.directory / "door.xml").write_text(
            usage_file([report("ACC8", TAG, 1, [(BASE, BASE + DAY, 1)])]))
        self.run_ok("usage", "import", self.node.directory / "door.xml", "--virtual-account", "Headquarters")
        self.applied()
        self.assertEqual(self.in_use(), {"Default": 6, "Branches": 4}, "a closed door leads to the default")
        renamed = self.run_ok("virtual-account", "rename", "Branches", "--name", "Headquarters")
        self.assertEqual(renamed["name"], "Headquarters", "the name is free again")
        self.run_ok("virtual-account", "set-responsible", "Headquarters", "--responsible", "alice", "--deputy", "bob")
        self.assertTrue(self.run_ok("virtual-account", "set-default", "Headquarters")["is_default"])
        self.run_ok("smart-account", "create", "corp.example.com")
        self.run_ok("smart-account", "rename", "corp.example.com", "--name", "Corp")
        self.run_ok("smart-account", "close", "corp.example.com")
        late = self.node.directory / "late.xml"
        late.write_text(usage_file([report("ACC9", TAG, 1, [(BASE, BASE + DAY, 1)])]))
        stopped = self.node.qmctl("--smart-account", "corp.example.com", "usage", "import", late)
        self.assertEqual(stopped.code, 1, stopped)
        self.assertIn("ingest.smart_account_closed", stopped.err + stopped.out)

    def own_rights(self):
        (self.node.directory / "catalog.csv").write_text(f'tag,display_name,term\n"{TAG}",Accounts,perpetual\n')
        self.run_ok("catalog", "import", self.node.directory / "catalog.csv")
        (self.node.directory / "rights.csv").write_text(
            "entitlement_id,virtual_account,tag,quantity,term,start\n"
            f'E1,Headquarters,"{TAG}",10,perpetual,2020-01-01\n')
        self.run_ok("entitlement", "import", self.node.directory / "rights.csv")

    def device_reports(self, count: int):
        ca = self.node.directory / "manufacturer"
        self.agent("init", "ONLINE-1:SN00000001", "--clock", "2026-01-01T00:00:00Z", "--manufacturer-ca", ca)
        self.run_ok("trust", "ca", "import", ca / "manufacturer-ca.pem")
        certificate = next((self.node.directory / "agent").glob("*certificate*.pem"))
        self.run_ok("trust", "certificate", "import", certificate)
        self.agent("set", TAG, count)
        self.agent("advance", "40d")
        self.agent("submit")

    def agent(self, *arguments):
        done = self.node.run("clients/agent/agent", "--state", self.node.directory / "agent", *arguments)
        self.assertEqual(done.code, 0, done)

    def import_reports(self, name: str, texts):
        (self.node.directory / name).write_text(usage_file(texts))
        self.run_ok("usage", "import", self.node.directory / name)
        self.applied()

    def applied(self):
        self.node.wait_until("all committed reports are applied", lambda: self.node.unapplied() == 0)

    def run_ok(self, *arguments):
        done = self.node.qmctl(*arguments, "-o", "json")
        self.assertEqual(done.code, 0, done)
        return done.json()

    def in_use(self) -> dict:
        pools = self.run_ok("compliance")["pools"]
        return {p["virtual_account"]: p["in_use"] for p in pools if p["tag"] == TAG and p["in_use"]}

    def listed(self, *options) -> list:
        return [p["serial_number"] for p in self.run_ok("product-instance", "list", *options)["product_instances"]]

    def names(self, *options) -> list:
        return sorted(v["name"] for v in self.run_ok("virtual-account", "list", *options)["virtual_accounts"])


if __name__ == "__main__":
    unittest.main()
