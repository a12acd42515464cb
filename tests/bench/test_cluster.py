"""The proof of the cluster measures and compares what it says. (It runs with `make prove-cluster`.)"""

from bench.cluster.database import Database
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
