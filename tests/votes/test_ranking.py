"""Ranking tools by pair votes."""

import numpy as np
import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from tests import factories as make
from votes.models import PairRank
from votes.ranking import rank_pairs
from votes.strength import fit_strengths


def make_wins(*rows) -> np.ndarray:
    return np.array(rows, dtype=np.int64)


def test_two_tools_match_the_closed_form():
    """At 90 to 10 the odds are 9, and each tool is half of their logarithm from the average: √9 to 1."""
    one, two = fit_strengths(make_wins([0, 900_000], [100_000, 0]), resamples=50)
    assert (one.share, two.share) == (pytest.approx(0.75, abs=1e-3), pytest.approx(0.25, abs=1e-3))
    assert (one.rank, two.rank) == (1, 2)


def test_intervals_contain_the_true_strengths_about_as_often_as_promised():
    rng, truth = np.random.default_rng(7), np.array([1.0, 0.4, 0.0, -0.4, -1.0])
    hit = total = 0
    for _ in range(20):
        matrix = np.zeros((5, 5), dtype=np.int64)
        for i in range(5):
            for j in range(i):
                times = rng.binomial(60, 1 / (1 + np.exp(truth[j] - truth[i])))
                matrix[i, j], matrix[j, i] = times, 60 - times
        for strength, shares in zip(fit_strengths(matrix, resamples=200), 1 / (1 + np.exp(-truth)), strict=True):
            hit, total = hit + (strength.low <= shares <= strength.high), total + 1
    assert 0.87 <= hit / total <= 1


def test_a_few_unanimous_votes_are_not_certainty():
    one, two = fit_strengths(make_wins([0, 3], [0, 0]), resamples=200)
    assert (one.share > two.share, one.rank, two.rank) == (True, 1, 1)
    assert one.low < one.share


def test_groups_that_were_never_compared_share_a_scale():
    matrix = make_wins([0, 8, 0, 0], [2, 0, 0, 0], [0, 0, 0, 8], [0, 0, 2, 0])
    shares = [strength.share for strength in fit_strengths(matrix, resamples=50)]
    assert shares[0] == pytest.approx(shares[2], abs=1e-6)
    assert shares[1] == pytest.approx(shares[3], abs=1e-6)


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=4, max_size=4))
def test_ranks_are_computed_from_intervals_regardless_of_order(rows):
    matrix = make_wins(*rows)
    np.fill_diagonal(matrix, 0)
    if not matrix.sum():
        matrix[0, 1] = 1
    found = fit_strengths(matrix, resamples=20)
    for strength in found:
        assert 0 <= strength.low <= strength.share <= strength.high <= 1
        assert strength.rank == 1 + sum(other.low > strength.high for other in found)
    reversed_shares = [s.share for s in fit_strengths(matrix[::-1, ::-1], resamples=20)][::-1]
    assert reversed_shares == pytest.approx([s.share for s in found], abs=1e-4)


@pytest.mark.parametrize(
    "matrix", [make_wins([0, 0], [0, 0]), make_wins([0, -1], [2, 0]), make_wins([0, 1, 2], [1, 0, 1])]
)
def test_invalid_matrices_are_refused(matrix):
    with pytest.raises(ValueError, match="square"):
        fit_strengths(matrix, resamples=2)


# -- Categories --------------------------------------------------------------------------------------------


@pytest.fixture
def trio(db, settings):
    settings.PAIR_RANKING_VOTES = 40
    category = make.category(name="Speech", slug="speech")
    tools = [make.tool(name=name, slug=name.lower(), category=category) for name in ("Ada", "Bob", "Cyd")]
    make.pair_votes(between=(tools[0], tools[1]), first=18, second=2, neither=30)
    make.pair_votes(between=(tools[2], tools[1]), first=10, second=9)
    return tools


def test_category_below_the_threshold_is_not_ranked(trio, client, capsys):
    call_command("rank_pairs")
    assert (PairRank.objects.count(), capsys.readouterr().out) == (
        0,
        "No category has enough pair votes yet.\n",
    )
    assert "Ranked by pair votes" not in client.get("/categories/speech/").content.decode()


def test_category_at_the_threshold_is_ranked(trio, client, capsys):
    make.pair_votes(between=(trio[2], trio[0]), second=1)
    call_command("rank_pairs")
    assert capsys.readouterr().out == "Speech: 3 tools ranked\n"
    ranks = {rank.tool.name: (rank.rank, rank.votes) for rank in PairRank.objects.select_related("tool")}
    assert ranks == {"Ada": (1, 21), "Bob": (2, 39), "Cyd": (2, 20)}
    page = client.get("/categories/speech/").content.decode()
    ranking = page[page.index('id="pair-ranking"') :]
    assert ranking.index(">Ada<") < ranking.index(">Cyd<")


def test_ranking_is_idempotent_and_drops_categories_below_the_threshold(trio, settings):
    make.pair_votes(between=(trio[2], trio[0]), second=1)

    def stored():
        rank_pairs()
        return list(PairRank.objects.values_list("tool", "rank", "share", "low_share", "high_share"))

    first = stored()
    assert (len(first), stored()) == (3, first)
    settings.PAIR_RANKING_VOTES = 41
    assert stored() == []


def test_votes_across_categories_and_on_unpublished_tools_are_ignored(trio):
    make.pair_votes(between=(trio[0], make.tool()), first=60)
    draft = make.tool(category=trio[0].category, published_at=None)
    make.pair_votes(between=(draft, trio[0]), first=60)
    assert rank_pairs() == {}


def test_withdrawn_and_moved_tools_leave_the_page_immediately(trio, client):
    make.pair_votes(between=(trio[2], trio[0]), second=1)
    rank_pairs()
    trio[0].withdraw()
    trio[2].category = make.category()
    trio[2].save()
    ranking = client.get("/categories/speech/").content.decode().split('id="pair-ranking"')[1]
    assert (">Ada<" in ranking, ">Bob<" in ranking, ">Cyd<" in ranking) == (False, True, False)
