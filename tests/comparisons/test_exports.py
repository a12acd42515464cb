"""The whole public history of prices, facts, verdicts, and predictions as CSV."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.contents import SECRET, UNSEEN

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PRO = {"name": "Pro", "kind": "paid", "currency": "USD", "period": "month", "source": "https://acme.example/pricing"}
START = "2026-01-05T09:00:00+00:00"
VERDICTS, PREDICTIONS = "/export/verdicts.csv", "/export/predictions.csv"
EXPORTS = [
    "/export/prices.csv", "/export/facts.csv", VERDICTS, PREDICTIONS, "/export/votes.csv", "/export/pair-votes.csv",
    "/export/moderation.csv",
]  # fmt: skip


def read_export(client: Client, url: str = "/export/prices.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(url).getvalue().decode())))


def show(rows: list[dict[str, str]], *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


def test_prices_have_since_until_and_why_they_ended(client):
    acme = make.tool(slug="acme")
    first, second, third = (make.PAST + n * DAY for n in (1, 2, 3))
    make.plan(of=acme, **PRO, amount=10, superseded_at=make.PAST)  # never public
    make.plan(of=acme, **PRO, amount=20, superseded_at=first)
    make.plan(of=acme, **PRO, amount=250, superseded_at=second, correction=True)
    make.plan(of=acme, **PRO, amount=25, superseded_at=third, verified_on="2026-01-06")
    make.plan(of=acme, **{**PRO, "name": "Plus"}, amount="25.5", renamed_from="Pro", added_at=third)
    make.plan(of=acme, name="Hobby", kind="free", added_at=first, superseded_at=second)
    times = [time.isoformat() for time in (first, second, third)]
    rows = read_export(client)
    assert show(rows, "plan", "words", "from", "until", "ended", "renamed_from") == [
        ("Hobby", "Free", times[0], times[1], "discontinued", ""),
        ("Plus", "$25.50/mo", times[2], "", "", "Pro"),
        ("Pro", "$20/mo", START, times[0], "changed", ""),
        ("Pro", "$250/mo", times[0], times[1], "wrong", ""),
        ("Pro", "$25/mo", times[1], times[2], "changed", ""),
    ]
    assert rows[4] == {
        "tool": "acme", "plan": "Pro", "renamed_from": "", "kind": "paid", "amount": "25", "currency": "USD",
        "period": "month", "unit": "", "per_seat": "false", "is_from": "false", "billed_yearly": "false",
        "minimum_seats": "", "maximum_seats": "", "trial_days": "", "rates": "", "words": "$25/mo", "from": times[1],
        "until": times[2], "ended": "changed", "source": "https://acme.example/pricing", "verified_on": "2026-01-06",
    }  # fmt: skip


def test_facts_have_value_words_and_times(client):
    choices = [{"slug": "mit", "name": "MIT"}]
    acme, licenses = (
        make.tool(slug="acme"),
        make.attribute(slug="license", name="License", kind="choice", choices=choices),
    )
    first = make.PAST + DAY
    make.fact(of=acme, attribute=licenses, value="Free", superseded_at=first, correction=True)
    make.fact(of=acme, attribute=licenses, value="mit", note="mostly")
    make.fact(of=acme, attribute=make.attribute(slug="other"), added_at=first, superseded_at=first + DAY)
    rows = read_export(client, "/export/facts.csv")
    assert show(rows, "attribute", "kind", "value", "note", "words", "from", "until", "ended") == [
        ("license", "choice", "Free", "", "Free", START, first.isoformat(), "wrong"),
        ("license", "choice", "mit", "mostly", "MIT", first.isoformat(), "", ""),
        ("other", "text", "a value", "", "a value", first.isoformat(), (first + DAY).isoformat(), "discontinued"),
    ]


@pytest.mark.parametrize("fields", UNSEEN)
def test_hidden_tools_are_in_no_export(client, fields):
    hidden = make.tool(name=SECRET, slug="secret", **fields)
    make.plan(of=hidden, name=SECRET)
    make.plan(of=hidden, name="Old", superseded_at=make.PAST + DAY)
    make.fact(of=hidden, value=SECRET)
    make.prediction(of=make.review(of=hidden, by=make.reviewer(), quote=SECRET))
    for url in EXPORTS[:4]:
        assert read_export(client, url) == []


def test_verdicts_are_all_editions_with_until_when_they_stood(client):
    acme, other = make.tool(slug="acme"), make.tool(slug="zeta")
    late, early = make.reviewer(slug="late", seat=2), make.reviewer(slug="early", seat=1)
    first = make.review(of=acme, by=late, gist="=1+1", basis="tried", basis_version="2.1", basis_days=9)
    second = make.later_edition(of=first, published_at=make.PAST + DAY)
    make.later_edition(of=first, published_at=make.PAST + 2 * DAY, withdrawn_at=make.PAST + 3 * DAY)
    make.later_edition(of=first, published_at=None)
    make.review(of=acme, by=early)
    make.review(of=other, by=late)
    rows = read_export(client, VERDICTS)
    changed = (make.PAST + DAY).isoformat()
    assert show(rows, "tool", "seat", "verdict", "from", "until") == [
        ("acme", "early", "ship", START, ""),
        ("acme", "late", "ship", START, changed),
        ("acme", "late", "skip", changed, ""),
        ("zeta", "late", "ship", START, ""),
    ]
    assert rows[1] == {
        "tool": "acme", "seat": "late", "verdict": "ship", "gist": "'=1+1", "quote": first.quote, "flips_if": "",
        "basis": "tried", "basis_version": "2.1", "basis_days": "9", "from": START, "until": changed,
    }  # fmt: skip
    assert second.quote == rows[2]["quote"]


def test_predictions_are_those_of_all_editions(client):
    first = make.review(of=make.tool(slug="acme"), by=make.reviewer(slug="seat"))
    second = make.later_edition(of=first, published_at=make.PAST + DAY)
    judged = {"outcome": "wrong", "judged_on": "2026-03-01", "note": "It did not.", "source": "https://acme.example/"}
    make.prediction(of=first, claim="It lasts.", due_on="2026-02-01", **judged)
    make.prediction(of=second, claim="It ends.", due_on="2027-02-01")
    make.prediction(of=make.later_edition(of=first, published_at=None), claim=SECRET)
    changed = (make.PAST + DAY).isoformat()
    assert read_export(client, PREDICTIONS) == [
        {"tool": "acme", "seat": "seat", "from": START, "until": changed, "claim": "It lasts.",
         "due_on": "2026-02-01", **judged},
        {"tool": "acme", "seat": "seat", "from": changed, "until": "", "claim": "It ends.", "due_on": "2027-02-01",
         "outcome": "open", "judged_on": "", "note": "", "source": ""},
    ]  # fmt: skip


def test_export_of_a_release_with_another_column_is_sent_again(client, monkeypatch):
    first = client.get("/export/prices.csv")
    again = {"if-none-match": first.headers["ETag"]}
    assert client.get("/export/prices.csv", headers=again).status_code == 304
    monkeypatch.setattr("comparisons.views.exports.PRICE_COLUMNS", ("tool",))
    assert client.get("/export/prices.csv", headers=again).status_code == 200


@pytest.mark.parametrize("url", EXPORTS)
def test_export_has_an_etag_that_changes_with_it(client, url, time_machine):
    one, other = make.tool(slug="alpha"), make.tool(slug="beta")
    scheduled = make.tool(slug="gamma", published_at=make.FUTURE)
    make.plan(of=scheduled)
    make.fact(of=scheduled)
    make.votes(on=scheduled, ship=1)
    make.decision(on=scheduled)
    make.pair_votes(between=(one, scheduled), first=1)

    def check(*, is_changed: bool) -> None:
        nonlocal first
        again = client.get(url, headers={"if-none-match": first.headers["ETag"]})
        assert again.status_code == (200 if is_changed else 304)
        assert again.headers["Cache-Control"] == "public, no-cache"
        if is_changed:
            assert again.streaming
            first = again

    first = client.get(url)
    check(is_changed=False)
    for change in (
        lambda: (
            make.plan(of=one),
            make.fact(of=one),
            make.votes(on=one, ship=1),
            make.pair_votes(between=(one, other), first=1),
            make.decision(on=one),
        ),
        lambda: (
            make.votes(on=one, skip=1),
            make.pair_votes(between=(one, other), first=1),
            make.decision(on=other),
            one.plans.get().retire(),
        ),
        lambda: type(one).objects.filter(pk=one.pk).update(slug="omega"),
        lambda: time_machine.move_to(make.FUTURE + DAY),
    ):
        change()
        check(is_changed=True)
        check(is_changed=False)


def test_no_cell_is_a_formula_and_numbers_stay_numbers(client):
    one = make.tool(slug="one")
    make.plan(of=one, **{**PRO, "name": "=cmd|' /C calc'!A0"}, amount="0.25")
    make.fact(of=one, attribute=make.attribute(slug="a", name="+A"), value="-1.5", note="x;=HYPERLINK(1)")
    [price], [fact] = read_export(client), read_export(client, "/export/facts.csv")
    assert (price["plan"], price["amount"]) == ("'=cmd|' /C calc'!A0", "0.25")
    assert (fact["name"], fact["value"], fact["note"]) == ("'+A", "-1.5", "x;'=HYPERLINK(1)")


def test_exports_read_any_number_of_tools_in_the_order_of_slugs(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("comparisons.reading.all_tools.TOOLS_PER_QUERY", 2)
    for slug in ("delta", "alpha", "echo", "charlie", "bravo"):
        one = make.tool(slug=slug)
        make.plan(of=one)
        make.fact(of=one)
    for url in EXPORTS[:2]:
        with django_assert_num_queries(1 + 1 + 3):  # the revision, the tools, three times two of them
            rows = read_export(client, url)
        assert [row["tool"] for row in rows] == ["alpha", "bravo", "charlie", "delta", "echo"]
