"""How strong tools are against one another, from who was chosen over whom. Counts in, numbers out; no queries.

The model is Bradley and Terry's: of tools with strengths s and t the first is chosen with probability s / (s + t)
(R. A. Bradley, M. E. Terry: Rank analysis of incomplete block designs, Biometrika 39, 1952, pages 324-345). It is
fitted by choix (L. Maystre, M. Grossglauser: Fast and accurate inference of Plackett-Luce models, NIPS 2015).
"""

from dataclasses import dataclass

import choix
import numpy as np
from numpy.typing import NDArray

# As if each tool had won and lost a little against each other: without it a tool that never lost would be infinitely
# strong, and two groups that nobody compared would have no common scale.
PRIOR = 0.1
# Added to both sides of each pair that was voted on before votes are drawn anew: five to nothing is not certainty.
HALF_A_VOTE = 0.5
LEVEL = (2.5, 97.5)  # percentiles: a 95% interval
SEED = 1952  # the same votes give the same ranking


@dataclass(frozen=True, slots=True)
class Strength:
    """How often a tool would be chosen over one of average strength, as shares 0-1 with the 95% bootstrap interval."""

    share: float
    low: float
    high: float
    rank: int
    """1 + the number of tools whose interval lies wholly above this one's."""


def strengths(wins: NDArray[np.int64], *, resamples: int) -> list[Strength]:
    """The strengths of n tools, from `wins`, n × n: how often the tool of a row was chosen over that of a column.

    The intervals come from drawing as many votes anew, with replacement, `resamples` times (percentile bootstrap).
    Raises ValueError for a matrix that is not square, has a number below 0, or has no vote.
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1] or (wins < 0).any() or wins.sum() == 0:
        raise ValueError("wins is a square matrix of counts, not all 0")
    fitted = _shares(wins)
    rng = np.random.default_rng(SEED)
    cells = np.nonzero(wins + wins.T)
    weights = wins[cells] + HALF_A_VOTE
    drawn = rng.multinomial(int(wins.sum()), weights / weights.sum(), size=resamples)
    sample = np.zeros((resamples, len(wins)))
    for row, counts in zip(sample, drawn, strict=True):
        again = np.zeros_like(wins)
        again[cells] = counts
        row[:] = _shares(again)
    low, high = np.percentile(sample, LEVEL, axis=0)
    # A resample can miss the fitted value to one side for all of its draws; the interval holds it anyway.
    low, high = np.minimum(low, fitted), np.maximum(high, fitted)
    return [
        Strength(share=float(fitted[n]), low=float(low[n]), high=float(high[n]), rank=1 + int((low > high[n]).sum()))
        for n in range(len(wins))
    ]


def _shares(wins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fit the model, and say each strength as the share of choices that it wins from the average one."""
    strengths = choix.ilsr_pairwise_dense(wins.astype(float), alpha=PRIOR, max_iter=500)
    return 1 / (1 + np.exp(-(strengths - strengths.mean())))
