"""Clients that are slow on purpose or only hold connections: they are cut, and others are served."""

import json
import socket
import ssl
import time
import unittest
import urllib.request

from tests.common.node import Node

# Of the REST listener: a header in 10 s, an idle connection without a good credential 10 s; some more
# for a loaded machine.
CUT_WITHIN_S = 30


class SlowClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("slow")
        cls.node.start()
        credential = json.loads(cls.node.credentials.read_text())
        cls.tls = ssl.create_default_context(cadata=credential["ca_certificate"])
        cls.bearer = f"{credential['client_id']}.{credential['secret']}"

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.node.rest), timeout=10)
        return self.tls.wrap_socket(plain, server_hostname="127.0.0.1")

    def answers(self) -> bool:
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.node.rest}/quartermaster/v1/node",
            headers={"Authorization": f"Bearer {self.bearer}"},
        )
        with urllib.request.urlopen(request, context=self.tls, timeout=5) as answer:
            return answer.status == 200

    def assert_closed(self, connections, since: float):
        for connection in connections:
            connection.settimeout(max(0.1, since + CUT_WITHIN_S - time.monotonic()))
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
            except (socket.timeout, TimeoutError):
                self.fail(f"a connection was open after {CUT_WITHIN_S} s")

    def test_idle_half_and_dripping_clients_are_cut_while_others_are_served(self):
        since = time.monotonic()
        idle = [self.connect() for _ in range(100)]
        half = [self.connect() for _ in range(50)]
        for connection in half:
            connection.sendall(b"GET /quartermaster/v1/node HTTP/1.1\r\nX-Slow: ")
        silent = [socket.create_connection(("127.0.0.1", self.node.rest)) for _ in range(50)]
        dripping = self.connect()
        dripping.sendall(b"POST /quartermaster/v1/usage:submit HTTP/1.1\r\n")
        dripping_ended = None
        while time.monotonic() - since < CUT_WITHIN_S and dripping_ended is None:
            self.assertTrue(self.answers())
            try:
                dripping.sendall(b"x")
                time.sleep(0.5)
            except OSError:
                dripping_ended = time.monotonic() - since
        self.assertIsNotNone(dripping_ended, "a header that never ends was read for ever")
        self.assert_closed(idle + half + silent, since)
        self.assertTrue(self.answers())
        self.node.wait_until(
            "the connections are given back",
            lambda: self.node.metric("quartermaster_gateway_rest_connections") <= 2,
        )

    def test_bodies_that_are_announced_and_never_come_are_cut(self):
        waiting = []
        for _ in range(8):
            connection = self.connect()
            connection.sendall(
                b"POST /quartermaster/v1/usage:submit HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
                b"Content-Type: application/xml\r\nAuthorization: Bearer " + self.bearer.encode() + b"\r\n\r\n<"
            )
            waiting.append(connection)
        self.assertTrue(self.answers())
        for connection in waiting:
            connection.close()
        self.node.wait_until(
            "their calls are over",
            lambda: self.node.metric("quartermaster_gateway_calls_in_flight") == 0,
        )


if __name__ == "__main__":
    unittest.main()
