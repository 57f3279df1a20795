"""From a usage file to a compliance answer, through qmctl and a real node."""

import json
import pathlib
import re
import unittest

from tests.common.node import FIXTURES, Node

V2 = FIXTURES / "rum" / "v2.xml"


def outer_and_payload(text: str):
    """The outer JSON object of a RUMReport file and its payload object."""
    cdata = re.search(r"<!\[CDATA\[(.*?)\]\]>", text, re.S).group(1)
    outer = json.loads(cdata)
    return outer, json.loads(outer["payload"])


def report_text(outer: dict, payload: dict) -> str:
    changed = dict(outer, payload=json.dumps(payload, separators=(",", ":")))
    return f"<RUMReport><![CDATA[{json.dumps(changed)}]]></RUMReport>"


class UsageImportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("import")
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def setUp(self):
        self.text = V2.read_text()
        self.outer, self.payload = outer_and_payload(self.text)

    def write(self, name: str, content) -> pathlib.Path:
        path = self.node.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def import_file(self, path, *arguments):
        return self.node.qmctl("usage", "import", path, "-o", "json", *arguments)

    def changed(self, serial: str, change=None, outer_change=None) -> str:
        """The fixture as another device's report, changed in one way."""
        outer, payload = outer_and_payload(self.text)
        payload["asset_identification"]["instance"]["sudi"]["udi_serial_number"] = serial
        outer["signature"]["sudi"]["udi_serial_number"] = serial
        payload["meta"]["ha_udi"] = []
        if change:
            change(payload)
        if outer_change:
            outer_change(outer)
        return report_text(outer, payload)

    def assert_refused(self, result, reason: str):
        self.assertEqual(result.code, 1, result)
        file = result.json()["files"][0]
        rejected = [r for r in file["reports"] if r["outcome"] == "rejected"]
        reasons = [r["reason"] for r in rejected] + [(file.get("error") or {}).get("reason")]
        messages = [r["message"] for r in rejected] + [(file.get("error") or {}).get("message")]
        self.assertIn(reason, reasons, result)
        self.assertTrue(any(m for m in messages), result)
        self.assertEqual(file["totals"]["accepted"], 0, result)

    def test_a_report_is_accepted_once_counted_and_answered_again_as_the_first_time(self):
        path = self.write("first.xml", self.changed("FIRST000001"))
        first = self.import_file(path)
        self.assertEqual(first.code, 0, first)
        report = first.json()["files"][0]["reports"][0]
        self.assertEqual(report["outcome"], "accepted")
        self.assertEqual(report["verification"], "unverifiable")
        measurements = self.payload["measurements"]
        self.assertEqual(report["measurement_count"], len(measurements))
        in_use = int(max(measurements, key=lambda m: m["end_time"])["value"]["value"])
        self.assertEqual(report["in_use"], in_use)

        again = self.import_file(path)
        self.assertEqual(again.code, 0, again)
        duplicate = again.json()["files"][0]["reports"][0]
        self.assertEqual(duplicate["outcome"], "duplicate")
        for field in ("received_at", "name", "verification", "in_use", "measurement_count"):
            self.assertEqual(duplicate[field], report[field], field)

        def counted():
            result = self.node.qmctl("product-instance", "show", f"{report['product_id']}:FIRST000001", "-o", "json")
            usage = result.json()["usage"] if result.code == 0 else []
            return usage and usage[0]["in_use"] == in_use

        self.node.wait_until("the report is in the books", counted)
        pools = self.node.qmctl("compliance", "-o", "json").json()["pools"]
        pool = [p for p in pools if p["tag"] == report["entitlement_tag"]]
        self.assertEqual(len(pool), 1, pools)
        self.assertGreaterEqual(pool[0]["in_use"], in_use)

    def test_another_payload_under_the_same_identity_is_a_conflict_and_not_counted(self):
        self.import_file(self.write("a.xml", self.changed("CONFLICT001")))

        def more(payload):
            payload["measurements"][-1]["value"]["value"] = "999999"

        result = self.import_file(self.write("b.xml", self.changed("CONFLICT001", more)))
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.json()["files"][0]["totals"]["conflict"], 1, result)
        pools = self.node.qmctl("compliance", "-o", "json").json()["pools"]
        self.assertFalse([p for p in pools if p["in_use"] >= 999999])

    def test_one_bad_report_among_good_ones_does_not_sink_them(self):
        def negative(payload):
            payload["measurements"][0]["value"]["value"] = "-1"

        reports = [self.changed(f"MIXED{i:06d}", negative if i == 3 else None) for i in range(7)]
        path = self.write("mixed.xml", "<smartLicense>" + "\n".join(reports) + "</smartLicense>")
        result = self.import_file(path)
        self.assertEqual(result.code, 1, result)
        totals = result.json()["files"][0]["totals"]
        self.assertEqual((totals["accepted"], totals["rejected"]), (6, 1), result)
        bad = [r for r in result.json()["files"][0]["reports"] if r["outcome"] == "rejected"]
        self.assertEqual(bad[0]["reason"], "ingest.count_out_of_range")
        self.assertIn("measurements[0]", bad[0]["message"])

    def test_corrupted_reports_are_refused_with_a_precise_reason(self):
        def count(value):
            def change(payload):
                payload["measurements"][0]["value"]["value"] = value

            return change

        def bad_base64(outer):
            outer["signature"]["value"] = "!!not base64!!"

        cases = {
            "bad base64": (self.changed("BAD0001", None, bad_base64), "ingest.signature_malformed"),
            "number instead of text": (self.changed("BAD0002", count(2)), "ingest.payload_field_invalid"),
            "negative count": (self.changed("BAD0003", count("-5")), "ingest.count_out_of_range"),
            "huge count": (self.changed("BAD0004", count("2147483648")), "ingest.count_out_of_range"),
            "empty count": (self.changed("BAD0005", count("")), "ingest.payload_field_invalid"),
        }
        for name, (text, reason) in cases.items():
            with self.subTest(name):
                self.assert_refused(self.import_file(self.write("bad.xml", text)), reason)

    def test_truncated_json_is_refused(self):
        text = self.changed("TRUNC01")
        cut = text[: text.rindex('"signature"')] + "]]></RUMReport>"
        self.assert_refused(self.import_file(self.write("cut.xml", cut)), "ingest.report_malformed")

    def test_files_that_are_no_usage_files_are_refused(self):
        bomb = (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
            '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><RUMReport>&b;</RUMReport>'
        )
        external = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><RUMReport>&x;</RUMReport>'
        cases = {
            "doctype": (external, "ingest.doctype_refused"),
            "entity bomb": (bomb, "ingest.doctype_refused"),
            "html": ("<!DOCTYPE html><html><body>login</body></html>", "ingest.doctype_refused"),
            "html without doctype": ("<html><body>login</body></html>", "ingest.document_not_usage"),
            "empty": ("", "ingest.document_not_usage"),
            "binary": (bytes(range(256)) * 40, "ingest.document_not_usage"),
            "truncated xml": (self.changed("TRUNC02")[:-5], "ingest.document_malformed"),
        }
        for name, (content, reason) in cases.items():
            with self.subTest(name):
                self.assert_refused(self.import_file(self.write("no.xml", content)), reason)

    def test_a_hundred_megabytes_of_nesting_are_refused_at_once(self):
        path = self.node.directory / "deep.xml"
        with open(path, "wb") as file:
            for _ in range(100):
                file.write(b"<a>" * 349525)
        self.assert_refused(self.import_file(path), "ingest.document_not_usage")
        with open(path, "wb") as file:
            file.write(b"<smartLicense>")
            for _ in range(100):
                file.write(b"<a>" * 349525)
        self.assert_refused(self.import_file(path), "ingest.nesting_too_deep")

    def test_a_missing_file_is_refused_and_an_absent_node_is_unreachable(self):
        self.assertEqual(self.import_file("/nonexistent/file.xml").code, 1)
        self.assertEqual(self.node.qmctl("usage", "import").code, 2)
        path = self.write("reach.xml", self.changed("REACH01"))
        result = self.import_file(path, "--endpoint", "127.0.0.1:1", "--timeout", "2")
        self.assertEqual(result.code, 3, result)

    def test_the_stored_bytes_come_back_as_they_came(self):
        text = self.changed("BYTES000001")
        result = self.import_file(self.write("bytes.xml", text))
        name = result.json()["files"][0]["reports"][0]["name"]
        shown = self.node.qmctl("usage", "show", name, "--raw", "-")
        self.assertEqual(shown.out, re.search(r"<!\[CDATA\[(.*?)\]\]>", text, re.S).group(1))

    def test_zz_the_books_balance_after_all_of_this(self):
        result = self.node.qmctl("fsck", "-o", "json", timeout_s=300)
        self.assertEqual(result.code, 0, result)


if __name__ == "__main__":
    unittest.main()
