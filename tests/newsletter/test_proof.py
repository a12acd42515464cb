"""The proof of the newsletter (bench/newsletter.py), short: some hundred readers, and everything killed a few times."""

from collections import Counter

from bench.newsletter import Findings, Proof


def test_everybody_has_it_once_whatever_is_killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proof")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)  # PostgreSQL may run as another user
    findings = Proof(folder, readers=400, workers=2, calm=False, trouble_every=0.2).run()
    assert findings.is_proof, str(findings)
    assert sum(findings.states.values()) == 400
    assert findings.states["sent"] > 350
    assert sum(findings.kills.values()) >= 2


def test_what_is_wrong_is_no_proof():
    fine = {
        "states": Counter(sent=10), "taken": 10, "twice": 0, "after_leaving": 0, "missing": 0, "extra": 0,
        "wordless": 0, "unaccounted": 0, "seconds": 1.0,
    }  # fmt: skip
    assert Findings(**fine).is_proof
    for name in ("twice", "after_leaving", "missing", "extra", "wordless", "unaccounted"):
        assert not Findings(**{**fine, name: 1}).is_proof
