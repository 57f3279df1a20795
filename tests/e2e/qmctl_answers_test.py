"""What qmctl prints is whole: every page of a poll, and CSV that says as much as the table does."""

import csv
import io
import json
import ssl
import unittest
import urllib.request

from tests.common.node import Node
from tests.common.reports import report, usage_file

TAG = "regid.2026-01.example.answers,1.0_a"
START = 1_760_000_000
# A page of a poll ends with 200 senders at the latest.
SENDERS = 450


class QmctlAnswersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("answers")
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def rows(self, *arguments, code=0):
        """The lines of a command's CSV, each by the names of its columns."""
        done = self.node.qmctl(*arguments, "-o", "csv")
        self.assertEqual(done.code, code, done)
        rows = list(csv.DictReader(io.StringIO(done.out)))
        self.assertTrue(rows, done)
        return rows

    def submit(self, document: str) -> int:
        """Pushes a document as senders do; answers the poll id."""
        credential = json.loads(self.node.credentials.read_text())
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.node.rest}/quartermaster/v1/usage:submit",
            data=document.encode(),
            headers={
                "Authorization": f"Bearer {credential['client_id']}.{credential['secret']}",
                "Content-Type": "application/xml",
            },
        )
        tls = ssl.create_default_context(cadata=credential["ca_certificate"])
        with urllib.request.urlopen(request, context=tls, timeout=60) as answer:
            return int(json.load(answer)["pollId"])

    def fleet(self, directory) -> str:
        """A usage file of SENDERS product instances whose signatures the node can verify."""
        done = self.node.run("clients/fleet/fleet", "generate", "--out", directory, "--instances", SENDERS,
                             "--tags", 1, "--reports-per-tag", 1, "--measurements", 1, "--signing", "ecdsa")
        self.assertEqual(done.code, 0, done)
        certificates = self.node.qmctl("trust", "ca", "import", directory / "manufacturer-ca.pem")
        self.assertEqual(certificates.code, 0, certificates)
        imported = self.rows("trust", "certificate", "import", directory / "certificates.pem")[-1]
        self.assertEqual((imported["imported"], imported["refused"]), (str(SENDERS), "0"))
        return (directory / "usage.xml").read_text()

    def test_a_poll_writes_the_files_of_every_page(self):
        poll_id = self.submit(self.fleet(self.node.directory / "fleet"))
        folder = self.node.directory / "acknowledgements"
        folder.mkdir()
        done = self.node.qmctl("ack", "poll", poll_id, "--wait", "--folder", folder, "-o", "json")
        self.assertEqual(done.code, 0, done.err)
        answer = done.json()
        self.assertEqual(answer["status"], "complete")
        self.assertEqual(len({a["serial_number"] for a in answer["acknowledgements"]}), SENDERS)
        self.assertEqual(len(list(folder.iterdir())), SENDERS)
        rows = self.rows("ack", "poll", poll_id)
        self.assertEqual(len(rows), SENDERS + 1)
        self.assertEqual(rows[-1]["status"], "complete")

    def test_an_import_in_csv_says_what_became_of_each_file(self):
        good = self.node.directory / "good.xml"
        good.write_text(usage_file([report("CSV00000001", TAG, 1, [(START, START + 86400, 3)])]))
        bad = self.node.directory / "doctype.xml"
        bad.write_text("<!DOCTYPE html><html></html>")
        rows = self.rows("usage", "import", good, bad, code=1)
        self.assertEqual([row["file"] for row in rows], [str(good), str(good), str(bad)])
        self.assertEqual([row["outcome"] for row in rows], ["accepted", "", ""])
        self.assertEqual([row["accepted"] for row in rows], ["", "1", "0"])
        self.assertEqual(rows[2]["reason"], "ingest.doctype_refused")

    def test_an_administrator_says_whether_unverifiable_reports_count(self):
        path = self.node.directory / "unverifiable.xml"
        tag = "regid.2026-01.example.answers,1.0_unverifiable"
        path.write_text(usage_file([report("POLICY00001", tag, 1, [(START, START + 86400, 3)])]))
        self.rows("usage", "import", path)

        def in_use():
            pools = self.node.qmctl("compliance", "-o", "json").json()["pools"]
            return sum(pool["in_use"] for pool in pools if pool["tag"] == tag)

        self.node.wait_until("the report is in the books", lambda: in_use() == 3)
        for count, shown, used in (("no", "false", 0), ("yes", "true", 3)):
            row = self.rows("smart-account", "unverifiable-reports", "--count", count)[0]
            self.assertEqual(row["count_unverifiable"], shown)
            listed = self.rows("smart-account", "list")
            self.assertEqual([r["count_unverifiable"] for r in listed], [shown])
            self.node.wait_until(f"{used} are in use", lambda used=used: in_use() == used)
        self.assertEqual(self.node.qmctl("smart-account", "unverifiable-reports", "--count", "perhaps").code, 2)
        self.assertEqual(self.rows("fsck")[-1]["finding_count"], "0")

    def test_figures_alone_are_one_row(self):
        self.assertEqual(self.rows("product-instance", "release", "--all-stale"), [{"released_positions": "0"}])
        tags = self.node.directory / "tags.csv"
        tags.write_text("tag,display_name\nregid.2026-01.example.figures,Figures\n")
        self.assertEqual(self.rows("catalog", "import", tags)[-1]["added"], "1")
        self.node.wait_until("all services serve", lambda: self.node.qmctl("node").code == 0)
        self.assertEqual(self.rows("node")[0]["not_serving"], "")

    def test_the_nodes_certificates_can_be_carried_to_a_product_instance(self):
        path = self.node.directory / "authority.pem"
        written = self.node.qmctl("trust", "authority", "export", "-o", path, "--output", "json")
        self.assertEqual(written.code, 0, written)
        self.assertEqual(path.read_text().count("-----BEGIN CERTIFICATE-----"), written.json()["certificates"])
        state = self.node.directory / "agent"
        for arguments in (("init", "ANSWERS-1:SN1"), ("install", "authority", path)):
            done = self.node.run("clients/agent/agent", "--state", state, *arguments)
            self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    unittest.main()
