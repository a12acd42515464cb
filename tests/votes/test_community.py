import pytest

from votes.community import Community


def make_community(
    ship: int, skip: int, percent: int | None = 58, low: int | None = 41, high: int | None = 73
) -> Community:
    return Community(ship, skip, percent, low, high)


@pytest.mark.parametrize(
    ("numbers", "figure", "words"),
    [
        (make_community(0, 0, None, None, None), "—", "No votes yet"),
        (make_community(1, 0), "—", "1 ship, 0 skip so far"),
        (make_community(7, 2), "—", "7 ship, 2 skip so far"),
        (make_community(6, 4), "58%", "10 votes, early: 41–73%"),
        (make_community(30, 19), "58%", "49 votes, early: 41–73%"),
        (make_community(30, 20), "58%", "50 votes"),
        (make_community(700, 512), "58%", "1,212 votes"),
    ],
)
def test_figure_and_words_depend_on_the_number_of_votes(numbers, figure, words):
    assert (numbers.figure, numbers.words) == (figure, words)


def test_thresholds_are_settings(settings):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = 2, 3
    assert [make_community(n, 0).words for n in (1, 2, 3)] == [
        "1 ship, 0 skip so far",
        "2 votes, early: 41–73%",
        "3 votes",
    ]


@pytest.mark.parametrize(
    ("low", "high", "side"), [(51, 60, 1), (50, 60, 0), (40, 60, 0), (40, 50, 0), (40, 49, -1), (None, None, 0)]
)
def test_side_is_where_the_whole_interval_lies(low, high, side):
    assert Community(30, 20, 60, low, high).side == side


def test_side_needs_a_number():
    assert Community(9, 0, 100, 70, 100).side == 0
