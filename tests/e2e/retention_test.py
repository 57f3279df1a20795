"""Report bodies go after their time, held ones stay, and the books are proven before and after."""

import time
import unittest

from tests.common.node import Node
from tests.common.reports import report, usage_file

TAG = "regid.2026-01.example.retention,1.0_a"
DAY = 86400
RETENTION = "retention:\n  reports: 90d\n  give_up_unverifiable: true\n"


class RetentionTest(unittest.TestCase):
    def setUp(self):
        self.node = Node("retention", RETENTION)
        self.addCleanup(self.node.close)
        self.config = self.node.config.read_text()
        self.node.start()

    def at(self, days: int):
        """The same node, so many days later."""
        self.node.stop()
        self.node.config.write_text(self.config + f"clock:\n  offset: {days}d\n")
        self.node.start()

    def run_ok(self, *arguments):
        done = self.node.qmctl(*arguments, "-o", "json", timeout_s=300)
        self.assertEqual(done.code, 0, done)
        return done.json()

    def import_reports(self, name: str, *texts):
        path = self.node.directory / name
        path.write_text(usage_file(texts))
        done = self.node.qmctl("usage", "import", path, "-o", "json")
        self.node.wait_until("all committed reports are applied", lambda: self.node.unapplied() == 0)
        return done.json()

    def listed(self, serial: str) -> dict:
        rows = self.run_ok("usage", "list", "--product-instance", f"QM-TEST-1:{serial}")["reports"]
        return {row["report_id"]: row["name"] for row in rows}

    def months(self) -> str:
        return self.node.sql("SELECT count(*) FROM report_openings o WHERE NOT EXISTS (SELECT FROM "
                             "ingest_v1_report_months m WHERE m.received_from = o.received_from)")

    def figures(self) -> list:
        return self.run_ok("compliance")["pools"]

    def wait_for(self, what: str, condition):
        self.node.wait_until(what, condition, timeout_s=150)

    def test_held_reports_stay_and_the_others_go(self):
        base = int(time.time()) - 30 * DAY
        texts = [report("RETAIN1", TAG, i, [(base + i * DAY, base + (i + 1) * DAY, 3 + i)]) for i in (1, 2, 3)]
        self.import_reports("first.xml", *texts)
        names = self.listed("RETAIN1")
        self.assertEqual(sorted(names), [1, 2, 3])
        self.run_ok("fsck")
        self.run_ok("hold", "place", "audit", "--reason", "a test asks")
        figures = self.figures()

        self.at(200)
        self.wait_for("the month is gone", lambda: self.months() != "0")
        self.assertEqual(self.listed("RETAIN1"), names, "the account is on hold")
        self.assertEqual(self.figures(), figures)
        self.run_ok("fsck")

        held = self.run_ok("hold", "list")["holds"]
        self.assertEqual([(hold["name"], hold["reason"]) for hold in held], [("audit", "a test asks")])
        self.run_ok("hold", "release", "audit")
        self.assertEqual(self.run_ok("hold", "list")["holds"], [])
        self.at(201)
        self.wait_for("what was held is gone", lambda: sorted(self.listed("RETAIN1")) == [3])
        gone = self.node.qmctl("usage", "show", names[1])
        self.assertEqual(gone.code, 1, gone)
        self.assertIn("ingest.report_body_retired", gone.err)
        self.assertEqual(self.figures(), figures)
        self.run_ok("fsck")

        # What is gone is a duplicate still; what comes late is booked.
        again = self.import_reports("again.xml", texts[0])
        self.assertEqual(again["files"][0]["totals"]["duplicate"], 1, again)
        self.import_reports("late.xml", report("RETAIN1", TAG, 9, [(base, base + DAY, 2)]))
        self.assertEqual(self.figures(), figures, "an earlier measurement changes no present figure")
        self.run_ok("fsck")

        self.node.sql("UPDATE report_identities SET payload_hash = gen_random_uuid() WHERE report_id = 2")
        found = self.node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual({finding["rule"] for finding in found.json()["findings"]}, {"opening_report_differs"}, found)

        self.run_ok("product-instance", "erase", "QM-TEST-1:RETAIN1")


if __name__ == "__main__":
    unittest.main()
