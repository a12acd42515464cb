"""The proof of the cluster measures and compares what it says. (It runs with `make prove-cluster`.)"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from bench.cluster.database import Database, Node
from bench.cluster.readers import Availability, Probes


def test_longest_pause_reaches_over_the_ends_of_the_span():
    line = Availability([10.0, 11.0, 14.5, 15.0])
    assert line.longest_pause(11, 15) == 3.5
    assert line.longest_pause(14, 20) == 5
    assert line.longest_pause(2, 10.5) == 8
    assert Availability().longest_pause(3, 5) == 2


def test_page_that_lacks_what_was_acknowledged_is_old(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.cluster.database.NAMES", ())
    probes = Probes(Database(tmp_path), 443)
    page = {"tagline": "Edit 7", "community": {"ship": 5}}
    probes._compare(page, votes=5, edit=7)
    probes._compare(page, votes=3, edit=6)
    assert probes.stale == []
    probes._compare(page, votes=6, edit=7)
    probes._compare(page, votes=5, edit=8)
    probes._compare({**page, "tagline": "As imported"}, votes=0, edit=1)
    assert len(probes.stale) == 3


class Patroni(BaseHTTPRequestHandler):
    """Lets everybody read, and only those with the password switch over."""

    expected = "Basic " + base64.b64encode(b"patroni:secret").decode()

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self._answer(200 if self.headers["Authorization"] == self.expected else 401)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps({"status": status}).encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_node_sends_the_password_with_what_changes_something(tmp_path):
    node = Node("one", tmp_path / "one", "secret")
    with HTTPServer(("127.0.0.1", node.rest_port), Patroni) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            assert node.ask("/cluster") == {"status": 200}
            assert node.ask("/switchover", {"leader": "one"}) == {"status": 200}
        finally:
            server.shutdown()
            thread.join()
