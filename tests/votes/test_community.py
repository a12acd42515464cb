import pytest

from votes.community import Community


def community(ship: int, skip: int, percent: int | None = 58, low: int | None = 41, high: int | None = 73) -> Community:
    return Community(ship, skip, percent, low, high)


@pytest.mark.parametrize(
    ("numbers", "figure", "words"),
    [
        (community(0, 0, None, None, None), "—", "No votes yet"),
        (community(1, 0), "—", "1 ship, 0 skip so far"),
        (community(7, 2), "—", "7 ship, 2 skip so far"),
        (community(6, 4), "58%", "10 votes, early: 41–73%"),
        (community(30, 19), "58%", "49 votes, early: 41–73%"),
        (community(30, 20), "58%", "50 votes"),
        (community(700, 512), "58%", "1,212 votes"),
    ],
)
def test_number_is_shown_as_far_as_it_means_something(numbers, figure, words):
    assert (numbers.figure, numbers.words) == (figure, words)


def test_limits_are_settings(settings):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = 2, 3
    assert [community(n, 0).words for n in (1, 2, 3)] == [
        "1 ship, 0 skip so far",
        "2 votes, early: 41–73%",
        "3 votes",
    ]


@pytest.mark.parametrize(("percent", "excluded"), [(40, True), (41, False), (73, False), (74, True), (None, False)])
def test_excludes_is_outside_the_interval(percent, excluded):
    assert community(30, 20).excludes(percent) is excluded


def test_nothing_is_excluded_without_a_number():
    assert not community(5, 4).excludes(100)
