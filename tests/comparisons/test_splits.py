"""The order of splits, and the count of recent readers."""

import re
from datetime import timedelta

import pytest

from comparisons.models import Comparison, Split
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db


def read_splits() -> list[tuple[int, int]]:
    return [(split.apart, split.seats) for split in Split.objects.at().order_by("comparison_id")]


def biggest_splits() -> list[str]:
    return [str(split.comparison) for split in Split.objects.at().biggest().select_related("comparison")]


def make_pairs_of_four(**verdicts: str) -> list[Tool]:
    seats = [make.reviewer() for _ in range(4)]
    tools = []
    for name, signs in verdicts.items():
        tools.append(make.tool(slug=name, name=name))
        make.panel(of=tools[-1], seats=seats[: len(signs)], verdicts=signs)
    return tools


def test_split_counts_seats_with_different_verdicts():
    a, b, c = make_pairs_of_four(a="++--", b="+-+-", c="-")
    for first, second in ((a, b), (a, c), (b, c)):
        make.comparison(first=first, second=second)
    assert read_splits() == [(2, 4), (1, 1), (1, 1)]
    assert biggest_splits() == ["a vs b", "b vs c", "a vs c"]


def test_split_follows_every_change():
    a, b = make_pairs_of_four(a="++", b="++")
    pair = make.comparison(first=a, second=b)
    assert (read_splits(), biggest_splits()) == ([(0, 2)], [])
    make.later_edition(of=a.reviews.first(), verdict="skip", quote="It changed.")
    assert read_splits() == [(1, 2)]
    make.votes(on=a, ship=3)
    assert read_splits() == [(1, 2)]
    Comparison.objects.update(first=make.tool())
    assert read_splits() == [(0, 0)]
    Comparison.objects.update(first=a)
    pair.withdraw()
    assert read_splits() == []
    Comparison.objects.update(withdrawn_at=None)
    assert read_splits() == [(1, 2)]
    b.withdraw()
    assert read_splits() == []


def test_split_appears_by_the_clock(time_machine):
    a, b = make_pairs_of_four(a="+", b="+")
    make.comparison(first=a, second=b, published_at=make.FUTURE)
    flip = make.later_edition(
        of=a.reviews.first(), verdict="skip", quote="Later.", published_at=make.FUTURE + timedelta(days=1)
    )
    make.later_edition(
        of=b.reviews.first(), verdict="skip", quote="Later.", published_at=flip.published_at + timedelta(days=1)
    )
    seen = []
    for days in (-1, 0, 1, 2):
        time_machine.move_to(make.FUTURE + timedelta(days=days, hours=1))
        seen.append(read_splits())
    assert seen == [[], [(0, 1)], [(1, 1)], [(0, 1)]]


@pytest.mark.django_db
def test_page_without_votes_begins_with_what_splits_the_panel(client):
    a = make.tool()
    for verdict in ("ship", "skip"):
        make.review(of=a, by=make.reviewer(), verdict=verdict)
    page = client.get("/splits/").text
    assert re.findall(r"<h2[^>]*>([^<]+)", page)[0] == "Tools that split the panel"
    assert page.index("Too few visitors have voted on these tools") < page.index("Tools that split the panel</h2>")
    make.votes(on=a, ship=30, skip=30)
    assert "Visitors are not clearly on the other side of any verdict so far." in client.get("/splits/").text
