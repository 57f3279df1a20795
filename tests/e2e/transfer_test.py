"""Rights move between Virtual Accounts and back, as an administrator does it with qmctl."""

import datetime
import time
import unittest

from tests.common.node import Node

TAG = "regid.2026-01.example.transfer,1.0_a"


class TransferTest(unittest.TestCase):
    def test_a_shortage_is_cured_by_a_transfer_and_the_transfer_undone(self):
        with Node("transfer") as node:
            self.node = node
            for name in ("Headquarters", "Branches"):
                self.run_ok("virtual-account", "create", name)
            (node.directory / "catalog.csv").write_text(f'tag,display_name,term\n"{TAG}",Transfer,perpetual\n')
            self.run_ok("catalog", "import", node.directory / "catalog.csv")
            (node.directory / "rights.csv").write_text(
                "entitlement_id,virtual_account,tag,quantity,term,start,end,overage_quantity\n"
                f'perpetual,Headquarters,"{TAG}",10,perpetual,2026-01-01,,2\n'
                f'term,Headquarters,"{TAG}",5,subscription,2026-01-01,2040-01-01,0\n')
            self.run_ok("entitlement", "import", node.directory / "rights.csv")
            before = datetime.datetime.now(datetime.timezone.utc).isoformat()
            time.sleep(1)

            moved = self.run_ok("entitlement", "transfer", "--tag", TAG, "--from", "Headquarters", "--to", "Branches",
                                "--quantity", "12")
            self.assertEqual([(q["entitlement_id"], q["quantity"]) for q in moved["quantities"]],
                             [("perpetual", 10), ("term", 2)])
            self.assertEqual(self.entitled(), {"Headquarters": 3, "Branches": 12})
            self.assertEqual(self.entitled("--as-of", before), {"Headquarters": 15}, "as it was then")

            short = node.qmctl("entitlement", "transfer", "--tag", TAG, "--from", "Headquarters", "--to", "Branches",
                               "--quantity", "4")
            self.assertEqual(short.code, 1, short)
            self.assertIn("want at most 3", short.err)

            movement = str(moved["movement_id"])
            self.run_ok("entitlement", "reverse", movement)
            self.assertEqual(self.entitled(), {"Headquarters": 15, "Branches": 0})
            again = node.qmctl("entitlement", "reverse", movement)
            self.assertEqual(again.code, 1, again)
            self.assertIn("has undone", again.err)
            # Blocks close within five seconds.
            checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
            self.assertEqual(checked.code, 0, checked)

    def run_ok(self, *arguments):
        done = self.node.qmctl(*arguments, "-o", "json")
        self.assertEqual(done.code, 0, done)
        return done.json()

    def entitled(self, *options) -> dict:
        pools = self.run_ok("compliance", *options)["pools"]
        return {pool["virtual_account"]: pool["entitled"] for pool in pools if pool["tag"] == TAG}


if __name__ == "__main__":
    unittest.main()
