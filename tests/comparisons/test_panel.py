"""The seats: their records, splits, and predictions."""

import re
from datetime import date, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.agreement import NO_RECORD, Share, measure_agreement_with_community, read_seat_records
from comparisons.views import panel
from reviews.models import Review
from reviews.track_record import TrackRecord
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Tool

pytestmark = pytest.mark.django_db


def make_panel_of_three() -> list:
    """Make four tools on which three seats agree to different degrees. Visitors vote on the first three."""
    seats = [make.reviewer(slug=slug, name=slug.title()) for slug in ("ann", "ben", "cy")]
    for number, (verdicts, ship, skip) in enumerate([("+++", 9, 3), ("+--", 2, 20), ("--+", 3, 0), ("++", 8, 8)]):
        tool = make.tool(slug=f"tool-{number}", name=f"Tool number {number}")
        make.panel(of=tool, seats=seats[: len(verdicts)], verdicts=verdicts)
        make.votes(on=tool, ship=ship, skip=skip)
    return seats


def test_records_count_ships_and_agreement():
    ann, ben, cy = make_panel_of_three()
    records = read_seat_records()
    assert records[ann.pk].ships == Share(3, 4, 75)
    assert records[cy.pk].ships == Share(2, 3, 67)
    assert records[ann.pk].seats == {ben.pk: Share(3, 4, 75), cy.pk: Share(1, 3, 33)}
    assert records[ben.pk].seats[cy.pk] == Share(2, 3, 67)
    assert records[ann.pk].panel == Share(4, 7, 57)
    # Only the first two have a majority of visitors: the third has too few votes, the fourth a draw.
    assert measure_agreement_with_community() == {
        ann.pk: Share(1, 2, 50),
        ben.pk: Share(2, 2, 100),
        cy.pk: Share(2, 2, 100),
    }


def test_records_depend_on_the_clock_and_exclude_unpublished_tools():
    ann, ben, _ = make_panel_of_three()
    first = Tool.objects.get(slug="tool-0")
    Tool.objects.get(slug="tool-1").withdraw()
    make.review(of=make.tool(published_at=None), by=ann)
    make.review(of=first, by=ben, verdict="skip", published_at=make.FUTURE)
    assert read_seat_records()[ann.pk].seats[ben.pk] == Share(3, 3, 100)
    assert read_seat_records(at=make.FUTURE + timedelta(days=1))[ann.pk].seats[ben.pk] == Share(2, 3, 67)


@given(st.lists(st.tuples(st.sampled_from("+-."), st.sampled_from("+-."), st.sampled_from("+-.")), max_size=6))
def test_records_equal_a_count_in_python(rows):
    make.remove(Review.objects.all())
    seats = [make.reviewer() for _ in range(3)]
    for row in rows:
        tool = make.tool()
        for seat, sign in zip(seats, row, strict=True):
            if sign != ".":
                make.review(of=tool, by=seat, verdict="ship" if sign == "+" else "skip")
    records = read_seat_records()
    for one, seat in enumerate(seats):
        record = records.get(seat.pk, NO_RECORD)
        judged = [row[one] for row in rows if row[one] != "."]
        assert (record.ships.part, record.ships.whole) == (judged.count("+"), len(judged))
        for two, other in enumerate(seats):
            if one != two:
                both = [row for row in rows if "." not in (row[one], row[two])]
                share = record.with_seat(other.pk)
                assert (share.part, share.whole) == (sum(row[one] == row[two] for row in both), len(both))


def test_reviewers_page_and_seat_page(client):
    ann, *_ = make_panel_of_three()
    make.prediction(of=ann.reviews.first(), outcome="right")
    page = text(client, "/reviewers/")
    for words in ("ships, 3 of 4 tools judged", 'aria-label="3 ships, 1 skips"', "<b>1 right</b>", "<b>3</b> of 4"):
        assert words in page
    assert re.findall(r"heat__step--(\d)", page) == list("414414")  # 75%, 33%, and 67% alike, row by row
    seat = text(client, "/reviewers/ann/")
    closest = "Closest to Ben: the same verdict on 3 of 4 tools."
    for words in ("3 of 4 tools judged", closest, "Tool number 0", "Reasons of Ann."):
        assert words in seat
    type(ann).objects.filter(pk=ann.pk).update(slug="anna")
    assert client.get("/reviewers/ann/").url == "/reviewers/anna/"
    assert client.get("/reviewers/nobody/").status_code == 404


