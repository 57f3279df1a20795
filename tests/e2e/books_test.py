"""The books: order does not matter, kills lose nothing, and tampering is found."""

import random
import time
import unittest

from tests.common.node import FIXTURES, LONG, Node
from tests.common.reports import report, usage_file

TAG = "regid.2026-01.example.books,1.0_a"
OTHER = "regid.2026-01.example.books,1.0_b"
DAY = 86400
BASE = 1_760_000_000


def estate(seed: int, instances: int, reports: int):
    """The same reports for the same seed: counts that go up and down, two tags."""
    random_ = random.Random(seed)
    texts = []
    for i in range(instances):
        for tag in (TAG, OTHER):
            start = BASE
            for r in range(reports):
                end = start + DAY
                texts.append(report(f"BOOK{seed}N{i:05d}", tag, r + 1, [(start, end, random_.randint(0, 9))]))
                start = end
    return texts


class BooksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("books")
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def import_texts(self, name: str, texts, **options):
        path = self.node.directory / name
        path.write_text(usage_file(texts))
        return self.node.qmctl("usage", "import", path, "-o", "json", **options)

    def applied(self):
        """Waits until ledger has reached what ingest has committed."""
        self.node.wait_until("all committed reports are applied", lambda: self.node.unapplied() == 0)

    def figures(self, seed: int):
        self.applied()
        return self.node.sql(
            "SELECT p.udi_sn, t.tag, u.in_use, u.latest_end_s, u.latest_report_id FROM usage_positions u "
            "JOIN product_instances p USING (smart_account_id, product_instance_id) JOIN license_tags t USING (tag_id) "
            f"WHERE p.udi_sn LIKE 'BOOK{seed}N%' ORDER BY 1, 2"
        )

    def assert_books_balance(self):
        # Blocks close within five seconds.
        result = self.node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual(result.code, 0, result)

    def test_the_hostname_that_a_device_reports_is_shown(self):
        done = self.node.qmctl("usage", "import", FIXTURES / "rum" / "many.xml", "-o", "json")
        self.assertEqual(done.code, 0, done)
        self.node.wait_until(
            "the product instance has its hostname",
            lambda: self.node.qmctl("product-instance", "show", "QX8200-EDGE:QXE4417A0P2", "-o", "json")
            .out.count('"edge-fra-01"') == 1)

    def test_shuffled_and_repeated_reports_give_the_same_books(self):
        expected = {}
        for seed, shuffled in ((1, False), (2, True)):
            # The same random counts under two names of instances.
            texts = [t.replace(f"BOOK1N", f"BOOK{seed}N") for t in estate(1, 20, 8)]
            if shuffled:
                texts = texts + random.Random(7).sample(texts, 60)
                random.Random(8).shuffle(texts)
            result = self.import_texts(f"estate{seed}.xml", texts)
            self.assertEqual(result.code, 0, result)
            expected[seed] = self.figures(seed).replace(f"BOOK{seed}N", "BOOKN")
        self.assertEqual(expected[1], expected[2])
        self.assertEqual(len(expected[1].split("\n")), 40)
        self.assert_books_balance()

    def test_a_node_killed_in_the_middle_of_an_import_loses_and_doubles_nothing(self):
        texts = estate(3, 400 if LONG else 100, 10)
        path = self.node.directory / "killed.xml"
        path.write_text(usage_file(texts))
        for attempt in range(3):
            importing = self.node.start_qmctl("usage", "import", path, "-o", "json", "--timeout", "5")
            time.sleep(0.15 * (attempt + 1))
            self.node.kill()
            importing.wait(timeout=60)
            self.node.start()
        result = self.node.qmctl("usage", "import", path, "-o", "json")
        totals = result.json()["files"][0]["totals"]
        self.assertEqual(totals["accepted"] + totals["duplicate"], len(texts), result)
        self.applied()
        stored = self.node.sql(
            "SELECT count(*), count(DISTINCT (source_id, report_id)) FROM rum_reports JOIN report_sources "
            "USING (smart_account_id, source_id) JOIN report_senders USING (sender_id) WHERE udi_sn LIKE 'BOOK3N%'"
        )
        self.assertEqual(stored, f"{len(texts)}|{len(texts)}")
        self.assert_books_balance()

    def test_an_ha_pair_is_one_consumer(self):
        ha = (("Active", "BOOK4A"), ("Standby", "BOOK4B"))
        back = (("Active", "BOOK4B"), ("Standby", "BOOK4A"))
        self.import_texts("ha1.xml", [report("BOOK4A", TAG, 1, [(BASE, BASE + DAY, 2)], ha=ha)])
        self.import_texts("ha2.xml", [report("BOOK4B", TAG, 1, [(BASE + DAY, BASE + 2 * DAY, 2)], ha=back)])
        self.applied()
        for serial in ("BOOK4A", "BOOK4B"):
            shown = self.node.qmctl("product-instance", "show", f"QM-TEST-1:{serial}", "-o", "json").json()
            self.assertEqual([u["in_use"] for u in shown["usage"]], [2], shown)
            self.assertEqual(len(shown["ha_members"]), 2, shown)
        self.assertEqual(
            self.node.sql(
                "SELECT sum(in_use) FROM usage_positions JOIN product_instances "
                "USING (smart_account_id, product_instance_id) WHERE udi_sn LIKE 'BOOK4%'"
            ),
            "2",
        )
        self.assert_books_balance()

    def test_zz_tampering_in_sql_is_found(self):
        self.import_texts("tamper.xml", [report("BOOK5A", TAG, 1, [(BASE, BASE + DAY, 5)])])
        self.applied()
        self.node.wait_until(
            "everything is sealed",
            lambda: self.node.sql(
                "SELECT count(*) FROM ledger_changes c WHERE NOT EXISTS (SELECT FROM ledger_blocks b "
                "WHERE (b.through_incarnation, b.through_xid, b.through_change_id) >= (c.incarnation, c.xid, c.change_id))"
            )
            == "0",
        )
        self.assert_books_balance()
        entry = "WHERE quantity = 5 AND book = 2 AND product_instance_id IN (SELECT product_instance_id FROM " \
                "product_instances WHERE udi_sn = 'BOOK5A')"
        tampers = {
            "a changed entry": (f"UPDATE ledger_entries SET quantity = 4 {entry}",
                                f"UPDATE ledger_entries SET quantity = 5 {entry.replace('= 5 AND', '= 4 AND')}",
                                {"change_differs", "usage_entries_differ", "pool_entries_differ"}),
            "an entry without its change": (
                "UPDATE ledger_changes SET entry_count = entry_count + 1 WHERE change_id = (SELECT max(change_id) FROM "
                "ledger_changes WHERE entry_count > 0)",
                "UPDATE ledger_changes SET entry_count = entry_count - 1 WHERE change_id = (SELECT max(change_id) FROM "
                "ledger_changes WHERE entry_count > 0)",
                {"block_differs", "change_entries_missing"}),
            "a change of another kind": ("UPDATE ledger_changes SET kind = kind + 1 WHERE kind = 3",
                                         "UPDATE ledger_changes SET kind = kind - 1 WHERE kind = 4", {"block_differs"}),
            "a block signed by nobody": (
                "UPDATE ledger_blocks SET signature = set_byte(signature, 9, get_byte(signature, 9) # 1) WHERE block_id = 1",
                "UPDATE ledger_blocks SET signature = set_byte(signature, 9, get_byte(signature, 9) # 1) WHERE block_id = 1",
                {"block_signature_invalid"}),
            "a changed pool": ("UPDATE license_pools SET in_use = in_use + 1", "UPDATE license_pools SET in_use = in_use - 1",
                               {"pool_differs", "pool_entries_differ"}),
            "a changed position": ("UPDATE usage_positions SET in_use = in_use + 1 WHERE product_instance_id IN "
                                   "(SELECT product_instance_id FROM product_instances WHERE udi_sn = 'BOOK5A')",
                                   "UPDATE usage_positions SET in_use = in_use - 1 WHERE product_instance_id IN "
                                   "(SELECT product_instance_id FROM product_instances WHERE udi_sn = 'BOOK5A')",
                                   {"position_differs", "pool_differs"}),
            "covered time that nobody reported": (
                "UPDATE usage_positions SET coverage = set_byte(coverage, 0, get_byte(coverage, 0) # 2) WHERE product_instance_id "
                "IN (SELECT product_instance_id FROM product_instances WHERE udi_sn = 'BOOK5A')",
                "UPDATE usage_positions SET coverage = set_byte(coverage, 0, get_byte(coverage, 0) # 2) WHERE product_instance_id "
                "IN (SELECT product_instance_id FROM product_instances WHERE udi_sn = 'BOOK5A')",
                {"position_coverage_differs"}),
            "a changed identity": ("UPDATE report_identities SET payload_hash = gen_random_uuid() WHERE report_id = 1 AND "
                                   "source_id = (SELECT max(source_id) FROM report_sources)", None,
                                   {"payload_hash_differs"}),
        }
        for name, (break_it, mend_it, rules) in tampers.items():
            with self.subTest(name):
                self.node.sql(break_it)
                result = self.node.qmctl("fsck", "-o", "json", timeout_s=300)
                self.assertEqual(result.code, 1, result)
                found = {f["rule"] for f in result.json()["findings"]}
                self.assertEqual(found & rules, rules, result)
                if mend_it:
                    self.node.sql(mend_it)
                    self.assert_books_balance()


if __name__ == "__main__":
    unittest.main()
