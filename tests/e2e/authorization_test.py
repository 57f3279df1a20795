"""An enforced license from the request to the return, online and by file, as people do it: the product instance with
`agent`, the node's side with `qmctl`."""

import re
import unittest

from tests.common.node import Node

ENFORCED = "regid.2026-01.example.hsec,1.0_enforced"
EXPORT = "regid.2026-01.example.crypto,1.0_export"


class AuthorizationTest(unittest.TestCase):
    def test_online_and_by_file(self):
        with Node("authorization") as node:
            self.node = node
            self.prepare()
            self.online()
            self.by_file()
            self.four_eyes()
            self.destroyed()
            self.killed_between_the_phases()
            checked = node.qmctl("fsck", "-o", "json", timeout_s=300)
            self.assertEqual(checked.code, 0, checked)

    def prepare(self):
        (self.node.directory / "catalog.csv").write_text(
            "tag,display_name,enforcement,term\n"
            f'"{ENFORCED}",High Security,enforced,perpetual\n"{EXPORT}",Strong Crypto,export_controlled,perpetual\n')
        self.run_ok("catalog", "import", self.node.directory / "catalog.csv")
        (self.node.directory / "rights.csv").write_text(
            "entitlement_id,virtual_account,tag,quantity,term,start\n"
            f'E1,Default,"{ENFORCED}",10,perpetual,2026-01-01\nE2,Default,"{EXPORT}",5,perpetual,2026-01-01\n')
        self.run_ok("entitlement", "import", self.node.directory / "rights.csv")

    def online(self):
        self.init("x", "C8500:X1")
        refused = self.agent("x", "set", "--enforced", ENFORCED, 1, code=1)
        self.assertIn("agent.not_authorized", refused.err)
        self.agent("x", "authorization", "request", f"{ENFORCED}=1")
        self.assertEqual(self.pool(ENFORCED), (9, 0, 1), "authorised, not reported yet")
        self.assertEqual(self.of("C8500:X1")["state"], "confirmed")
        self.agent("x", "set", "--enforced", ENFORCED, 1)
        self.agent("x", "advance", "31d")
        self.agent("x", "submit")
        # 10 owned; X has 1 authorised and reports 1; Y reports 2: 7 are left.
        self.init("y", "C8500:Y1", signing="builtin")
        self.agent("y", "set", ENFORCED, 2)
        self.agent("y", "advance", "31d")
        self.agent("y", "submit")
        self.node.wait_until("the vector of semantics", lambda: self.pool(ENFORCED) == (7, 3, 0))

        # More of the same: the installed code is named and replaced.
        self.agent("x", "authorization", "request", f"{ENFORCED}=4")
        states = [one["state"] for one in self.authorizations("C8500:X1")]
        self.assertEqual(states, ["replaced", "confirmed"])
        self.assertEqual(self.pool(ENFORCED), (4, 3, 3))
        shown = self.agent("x", "status").out
        self.assertIn("SMART AUTHORIZATION INSTALLED", shown)
        # Three new ones, and one that the first code had.
        self.assertEqual(sum(map(int, re.findall(r"Total available count: (\d+)", shown))), 4)

        self.init("z", "C8500:Z1")
        short = self.agent("z", "authorization", "request", f"{ENFORCED}=5", code=1)
        self.assertIn("want at most 4", short.err)

        in_use = self.agent("x", "authorization", "return", code=1)
        self.assertIn("in use", in_use.err)
        self.agent("x", "set", ENFORCED, 0)
        self.agent("x", "authorization", "return")
        self.agent("x", "authorization", "return")
        self.assertEqual(self.of("C8500:X1")["state"], "returned")
        self.agent("x", "set", ENFORCED, 1, code=1)

    def by_file(self):
        directory = self.node.directory
        self.init("f", "C8500:F1")
        self.run_ok("trust", "authority", "export", "-o", directory / "authority.pem")
        self.agent("f", "install", "authority", directory / "authority.pem")
        self.agent("f", "authorization", "request", f"{ENFORCED}=2", "--file", directory / "request.xml")
        taken = self.run_ok("authorization", "import", directory / "request.xml", "--folder", directory)["results"]
        self.assertEqual([one["state"] for one in taken], ["granted"])
        number = taken[0]["authorization_id"]
        code = directory / f"SLAC_{number}.xml"
        self.assertNotIn("'", code.read_text())
        # Lost on the way, and fetched again: the same code.
        self.run_ok("authorization", "export", number, "-o", directory / "again.xml")
        self.assertEqual((directory / "again.xml").read_text(), code.read_text())
        # Neither another product instance nor a changed file.
        self.init("g", "C8500:G1")
        self.agent("g", "install", "authority", directory / "authority.pem")
        self.assertIn("authorization_for_another", self.agent("g", "authorization", "install", code, code=1).err)
        (directory / "forged.xml").write_text(code.read_text().replace('\\"count\\":2', '\\"count\\":9'))
        self.assertNotEqual((directory / "forged.xml").read_text(), code.read_text())
        self.assertIn("signature_invalid", self.agent("f", "authorization", "install", directory / "forged.xml", code=1).err)

        self.agent("f", "authorization", "install", code)
        self.agent("f", "set", "--enforced", ENFORCED, 2)
        self.agent("f", "authorization", "confirm", "--file", directory / "confirm.xml")
        confirmed = self.run_ok("authorization", "import", directory / "confirm.xml")["results"]
        self.assertEqual([one["state"] for one in confirmed], ["confirmed"])

        self.run_ok("authorization", "return", "--product-instance", "C8500:F1")
        self.assertEqual(self.of("C8500:F1")["state"], "return_pending")
        self.agent("f", "set", ENFORCED, 0)
        self.agent("f", "authorization", "return", "--file", directory / "return.xml")
        before = self.pool(ENFORCED)
        removal = re.search(r'"remove_code":"([^"]+)"', (directory / "return.xml").read_text()).group(1)
        wrong = self.node.qmctl("authorization", "return", "--product-instance", "C8500:Y1", removal)
        self.assertEqual(wrong.code, 1, wrong)
        self.assertIn("ledger.proof_invalid", wrong.err)
        self.assertEqual(self.pool(ENFORCED), before, "nothing is free before the proof")
        for _ in range(2):
            returned = self.run_ok("authorization", "import", directory / "return.xml")["results"]
            self.assertEqual([one["state"] for one in returned], ["returned"])
            self.assertEqual(self.pool(ENFORCED)[0], before[0] + 2, "free once")

    def four_eyes(self):
        self.init("e", "C8500:E1")
        denied = self.agent("e", "authorization", "request", f"{EXPORT}=1", code=1)
        self.assertIn("ledger.export_not_allowed", denied.err)
        self.run_ok("authorization", "set-rule", "--export", "yes", "--country", "DE")
        waiting = self.agent("e", "authorization", "request", f"{EXPORT}=1", code=1)
        self.assertIn("awaiting_approval", waiting.out)
        number = self.of("C8500:E1")["authorization_id"]
        # The product instance asked with the administrator's own credential: that is no second pair of eyes.
        own = self.node.qmctl("authorization", "approve", number)
        self.assertEqual(own.code, 1, own)
        self.assertIn("ledger.decision_denied", own.err)
        self.run_ok("authorization", "restrict-countries", "DE", "KP")
        self.assertEqual(self.run_ok("authorization", "rule")["restricted_countries"], ["DE", "KP"])
        self.run_ok("authorization", "restrict-countries")

    def destroyed(self):
        """What a product instance holds that cannot prove the removal is freed by two people's word, never by one's."""
        self.init("d", "C8500:D1")
        self.agent("d", "authorization", "request", f"{ENFORCED}=1")
        number = self.of("C8500:D1")["authorization_id"]
        before = self.pool(ENFORCED)
        asked = self.run_ok("authorization", "release", number, "--reason", "burnt down")
        self.assertEqual((asked["state"], asked["reason"]), ("confirmed", "burnt down"))
        own = self.node.qmctl("authorization", "approve-release", number)
        self.assertEqual(own.code, 1, own)
        self.assertIn("ledger.decision_denied", own.err)
        self.assertEqual(self.run_ok("authorization", "show-release", number)["approved_by"], None)
        self.assertEqual(self.pool(ENFORCED), before)

    def killed_between_the_phases(self):
        """What nobody approves in time is free again, also when the node was killed meanwhile."""
        before = self.pool(EXPORT)
        self.assertEqual(before, (4, 0, 1))
        self.node.kill()
        self.node.start()
        self.assertEqual(self.of("C8500:E1")["state"], "awaiting_approval")
        self.node.sql("UPDATE authorizations SET hold_expires_at = now() - interval '1 second'"
                      " WHERE hold_expires_at IS NOT NULL")
        self.node.wait_until("the hold timed out", lambda: self.pool(EXPORT) == (5, 0, 0))
        self.assertEqual(self.of("C8500:E1")["state"], "expired")

    def init(self, name, udi, signing="rsa"):
        arguments = ["init", udi, "--clock", "2026-03-01T00:00:00Z", "--signing", signing]
        self.agent(name, *arguments)

    def agent(self, name, *arguments, code=0):
        done = self.node.run("clients/agent/agent", "--state", self.node.directory / name, *arguments)
        self.assertEqual(done.code, code, done)
        return done

    def run_ok(self, *arguments):
        done = self.node.qmctl(*arguments, *([] if "-o" in arguments else ["-o", "json"]))
        self.assertEqual(done.code, 0, done)
        return done.json() if "-o" not in arguments else None

    def authorizations(self, udi) -> list:
        return self.run_ok("authorization", "list", "--product-instance", udi)["authorizations"]

    def of(self, udi) -> dict:
        return self.authorizations(udi)[-1]

    def pool(self, tag) -> tuple:
        """(balance, in use, reserved)"""
        pools = self.run_ok("compliance")["pools"]
        return next((p["balance"], p["in_use"], p["reserved"]) for p in pools if p["tag"] == tag)


if __name__ == "__main__":
    unittest.main()
