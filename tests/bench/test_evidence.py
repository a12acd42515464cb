"""The comparison of rows with logs must detect every kind of loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.proof.evidence import NONE, Ask, Log, check, count_unanswered_pages, read_logs
from bench.proof.faults import Strike, Toll, measure_tolls

CHOICES = ["ship", "skip", NONE]


def ask(choice: str, *, acknowledged: bool = True) -> Ask:
    return Ask("ada", "aider", choice, acknowledged)


@pytest.mark.parametrize(
    ("asks", "stored", "lost"),
    [
        ([], [], 0),
        ([ask("ship")], ["ship"], 0),
        ([ask("ship")], [], 1),
        ([ask("ship")], ["skip"], 1),
        ([ask("ship"), ask("skip")], ["ship"], 1),
        ([ask("ship"), ask(NONE)], [NONE], 0),
        ([ask("ship"), ask(NONE)], [], 0),
        ([ask("ship"), ask(NONE)], ["ship"], 1),
        ([ask("ship"), ask("skip", acknowledged=False)], ["ship"], 0),
        ([ask("ship"), ask("skip", acknowledged=False)], ["skip"], 0),
        ([ask("ship"), ask("skip", acknowledged=False)], [], 1),
        ([ask("skip", acknowledged=False), ask("ship")], ["skip"], 1),
        ([ask("ship", acknowledged=False)], [], 0),
        ([ask("ship", acknowledged=False)], ["ship"], 0),
    ],
)
def test_row_must_be_the_last_acknowledged_choice_or_a_later_unanswered_one(asks, stored, lost):
    findings = check(asks, [("ada", "aider", choice) for choice in stored])
    assert (len(findings.lost), len(findings.double), findings.strangers) == (lost, 0, 0)


def test_two_rows_of_one_visitor_and_tool_are_double():
    findings = check([ask("ship")], [("ada", "aider", "ship"), ("ada", "aider", "ship")])
    assert (len(findings.lost), len(findings.double)) == (0, 1)


def test_row_of_an_unknown_visitor_counts_as_a_stranger():
    assert check([ask("ship")], [("ada", "aider", "ship"), ("bob", "aider", "ship")]).strangers == 1


@given(st.lists(st.tuples(st.sampled_from(CHOICES), st.booleans()), max_size=8), st.randoms())
def test_honest_server_is_never_accused(wishes, rng):
    """It stores what it acknowledges and an arbitrary part of the rest."""
    stored = NONE
    for choice, acknowledged in wishes:
        if acknowledged or rng.random() < 0.5:
            stored = choice
    asks = [ask(choice, acknowledged=acknowledged) for choice, acknowledged in wishes]
    assert check(asks, [("ada", "aider", stored)] if wishes else []).lost == []


@given(st.lists(st.tuples(st.sampled_from(CHOICES), st.booleans()), min_size=1, max_size=8))
def test_server_that_loses_its_last_acknowledged_vote_is_detected(wishes):
    asks = [ask(choice, acknowledged=acknowledged) for choice, acknowledged in wishes]
    acknowledged = [n for n, a in enumerate(asks) if a.acknowledged]
    if not acknowledged:
        return
    last = acknowledged[-1]
    possible = {asks[last].choice, *(a.choice for a in asks[last:])}
    for wrong in {*CHOICES} - possible:
        assert len(check(asks, [("ada", "aider", wrong)]).lost) == 1


def test_log_round_trip(tmp_path):
    log = Log(tmp_path / "voter-1.jsonl")
    first = log.log_wish(page="page", tool="aider", choice="ship")
    log.log_response(first, visitor="ada")
    log.log_wish(page="page", tool="cline", choice="skip")
    log.log_wish(page="other", tool="cline", choice="ship")
    log.close()
    assert list(read_logs(tmp_path)) == [Ask("ada", "aider", "ship", True), Ask("ada", "cline", "skip", False)]  # noqa: FBT003
    assert count_unanswered_pages(tmp_path) == 1


def test_each_fault_answers_for_what_happens_until_the_next():
    strikes = [Strike("cut", 10), Strike("frozen", 20), Strike("cut", 30)]
    tolls = measure_tolls(
        strikes, acknowledged_at=[9, 10.5, 14, 19.5, 21, 29, 33, 34], refused_at=[5, 10, 20.5, 25, 31]
    )
    assert tolls == {"cut": [Toll(5.5, 1), Toll(3, 1)], "frozen": [Toll(8, 2)]}
