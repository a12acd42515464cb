"""Flips: which editions they are, and what they are annotated with."""

from datetime import timedelta

import pytest
from django.db import connection

from reviews.models import Flip, Review
from tests import factories as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def make_editions(verdicts: str, **fields):
    """Make editions of one seat on one tool, a day apart: "+" is ship and "-" is skip."""
    tool, seat = make.tool(**fields), make.reviewer()
    return [
        make.review(
            of=tool,
            by=seat,
            verdict="ship" if sign == "+" else "skip",
            quote=f"Edition {place}.",
            published_at=make.PAST + place * DAY,
        )
        for place, sign in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "flips"),
    [("", []), ("+", []), ("++", []), ("+-", [1]), ("-+", [1]), ("+--+", [3, 1]), ("+-+", [2, 1])],
)
def test_flip_has_the_opposite_verdict_of_the_edition_before(verdicts, flips):
    editions = make_editions(verdicts)
    assert list(Review.objects.flips()) == [editions[place] for place in flips]


def test_flip_is_annotated_with_the_edition_before():
    make_editions("++-")
    [flip] = Review.objects.flips()
    assert (flip.verdict, flip.was_verdict, flip.was_quote, flip.was_published_at) == (
        "skip",
        "ship",
        "Edition 1.",
        make.PAST + DAY,
    )


def test_flips_of_all_seats_are_newest_first():
    one, two = make_editions("+-"), make_editions("-+-")
    assert list(Review.objects.flips()) == [two[2], two[1], one[1]]  # at the same time: the higher id first


def test_editions_of_other_seats_and_tools_do_not_count():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, verdict="ship")
    make.review(of=tool, by=make.reviewer(), verdict="skip", published_at=make.PAST + DAY)
    make.review(of=make.tool(), by=seat, verdict="skip", published_at=make.PAST + DAY)
    assert not Review.objects.flips().exists()


def test_withdrawn_editions_do_not_count():
    first = make_editions("+-")
    first[1].withdraw()
    second = make_editions("+-+")
    second[1].withdraw()
    third = make_editions("-+-")
    third[1].withdraw()
    fourth = make_editions("+--")
    fourth[1].withdraw()
    assert list(Review.objects.flips()) == [fourth[2]]
    assert Review.objects.flips().get().was_published_at == fourth[0].published_at


def test_drafts_are_no_flips():
    [published] = make_editions("+")
    make.review(of=published.tool, by=published.reviewer, verdict="skip", published_at=None)
    assert not Review.objects.flips().exists()


def test_scheduled_edition_becomes_a_flip_by_the_clock(time_machine):
    [published] = make_editions("+")
    later = make.review(of=published.tool, by=published.reviewer, verdict="skip", published_at=make.FUTURE)
    assert not Review.objects.flips().exists()
    assert list(Review.objects.flips(at=make.FUTURE)) == [later]
    time_machine.move_to(make.FUTURE)
    assert list(Review.objects.flips()) == [later]


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tools_have_no_flips(fields):
    make_editions("+-", **fields)
    assert not Review.objects.flips().exists()


def test_flips_are_read_in_one_query(django_assert_num_queries):
    for _ in range(3):
        make_editions("+-")
    with django_assert_num_queries(1):
        assert len(Review.objects.flips().select_related("reviewer", "tool__category")[:30]) == 3


def test_deleting_an_edition_deletes_its_flip():
    first, second, third = make_editions("+-+")
    make.remove(Review.objects.filter(pk=second.pk))
    assert not Review.objects.flips().exists()
    assert list(Flip.objects.all()) == []
    make.review(of=first.tool, by=first.reviewer, verdict="skip", published_at=third.published_at + DAY)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
    Review.objects.all()._raw_delete(using="default")
    assert list(Flip.objects.all()) == []