def test_record_has_the_predictions_of_a_seat_in_the_order_of_time(client, monkeypatch):
    ann = make.reviewer(slug="ann", name="Ann")
    review = make.review(of=make.tool(name="Alpha"), by=ann)
    for month, outcome in ((5, "open"), (2, "wrong"), (3, "void"), (1, "right")):
        make.prediction(of=review, claim=f"Claim {month}", due_on=date(2027, month, 1), outcome=outcome)
    make.prediction(of=make.review(of=make.tool(), by=make.reviewer()), claim="Of another seat")
    page = text(client, "/reviewers/ann/")
    assert re.findall(r'aria-label="(\w+: Alpha, due [^"]*)"', page) == [
        "Right: Alpha, due Jan 1, 2027", "Wrong: Alpha, due Feb 1, 2027",
        "Void: Alpha, due Mar 1, 2027", "Open: Alpha, due May 1, 2027",
    ]  # fmt: skip
    marks = re.findall(r'href="#(prediction-\d+)"', page)
    assert re.findall(r'<li id="(prediction-\d+)"', page) == marks
    assert "1 prediction</summary>" in page
    assert "Of another seat" not in page
    monkeypatch.setattr(panel, "MAX_MARKS", 2)
    assert "The last 2 of 4." in text(client, "/reviewers/ann/")


def test_many_verdicts_are_a_bar():
    marks = "charts/_verdicts.html"
    assert render_to_string(marks, {"share": Share(40, 60, 67)}).count("mark--") == 60
    assert 'width="66%"' in render_to_string(marks, {"share": Share(40, 61, 66)})
    assert render_to_string(marks, {"share": Share()}).split() == []


def test_empty_panel_says_so(client):
    assert "There are no reviewers yet." in text(client, "/reviewers/")
    make.reviewer(slug="new")
    assert "No verdict from this seat yet." in text(client, "/reviewers/new/")
    assert "No predictions yet." in text(client, "/predictions/")
    make.prediction(of=make.review(of=make.tool(), by=make.reviewer()), outcome="right")
    assert "No prediction is open." in text(client, "/predictions/")
    assert "No two reviewers have judged a tool differently yet." in text(client, "/splits/")


def leaky_panel():
    """Make a seat with a review of everything that must stay hidden."""
    seat = make.reviewer(slug="ann")
    shown = make.tool(name="Shown tool")
    make.review(of=shown, by=seat, quote="Shown words")
    hidden = [
        make.review(of=make.tool(name="Hidden draft", published_at=None), by=seat),
        make.review(of=make.tool(name="Hidden later", published_at=make.FUTURE), by=seat),
        make.review(of=make.tool(name="Hidden withdrawn", withdrawn_at=make.PAST), by=seat),
        make.review(of=shown, by=make.reviewer(), quote="Hidden words", published_at=None),
        make.review(of=make.tool(), by=seat, quote="Hidden words", published_at=make.FUTURE),
        make.review(of=make.tool(), by=seat, quote="Hidden words", withdrawn_at=timezone.now()),
    ]
    for review in hidden:
        make.prediction(of=review, claim="Hidden claim")
        make.prediction(of=review, claim="Hidden judgement", outcome="wrong")
        make.votes(on=review.tool, ship=0, skip=30)
        if review.tool != shown:
            make.comparison(first=shown, second=review.tool, published_at=make.FUTURE)
    also = make.tool()
    for review in hidden[:3]:
        make.comparison(first=also, second=review.tool)


@pytest.mark.parametrize(
    "url",
    ["/reviewers/", "/reviewers/ann/", "/splits/", "/predictions/", "/predictions/?outcome=judged", "/tools/", "/"],
)
def test_pages_leak_nothing(client, url):
    leaky_panel()
    assert "Hidden" not in text(client, url)
    assert "1 of 1 tools judged" in text(client, "/reviewers/ann/")


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/reviewers/", 4),
        ("/reviewers/seat/", 7),
        ("/", 17),
        ("/splits/", 14),  # twelve for tools and pairs, the seats, and the gists of one side
        ("/predictions/", 4),  # two lists, the revision, and the record of each seat, read once per revision
        ("/predictions/?outcome=judged", 1),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    seats = [make.reviewer(slug="seat"), make.reviewer(), make.reviewer()]
    for _ in range(things):
        tools = [make.tool(), make.tool()]
        for tool, verdicts in zip(tools, ("++-", "-++"), strict=True):
            make.panel(of=tool, seats=seats, verdicts=verdicts)
            make.votes(on=tool, skip=60)
            make.plan(of=tool)
            make.prediction(of=tool.reviews.first())
            make.prediction(of=tool.reviews.first(), outcome="void")
        make.comparison(first=tools[0], second=tools[1])
    with django_assert_num_queries(queries):
        text(client, url)


