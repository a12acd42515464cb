"""A short run of the proof of the newsletter (bench/newsletter.py): a few hundred readers and a few kills.

The proof must also be able to fail.
"""

from collections import Counter

import pytest

from bench.newsletter import NewsletterFindings, NewsletterProof, judge


def test_everyone_receives_it_once_despite_kills_and_a_worker_that_guesses_is_detected(prepared_site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proof")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)  # PostgreSQL may run as another user
    with NewsletterProof(
        folder, readers=200, workers=2, calm=False, trouble_every=0.25, retry=0.02, prepared=prepared_site
    ) as proof:
        findings = proof.run()
        assert findings.is_proof, str(findings)
        assert sum(findings.states.values()) == 200
        assert findings.states["sent"] > 175
        assert sum(findings.kills.values()) >= 2
        proof.trouble_every = 2  # so nothing is killed
        findings = proof.run(worker=["-m", "bench.eager_worker"], temporary=0, lost=0.2)
        assert (findings.twice > 10, findings.is_proof, findings.unaccounted) == (True, False, 0), str(findings)


FINE = {
    "rows": [("a@x", "sent", ""), ("b@x", "failed", "550"), ("c@x", "unknown", "silent"), ("d@x", "left", "")],
    "ledger": ["100.0 a@x <1>", "101.5 c@x <3>"],
    "left": {"d@x": 90.0, "c@x": 100.0},
}


def test_matching_ledger_and_deliveries_are_a_proof():
    assert judge(**FINE) == NewsletterFindings(
        states=Counter(sent=1, failed=1, unknown=1, left=1), accepted=2, twice=0, after_leaving=0, missing=0, extra=0,
        without_reason=0, unaccounted=0, seconds=1.5,
    )  # fmt: skip
    assert judge(**FINE).is_proof


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("twice", {"ledger": [*FINE["ledger"], "102.0 a@x <1>"]}),
        ("after_leaving", {"left": {"c@x": 99.4}}),
        ("missing", {"ledger": FINE["ledger"][1:]}),
        ("extra", {"ledger": [*FINE["ledger"], "80.0 b@x <2>"]}),
        ("extra", {"ledger": [*FINE["ledger"], "80.0 stranger@x <9>"]}),
        ("without_reason", {"rows": [*FINE["rows"], ("e@x", "failed", "")]}),
        ("without_reason", {"rows": [*FINE["rows"], ("e@x", "unknown", "")]}),
        ("unaccounted", {"rows": [*FINE["rows"], ("e@x", None, None)]}),
        ("unaccounted", {"rows": [*FINE["rows"], ("e@x", "queued", "")]}),
        ("unaccounted", {"rows": [*FINE["rows"], ("e@x", "sending", "")]}),
    ],
)
def test_any_fault_fails_the_proof(fault, change):
    findings = judge(**{**FINE, **change})
    faults = ("twice", "after_leaving", "missing", "extra", "without_reason", "unaccounted")
    assert {name: getattr(findings, name) for name in faults} == {**dict.fromkeys(faults, 0), fault: 1}
    assert not findings.is_proof


def test_growing_memory_is_detected():
    assert [
        NewsletterFindings(
            **vars(judge(**FINE)) | {"memory": [(0.0, 9), *((float(n), 100) for n in range(9)), (9.0, end)]}
        ).is_flat
        for end in (100, 125, 126)
    ] == [True, True, False]
