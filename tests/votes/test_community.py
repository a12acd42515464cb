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


@pytest.mark.parametrize(("percent", "excluded"), [(40, True), (41, False), (73, False), (74, True), (None, False)])
def test_excludes_means_outside_the_interval(percent, excluded):
    assert make_community(30, 20).excludes(percent) is excluded


def test_excludes_is_false_without_a_number():
    assert not make_community(5, 4).excludes(100)
