"""Ranking tools by pair votes."""

import csv
import io
import re

import numpy as np
import pytest
from django.core.management import call_command
from hypothesis import example, given
from hypothesis import strategies as st

from tests import factories as make
from tools.models import Tool
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


def fit_by_minorization(wins: np.ndarray, prior: float) -> np.ndarray:
    """Return the shares of a Bradley-Terry fit by another method than the site's: Zermelo's of 1929, which divides what
    a tool won by what it had to meet, until nothing moves.
    """
    votes = wins + prior * (1 - np.eye(len(wins)))
    met, strengths = votes + votes.T, np.ones(len(wins))
    for _ in range(100_000):
        before = strengths
        strengths = votes.sum(axis=1) / (met / (before[:, None] + before)).sum(axis=1)
        strengths /= np.exp(np.log(strengths).mean())
        if np.abs(np.log(strengths / before)).max() < 1e-10:
            return strengths / (1 + strengths)
    raise AssertionError("it did not converge")


WINS = st.lists(st.lists(st.integers(0, 30), min_size=5, max_size=5), min_size=5, max_size=5)


@given(WINS)
@example([[0, 30, 0, 0, 0], [2, 0, 0, 0, 0], [0, 0, 0, 9, 0], [0, 0, 3, 0, 0], [0, 0, 0, 0, 0]])
def test_fit_counts_the_stated_fraction_of_a_vote(rows):
    wins = make_wins(*rows)
    np.fill_diagonal(wins, 0)
    if not wins.sum():
        wins[0, 1] = 1
    shares = [strength.share for strength in fit_strengths(wins, resamples=1)]
    assert shares == pytest.approx(fit_by_minorization(wins, prior=0.1), abs=1e-6)


@pytest.mark.parametrize("shape", ["chain", "ladder", "star", "islands"])
def test_fit_converges_on_extreme_votes(shape):
    wins = np.zeros((40, 40), dtype=np.int64)
    for n in range(39):
        match shape:
            case "chain":
                wins[n, n + 1] = wins[n + 1, n] = 100_000
            case "ladder":
                wins[n, n + 1] = 100_000
            case "star":
                wins[0, n + 1] = 100_000
            case "islands":
                wins[n, n - n % 2 + (1 - n % 2)] = 100_000 + n
    assert len(fit_strengths(wins, resamples=2)) == 40


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


# -- Computed again from outside ------------------------------------------------------------------------------


def read_export(client) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get("/export/pair-votes.csv").getvalue().decode())))


def test_pair_votes_are_exported_by_slug_with_those_that_the_ranking_counts(trio, client):
    ada, bob, cyd = trio
    make.pair_votes(between=(cyd, ada), second=1)
    make.pair_votes(between=(bob, make.tool(slug="other")), first=2)
    make.pair_votes(between=(bob, cyd), neither=4, state="held")
    make.pair_votes(between=(bob, cyd), first=5, state="rejected")
    for n, fields in enumerate([{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]):
        make.pair_votes(between=(bob, make.tool(slug=f"secret-{n}", **fields)), first=3)
    rank_pairs()
    [stamp] = {rank.ranked_at for rank in PairRank.objects.all()}
    Tool.objects.filter(pk=ada.pk).update(slug="zeno")  # the order is that of slugs, not of ids
    make.pair_votes(between=(bob, ada), second=1)  # and the ranking does not know of this vote yet
    ranked_at = f"{stamp:%Y-%m-%dT%H:%M:%SZ}"
    assert [list(row.values()) for row in read_export(client)] == [
        ["speech", "bob", "cyd", "9", "10", "0", "4", "5", "9", "10", ranked_at],
        ["", "bob", "other", "2", "0", "0", "0", "0", "", "", ""],
        ["speech", "bob", "zeno", "2", "19", "30", "0", "0", "2", "18", ranked_at],
        ["speech", "cyd", "zeno", "0", "1", "0", "0", "0", "0", "1", ranked_at],
    ]
    response = client.get("/export/pair-votes.csv")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="shipside-pair-votes-')


@pytest.mark.parametrize("pairs", [1, 3])
def test_export_of_pair_votes_is_one_query(db, client, django_assert_num_queries, pairs):
    for _ in range(pairs):
        make.pair_votes(between=(make.tool(), make.tool()), first=2)
    with django_assert_num_queries(1):
        assert len(read_export(client)) == pairs


def test_ranking_can_be_computed_again_from_the_export_and_the_methodology(settings, client, db):
    settings.PAIR_RANKING_VOTES = 40
    category, rng = make.category(slug="speech"), np.random.default_rng(3)
    slugs = ["echo", "delta", "charlie", "bravo", "alpha", "foxtrot"]  # not in the order of their ids
    tools = [make.tool(slug=slug, name=slug, category=category) for slug in slugs]
    for n, one in enumerate(tools):
        for other in tools[:n:2]:
            make.pair_votes(between=(one, other), first=int(rng.integers(0, 20)), second=int(rng.integers(1, 15)))
    rank_pairs()

    text = " ".join(re.sub(r"<[^>]*>", " ", client.get("/methodology/").content.decode()).split())
    prior = float(re.search(r"won and lost ([\d.]+) votes against each of the others that are ranked", text)[1])
    resamples = int(re.search(r"bootstrap interval: ([\d,]+) samples", text)[1].replace(",", ""))
    half = float(re.search(r"with ([\d.]+) votes added to both sides of each pair with votes", text)[1])
    level = [float(end) for end in re.search(r"from the ([\d.]+)th to the ([\d.]+)th percentile", text).groups()]
    seed = int(re.search(r"default_rng\((\d+)\)\.multinomial", text)[1])

    rows = [row for row in read_export(client) if row["category"] == "speech" and row["ranked_at"]]
    order = sorted({row[side] for row in rows for side in ("first", "second")})
    chosen = {(row["first"], row["second"]): int(row["ranked_first_votes"]) for row in rows}
    chosen |= {(row["second"], row["first"]): int(row["ranked_second_votes"]) for row in rows}
    cells = sorted(chosen)

    def fit(votes) -> np.ndarray:
        wins = np.zeros((len(order), len(order)))
        for (one, other), number in zip(cells, votes, strict=True):
            wins[order.index(one), order.index(other)] = number
        return fit_by_minorization(wins, prior)

    cast = np.array([chosen[cell] for cell in cells])
    shares, weights = fit(cast), (cast + half) / (cast + half).sum()
    drawn = np.random.default_rng(seed).multinomial(cast.sum(), weights, size=resamples)
    low, high = np.percentile([fit(votes) for votes in drawn], level, axis=0)
    low, high = np.minimum(low, shares), np.maximum(high, shares)
    places = [1 + int((low > end).sum()) for end in high]
    expected = {
        slug: (places[n], *(int(np.floor(value * 100 + 0.5)) for value in (shares[n], low[n], high[n])))
        for n, slug in enumerate(order)
    }
    ranking = client.get("/categories/speech/").content.decode().split('id="pair-ranking"')[1].split("</table>")[0]
    row = r"places\">(\d+)[–\d]*</td>\s*<th[^>]*><a href=\"/tools/([a-z]+)/\">.*?<td>(\d+)%</td>\s*<td>(\d+)–(\d+)%"
    shown = {slug: tuple(map(int, numbers)) for place, slug, *rest in re.findall(row, ranking, re.DOTALL)
             for numbers in [(place, *rest)]}  # fmt: skip
    assert (len(shown), shown) == (6, expected)