def test_splits_show_the_seats_that_differ(client):
    seats = [make.reviewer(name=name) for name in ("Ann", "Ben", "Cy")]
    alpha, beta = make.tool(name="Alpha"), make.tool(name="Beta")
    make.panel(of=alpha, seats=seats, verdicts="+-+")
    make.panel(of=beta, seats=seats, verdicts="-++")
    make.comparison(first=alpha, second=beta)
    page = text(client, "/splits/")
    assert "Two of three reviewers differ: Ann ships only Alpha, Ben only Beta." in page
    assert 'aria-label="Ann ship, Ben skip, Cy ship"' in page


def test_splits_with_nothing_but_ties_explain_their_drawings_and_say_how_sure_visitors_are(client):
    seats = [make.reviewer(), make.reviewer()]
    make.panel(of=make.tool(name="Tied"), seats=seats, verdicts="+-")
    make.votes(on=Tool.objects.get(), ship=40, skip=10)
    page = text(client, "/splits/")
    assert page.count('class="rail-key"') == 1
    assert 'class="word--ship">80% ship</b> <small>(67–89%)</small>' in page
    make.panel(of=make.tool(name="Even"), seats=seats, verdicts="-+")
    make.votes(on=Tool.objects.get(name="Even"), ship=8, skip=8)
    assert text(client, "/splits/").count('class="rail-key"') == 2  # the table has rails as well


def test_gap_says_how_sure_visitors_are(client):
    make.panel(of=make.tool(name="Alpha"), seats=[make.reviewer(), make.reviewer()], verdicts="++")
    make.votes(on=Tool.objects.get(), ship=10, skip=40)
    assert "Panel 2 of 2 · Visitors 20% of 50, between 11 and 33%" in text(client, "/splits/")
    assert 'class="word--skip">20% ship</b> <small>(11–33%)</small>' in text(client, "/")


def test_predictions_list_due_soonest_then_judged(client, time_machine):
    time_machine.move_to("2026-11-22T12:00Z")
    review = make.review(of=make.tool(name="Alpha"), by=make.reviewer(name="Ann"))
    for claim, fields in {
        "Later": {"due_on": date(2027, 5, 1)},
        "Sooner": {"due_on": date(2027, 1, 1)},
        "Waiting": {"due_on": date(2026, 11, 1)},
        "Judged first": {"due_on": date(2026, 3, 1), "outcome": "right", "judged_on": date(2026, 4, 1)},
        "Judged last": {
            "due_on": date(2026, 2, 1),
            "outcome": "wrong",
            "judged_on": date(2026, 5, 1),
            "note": "It was not.",
        },
        "No day": {"due_on": date(2026, 1, 1), "outcome": "void"},
    }.items():
        make.prediction(of=review, claim=claim, **fields)
    superseded = make.later_edition(of=review, verdict="skip", quote="Now no more.")
    assert superseded.predictions.count() == 0
    page = text(client, "/predictions/")
    order = ["Due, not judged yet", "Waiting", "Due next", "Sooner", "Later", "Judged last", "Judged first", "No day"]
    assert sorted(order, key=page.index) == order
    assert re.search(r"</svg>\s*Due Nov 1, 2026</span>.*Waiting", page, re.DOTALL)
    assert re.findall(r'class="outcome-mark outcome-mark--(\w+)"', page.split("overdue")[0]) == [
        "void", "wrong", "right", "open", "open", "open",
    ]  # fmt: skip
    assert "1 right, 1 wrong, 1 void, and 3 open" in page
    assert "Alpha" in page
    judged = text(client, "/predictions/?outcome=judged")
    assert ("Judged last" in judged, "Sooner" in judged) == (True, False)


@given(st.fixed_dictionaries({name: st.integers(0, 9) for name in ("right", "wrong", "void", "open")}))
def test_track_record_adds_up(outcomes):
    record = TrackRecord.of(outcomes)
    assert sum(count for _, count in record.counts) == record.total == sum(outcomes.values())
    assert all(str(count) + " " + name in record.words for name, count in outcomes.items() if count)
