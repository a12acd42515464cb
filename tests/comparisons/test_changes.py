"""The page of changes: flips, newest first."""

from datetime import timedelta

import pytest

from tests import factories as make
from tests.comparisons.test_pair_page import text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def make_flip(name: str, *, day: int, verdict: str = "skip", **fields):
    """Make a seat flip, `day` days after PAST."""
    before = "ship" if verdict == "skip" else "skip"
    review = make.review(of=make.tool(name=name, **fields), by=make.reviewer(name=f"Seat of {name}"), verdict=before)
    return make.later_edition(
        of=review, verdict=verdict, quote=f"New words on {name}.", published_at=make.PAST + day * DAY
    )


def test_flips_are_listed_newest_first_with_the_edition_before(client):
    older, newer = make_flip("Older", day=1), make_flip("Newer", day=2, verdict="ship")
    page = text(client, "/changes/")
    assert page.index("Seat of Newer now ships") < page.index("Seat of Older now skips")
    assert f'href="/tools/{older.tool.slug}/#edition-{older.pk}"' in page
    entry = " ".join(page.split("New words on Newer.")[0].split("Seat of Newer now ships")[1].split())
    assert "skip since 5 Jan 2026" in entry
    assert "7 Jan 2026" in entry
    for words in ("Reasons of Seat of Older.", "Reasons of Seat of Newer."):
        assert page.count(words) == 1
    target = text(client, newer.tool.get_absolute_url())
    assert f'id="edition-{newer.pk}"' in target


def test_page_without_flips_says_so(client):
    make.review(of=make.tool(), by=make.reviewer())
    assert "No verdict has flipped yet, and nothing was corrected." in text(client, "/changes/")


def test_same_verdict_again_is_no_flip(client):
    review = make.review(of=make.tool(name="Same"), by=make.reviewer())
    make.later_edition(of=review, verdict="ship", quote="Still.", published_at=make.PAST + DAY)
    assert "Same" not in text(client, "/changes/")


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_flips_of_hidden_tools_are_not_listed(client, fields):
    make_flip("Hidden", day=1, **fields)
    assert "Hidden" not in text(client, "/changes/")


def test_drafts_scheduled_and_withdrawn_editions_are_not_listed(client, time_machine):
    seat = make.reviewer()
    for number, fields in enumerate(
        (
            {"published_at": None},
            {"published_at": make.FUTURE},
            {"published_at": make.PAST + DAY, "withdrawn_at": make.PAST},
        )
    ):
        tool = make.tool(name=f"Tool {number}")
        make.review(of=tool, by=seat)
        make.review(of=tool, by=seat, verdict="skip", quote="Hidden words", **fields)
    assert "Hidden words" not in text(client, "/changes/")
    time_machine.move_to(make.FUTURE + DAY)
    assert text(client, "/changes/").count("Hidden words") == 1


@pytest.mark.parametrize("things", [1, 3])
def test_query_count_is_constant(client, django_assert_num_queries, things):
    for number in range(things):
        make_flip(f"Tool {number}", day=number + 1)
        make.correction(of=make.tool())
    with django_assert_num_queries(3):  # the order, the flips, the corrections
        text(client, "/changes/")


def test_pages_list_every_flip_once(client):
    for number in range(25):
        make_flip(f"Tool {number}", day=number + 1)
    pages = [text(client, f"/changes/?page={page}") for page in ("1", "2", "3", "x", "-4", "%00")]
    assert [page.count("flip__title") for page in pages] == [20, 5, 0, 20, 20, 20]
    assert ('rel="next"' in pages[0], 'rel="next"' in pages[1], 'rel="prev"' in pages[1]) == (True, False, True)
