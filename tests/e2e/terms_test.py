"""Rights with terms over simulated time, as an administrator works with them: figures as of any date, the history
of the books, and their verification after somebody has tampered with them in SQL."""

import datetime
import time
import unittest

from tests.common.node import Node
from tests.common.reports import report, usage_file

TAG = "regid.2026-01.example.terms,1.0_a"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def date(days: int) -> str:
    """That many days from today. As the end of a term, and as --as-of, it is the end of that day."""
    return (TODAY + datetime.timedelta(days=days)).isoformat()


class TermsTest(unittest.TestCase):
    def run_ok(self, *arguments):
        done = self.node.qmctl(*arguments, "-o", "json")
        self.assertEqual(done.code, 0, done)
        return done.json()

    def entitled(self, *options) -> int:
        pools = self.run_ok("compliance", "--virtual-account", "Branches", *options)["pools"]
        return sum(pool["entitled"] for pool in pools if pool["tag"] == TAG)

    def figures(self, *options) -> dict:
        rows = self.run_ok("entitlement", "list", "--usage", *options)["entitlements"]
        return {row["entitlement_id"]: (row["status"], row["available"], row["expired"], row["consumed"])
                for row in rows}

    def jump(self, days: int):
        """The node starts again that many days after the real time."""
        self.node.stop()
        text = self.node.config.read_text().split("clock:")[0]
        self.node.config.write_text(text + f"clock: {{offset: {days}d}}\n")
        self.node.start()

    def buy(self):
        (self.node.directory / "catalog.csv").write_text(f'tag,display_name,term\n"{TAG}",Terms,subscription\n')
        self.run_ok("catalog", "import", self.node.directory / "catalog.csv")
        self.run_ok("virtual-account", "create", "Branches")
        self.run_ok("entitlement", "landing-rule", "set", "--order", "PO-1", "--virtual-account", "Branches")
        self.assertEqual(len(self.run_ok("entitlement", "landing-rule", "list")["landing_rules"]), 1)
        (self.node.directory / "rights.csv").write_text(
            "entitlement_id,tag,quantity,term,start,end,order_id\n"
            f'perpetual,"{TAG}",10,perpetual,{date(-10)},,PO-1\n'
            f'quarter,"{TAG}",5,subscription,{date(-10)},{date(89)},PO-1\n'
            f'next quarter,"{TAG}",7,subscription,{date(90)},{date(179)},PO-1\n')
        self.run_ok("entitlement", "import", self.node.directory / "rights.csv")

    def use(self, count: int):
        now = int(time.time())
        path = self.node.directory / "usage.xml"
        path.write_text(usage_file([report("TERMS1", TAG, 1, [(now - 900, now - 60, count)])]))
        done = self.node.qmctl("usage", "import", path, "--virtual-account", "Branches", "-o", "json")
        self.assertEqual(done.code, 0, done)
        self.node.wait_until("the report is booked", lambda: self.node.unapplied() == 0)

    def sealed(self):
        self.node.wait_until(
            "everything is sealed",
            lambda: self.run_ok("ledger", "verify")["unsealed_changes"] == 0)

    def test_terms_begin_and_end_and_every_figure_can_be_asked_for_as_of_any_date(self):
        with Node("terms") as node:
            self.node = node
            self.buy()
            self.use(12)
            # Past and future, before anything has happened.
            self.assertEqual([self.entitled("--as-of", date(d)) for d in (-12, 0, 88, 89, 178, 179, 400)],
                             [0, 15, 15, 17, 17, 10, 10])
            self.assertEqual(self.figures(), {
                "perpetual": ("active", 10, 0, 10), "quarter": ("active", 5, 0, 2),
                "next quarter": ("pending", 7, 0, 0)})
            self.run_ok("entitlement", "consumption-order", "set", "earliest-end-first")
            self.assertEqual(self.figures("--as-of", date(0))["quarter"], ("active", 5, 0, 5))
            used = self.run_ok("product-instance", "show", "QM-TEST-1:TERMS1", "--as-of", date(400))["usage"]
            self.assertEqual([(u["tag"], u["in_use"], u["virtual_account"]) for u in used], [(TAG, 12, "Branches")])
            self.assertEqual(
                self.run_ok("product-instance", "show", "QM-TEST-1:TERMS1", "--as-of", date(-2))["usage"], [])
            before = datetime.datetime.now(datetime.timezone.utc).isoformat()
            time.sleep(1)
            correction = self.run_ok("entitlement", "correct", "perpetual", "--quantity-change=-4")
            self.assertEqual(self.entitled(), 11)
            self.assertEqual(self.entitled("--known-at", before), 15)
            told = node.qmctl("compliance", "--known-at", before)
            self.assertIn("known at", told.out)

            self.jump(100)
            node.wait_until("the end is booked", lambda: node.sql(
                "SELECT count(*) FROM ledger_entries WHERE to_state = 5") == "1", timeout_s=90)
            self.assertEqual(self.figures()["quarter"], ("expired", 0, 5, 0))
            self.assertEqual(self.entitled(), 13)
            self.assertEqual(self.entitled("--as-of", date(88)), 11, "as it was")
            expiry = self.run_ok("ledger", "history", "--kind", "expiry")["entries"]
            self.assertEqual([(e["entitlement_id"], e["quantity"], e["effective_at"]) for e in expiry],
                             [("quarter", 5, f"{date(90)}T00:00:00Z")])
            self.assertTrue(expiry[0]["recorded_at"] > expiry[0]["effective_at"], expiry)

            self.run_ok("entitlement", "reverse", correction["movement_id"])
            self.assertEqual(self.entitled(), 17)
            kinds = [e["kind"] for e in self.run_ok("ledger", "history", "--entitlement", "perpetual")["entries"]]
            self.assertEqual(kinds, ["reversal", "correction", "purchase"])
            caused = self.run_ok("ledger", "history", "--product-instance", "QM-TEST-1:TERMS1")["entries"]
            self.assertEqual([(e["kind"], e["quantity"]) for e in caused], [("reports_applied", 12)])
            self.run_ok("usage", "show", caused[0]["report"])

    def test_a_list_of_activation_keys_becomes_rights_however_often_it_is_imported(self):
        with Node("paks") as node:
            self.node = node
            self.run_ok("virtual-account", "create", "Branches")
            (node.directory / "catalog.csv").write_text(f'tag,display_name,term\n"{TAG}",Terms,perpetual\n')
            self.run_ok("catalog", "import", node.directory / "catalog.csv")
            tags = node.directory / "tags.csv"
            tags.write_text(f'sku,tag\nL-SEC-K9,"{TAG}"\n')
            paks = node.directory / "paks.csv"
            heading = "PAK #,License SKU,Quantity Purchased,Issue Date,Family\n"
            paks.write_text(heading + "3001J1,L-SEC-K9,5,2020-01-01,ISR\n3001J2,L-SEC-K9,7,2021-01-01,ISR\n")
            command = ("pak", "import", paks, "--tags", tags, "--virtual-account", "Branches")
            self.assertEqual(self.run_ok(*command)["added"], 2)
            self.assertEqual(self.run_ok(*command)["unchanged"], 2)
            # A newer list: one key more, one with another quantity, one whose SKU nobody knows.
            paks.write_text(heading + "3001J2,L-SEC-K9,8,2021-01-01,ISR\n3001J3,L-SEC-K9,1,2022-01-01,ISR\n"
                            "3001J4,L-NEW-K9,1,2022-01-01,ISR\n")
            done = node.qmctl(*command, "-o", "json")
            self.assertEqual(done.code, 1, done)
            answer = done.json()
            self.assertEqual((answer["added"], answer["refused"]), (1, 2), answer)
            self.assertEqual(sorted((e["place"], e["reason"]) for e in answer["errors"]),
                             [("line 2", "ledger.entitlement_conflict"), ("line 4", "client.input_malformed")])
            self.assertEqual(self.entitled(), 13)

    def test_verification_names_what_was_tampered_with_and_a_noted_head_finds_a_cut_history(self):
        with Node("verify") as node:
            self.node = node
            self.buy()
            self.sealed()
            whole = self.run_ok("ledger", "verify")
            self.assertEqual(whole["findings"], [])
            head = f'{whole["head_block_id"]}:{whole["head_block_hash"]}'
            self.run_ok("ledger", "verify", "--expect-head", head)

            purchase = node.sql("SELECT change_id FROM ledger_changes WHERE kind = 1")
            changes = [
                ("UPDATE ledger_entries SET quantity = quantity + 1 WHERE change_id = {} AND place = 0",
                 "UPDATE ledger_entries SET quantity = quantity - 1 WHERE change_id = {} AND place = 0",
                 "change_differs", f"change {purchase}"),
                ("CREATE TABLE aside AS SELECT * FROM ledger_entries WHERE change_id = {0} AND place = 1;"
                 "DELETE FROM ledger_entries WHERE change_id = {0} AND place = 1",
                 "INSERT INTO ledger_entries SELECT * FROM aside; DROP TABLE aside",
                 "change_differs", f"change {purchase}"),
                ("UPDATE ledger_changes SET actor = 'me', kind = 8 WHERE change_id = {}",
                 "UPDATE ledger_changes SET kind = 1 WHERE change_id = {}", "block_differs", "block"),
                ("UPDATE ledger_blocks SET signature = '\\x00' WHERE block_id = 1", None,
                 "block_signature_invalid", "block 1"),
            ]
            for tamper, mend, rule, subject in changes:
                with self.subTest(tamper):
                    signature = node.sql("SELECT encode(signature, 'hex') FROM ledger_blocks WHERE block_id = 1")
                    node.sql(tamper.format(purchase))
                    found = node.qmctl("ledger", "verify", "-o", "json")
                    self.assertEqual(found.code, 1, found)
                    named = [(f["rule"], f["subject"]) for f in found.json()["findings"]]
                    self.assertTrue([n for n in named if n[0] == rule and subject in n[1]], found)
                    node.sql((mend or f"UPDATE ledger_blocks SET signature = '\\x{signature}' WHERE block_id = 1")
                             .format(purchase))
                    self.run_ok("ledger", "verify")

            # Cut at the end, without a trace in what stays. The node seals nothing that is not there.
            node.sql("DELETE FROM ledger_blocks; DELETE FROM ledger_entries; DELETE FROM ledger_changes")
            self.assertEqual(node.qmctl("ledger", "verify").code, 0, "of itself it looks whole")
            cut = node.qmctl("ledger", "verify", "--expect-head", head)
            self.assertEqual(cut.code, 1, cut)
            self.assertIn("expected_head_missing", cut.out)


if __name__ == "__main__":
    unittest.main()
