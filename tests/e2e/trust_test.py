"""A product instance gets trust, signs by it, renews it and loses it: through qmctl and the agent, on a running node."""

import os
import subprocess
import time
import unittest

from tests.common.node import Node, SplitNode

TAG = "regid.2026-01.example.trust,1.0_a"
START = "2026-01-01T00:00:00Z"


class TrustTest(unittest.TestCase):
    def agent(self, node, name, *arguments, code=0, error=None):
        done = node.run("clients/agent/agent", "--state", node.directory / name, *arguments)
        self.assertEqual(done.code, code, done)
        if error:
            self.assertIn(error, done.err, done)
        return done

    def new_agent(self, node, name, *options):
        self.agent(node, name, "init", f"TRUST-1:{name}", "--clock", START, *options)
        self.agent(node, name, "set", TAG, 3)
        self.agent(node, name, "advance", "40d")

    def token(self, node, *options) -> dict:
        done = node.qmctl("token", "create", "-o", "json", *options)
        self.assertEqual(done.code, 0, done)
        token = done.json()
        token["file"] = node.directory / f"token-{token['id_token_id']}"
        token["file"].write_text(token["value"] + "\n")
        return token

    def key_of(self, node, name) -> str:
        return self.agent(node, name, "status", "-o", "json").json()["trust_key"]

    def submit_until(self, node, name, error, timeout_s=10):
        """Pushes until the node has noticed; answers after how many seconds."""
        started = time.monotonic()
        while True:
            done = node.run("clients/agent/agent", "--state", node.directory / name, "submit")
            if error in done.err:
                self.assertEqual(done.code, 1, done)
                return time.monotonic() - started
            self.assertLess(time.monotonic() - started, timeout_s, done)
            self.agent(node, name, "advance", "1d")
            time.sleep(0.2)

    def life_of_trust(self, node):
        token = self.token(node, "--uses", 2, "--description", "lab")
        self.new_agent(node, "SN1", "--signing", "builtin", "--ha-peer", "TRUST-1:SN1B")
        self.agent(node, "SN1", "trust", "renew", code=1, error="agent.trust_missing")
        self.agent(node, "SN1", "trust", "establish", "--id-token-file", token["file"])
        # Both units took a use; asking again takes none, another product instance finds none left.
        listed = node.qmctl("token", "list", "-o", "json").json()["id_tokens"][0]
        self.assertEqual((listed["uses"], listed["state"]), (2, "used up"))
        self.new_agent(node, "SN2")
        self.agent(node, "SN2", "trust", "establish", "--id-token-file", token["file"], code=1,
                   error="ledger.id_token_used_up")

        # What was closed and signed before the trust is no signature of ours: no downgrade.
        self.agent(node, "SN1", "submit", code=1, error="ingest.report_signature_missing")
        self.agent(node, "SN1", "advance", "31d")
        # Signed, verified, acknowledged.
        node.run("clients/agent/agent", "--state", node.directory / "SN1", "submit")
        self.agent(node, "SN1", "poll", "--wait")
        self.assertEqual(node.sql("SELECT DISTINCT verification FROM report_identities"), "1")
        status = self.agent(node, "SN1", "status").out
        self.assertIn("Trust Code Installed: \n  ", status)
        self.assertIn("Renewed after: ", status)

        # Renewal: both keys are good, the old one for the overlap.
        before = self.key_of(node, "SN1")
        self.agent(node, "SN1", "trust", "renew")
        after = self.key_of(node, "SN1")
        self.assertNotEqual(before, after)
        rows = node.qmctl("trust", "list", "--product-instance", "TRUST-1:SN1", "-o", "json").json()["trust_certificates"]
        self.assertEqual({r["key_id"]: r["replaced_by"] for r in rows}, {before: after, after: None})
        # And by itself, when half of the validity is over by the product instance's own clock.
        self.agent(node, "SN1", "advance", "1000d")
        node.run("clients/agent/agent", "--state", node.directory / "SN1", "submit")
        self.assertNotIn(self.key_of(node, "SN1"), (before, after))

        # Revoked: whatever comes from now on is rejected, within seconds.
        revoked = node.qmctl("trust", "revoke", "--product-instance", "TRUST-1:SN1", "--reason", "key-compromise",
                             "-o", "json")
        self.assertEqual(revoked.json()["revoked"], 3, revoked)
        self.agent(node, "SN1", "advance", "31d")
        self.assertLess(self.submit_until(node, "SN1", "ingest.report_certificate_revoked"), 5)
        self.agent(node, "SN1", "trust", "renew", code=1, error="authority.trust_key_revoked")
        self.check_revocation_list(node)
        # An ID token brings it back.
        again = self.token(node, "--uses", 2)
        self.agent(node, "SN1", "trust", "establish", "--id-token-file", again["file"])
        self.agent(node, "SN1", "advance", "31d")
        node.run("clients/agent/agent", "--state", node.directory / "SN1", "submit")
        newest = "SELECT verification FROM rum_reports ORDER BY change_id DESC, place DESC LIMIT 1"
        self.assertEqual(node.sql(newest), "1")
        self.assertEqual(node.qmctl("fsck").code, 0)
        self.no_secret_in_the_log(node, [token["value"], again["value"]])

    def check_revocation_list(self, node):
        crl, ca = node.directory / "list.crl", node.directory / "authority.pem"
        done = node.qmctl("trust", "revocation-list", "-o", crl, "--output", "json")
        self.assertEqual(done.json()["revoked_certificates"], 3, done)
        self.assertEqual(node.qmctl("trust", "authority", "export", "-o", ca).code, 0)
        shown = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", crl, "-CAfile", ca, "-noout", "-text"],
                               capture_output=True, text=True, check=True)
        self.assertIn("verify OK", shown.stderr)
        self.assertEqual(shown.stdout.count("Key Compromise"), 3, shown.stdout)

    def no_secret_in_the_log(self, node, secrets):
        log = node.log.read_text(errors="replace")
        for secret in secrets:
            self.assertNotIn(secret, log)
            self.assertEqual(node.sql(f"SELECT count(*) FROM id_tokens t WHERE t::text LIKE '%{secret}%'"), "0")

    def test_all_in_one(self):
        with Node("trust", "log:\n  level: debug\n  requests: true\n") as node:
            self.life_of_trust(node)

    def test_split(self):
        with SplitNode("trust-split") as node:
            self.life_of_trust(node)

    def test_what_gives_no_trust(self):
        with Node("no-trust") as node:
            self.new_agent(node, "SN1")
            once = self.token(node, "--uses", 1)
            for options, error in (
                (("--device-time", "2020-01-01"), "authority.clock_skew_exceeded"),
                (("--export-controlled",), "ledger.id_token_export_not_allowed"),
            ):
                self.agent(node, "SN1", "trust", "establish", "--id-token-file", once["file"], *options, code=1, error=error)
            unknown = node.directory / "unknown"
            unknown.write_text("qmt1_" + "A" * 43)
            self.agent(node, "SN1", "trust", "establish", "--id-token-file", unknown, code=1, error="ledger.id_token_unknown")
            self.agent(node, "SN1", "trust", "establish", code=2, error="AGENT_ID_TOKEN")
            revoked = self.token(node)
            self.assertEqual(node.qmctl("token", "revoke", revoked["id_token_id"]).code, 0)
            self.agent(node, "SN1", "trust", "establish", "--id-token-file", revoked["file"], code=1,
                       error="ledger.id_token_revoked")
            self.assertEqual(node.sql("SELECT sum(uses) FROM id_tokens"), "0")

            # The token from the environment; the same product instance with another key gets nothing for it.
            os.environ["AGENT_ID_TOKEN"] = once["value"]
            self.addCleanup(os.environ.pop, "AGENT_ID_TOKEN", None)
            self.agent(node, "SN1", "trust", "establish")
            thief = node.directory / "thief"
            done = node.run("clients/agent/agent", "--state", thief, "init", "TRUST-1:SN1", "--clock", START)
            self.assertEqual(done.code, 0, done)
            self.agent(node, "thief", "trust", "establish", code=1, error="ledger.id_token_redeemed")

    def test_factory_trust(self):
        with Node("factory") as node:
            ca = node.directory / "manufacturer"
            self.new_agent(node, "SN1", "--manufacturer-ca", ca)
            self.agent(node, "SN1", "trust", "factory", code=1, error="crypto.certificate_untrusted")
            self.assertEqual(node.qmctl("trust", "ca", "import", ca / "manufacturer-ca.pem").code, 0)
            self.agent(node, "SN1", "trust", "factory", "--key", "rsa")
            self.agent(node, "SN1", "advance", "31d")
            node.run("clients/agent/agent", "--state", node.directory / "SN1", "submit")
            self.assertIn("1", node.sql("SELECT DISTINCT verification FROM report_identities"))
            # Its own key, of another product instance: rejected by name.
            self.new_agent(node, "SN2")
            self.agent(node, "SN1", "status")
            (node.directory / "SN2" / "key.pem").write_bytes((node.directory / "SN1" / "trust.pem").read_bytes())
            self.agent(node, "SN2", "advance", "40d")
            self.agent(node, "SN2", "submit", code=1, error="ingest.report_key_bound_elsewhere")
            # Without its key it signs nothing at all.
            (node.directory / "SN2" / "key.pem").unlink()
            self.agent(node, "SN2", "advance", "40d", code=1, error="agent.key_missing")
            # Revoked trust does not come back by the factory certificate.
            self.assertEqual(node.qmctl("trust", "revoke", "--product-instance", "TRUST-1:SN1").code, 0)
            self.agent(node, "SN1", "trust", "factory", code=1, error="authority.trust_revoked")


if __name__ == "__main__":
    unittest.main()
