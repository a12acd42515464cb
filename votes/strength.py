"""The strengths of tools, computed from how often each was chosen over others. Counts in, numbers out; no queries.

The model is Bradley and Terry's: of two tools with strengths s and t, the first is chosen with probability s / (s + t)
(R. A. Bradley, M. E. Terry: Rank analysis of incomplete block designs, Biometrika 39, 1952, pages 324-345). It is
fitted by choix (L. Maystre, M. Grossglauser: Fast and accurate inference of Plackett-Luce models, NIPS 2015).
"""

from dataclasses import dataclass

import choix
import numpy as np
from numpy.typing import NDArray

# Regularization: as if each tool had won and lost a little against every other. Without it, a tool that never lost
# would be infinitely strong, and two groups that nobody compared would have no common scale.
PRIOR = 0.1
# Added to both sides of each pair with votes before resampling: five to nothing is not certainty.
HALF_A_VOTE = 0.5
LEVEL = (2.5, 97.5)  # percentiles: a 95% interval
SEED = 1952  # fixed, so that the same votes give the same ranking


@dataclass(frozen=True, slots=True)
class Strength:
    """How often a tool would be chosen over one of average strength: a share 0–1 with its 95% bootstrap interval."""

    share: float
    low: float
    high: float
    rank: int
    """1 + the number of tools whose interval lies entirely above this one's."""


def fit_strengths(wins: NDArray[np.int64], *, resamples: int) -> list[Strength]:
    """Return the strengths of n tools. `wins` is n × n: how often a row's tool was chosen over a column's.

    The intervals are percentile bootstrap: as many votes are drawn with replacement, `resamples` times.
    Raises ValueError if the matrix is not square, contains a negative number, or has no votes.
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1] or (wins < 0).any() or wins.sum() == 0:
        raise ValueError("wins is a square matrix of counts, not all 0")
    fitted = _fit_shares(wins)
    rng = np.random.default_rng(SEED)
    cells = np.nonzero(wins + wins.T)
    weights = wins[cells] + HALF_A_VOTE
    drawn = rng.multinomial(int(wins.sum()), weights / weights.sum(), size=resamples)
    sample = np.zeros((resamples, len(wins)))
    for row, counts in zip(sample, drawn, strict=True):
        resampled = np.zeros_like(wins)
        resampled[cells] = counts
        row[:] = _fit_shares(resampled)
    low, high = np.percentile(sample, LEVEL, axis=0)
    # All resamples can lie on one side of the fitted value. Include it in the interval.
    low, high = np.minimum(low, fitted), np.maximum(high, fitted)
    return [
        Strength(share=float(fitted[n]), low=float(low[n]), high=float(high[n]), rank=1 + int((low > high[n]).sum()))
        for n in range(len(wins))
    ]


def _fit_shares(wins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fit the model. Return each strength as the share of choices it wins against an average tool."""
    strengths = choix.ilsr_pairwise_dense(wins.astype(float), alpha=PRIOR, max_iter=500)
    return 1 / (1 + np.exp(-(strengths - strengths.mean())))
