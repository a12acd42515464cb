"""The strengths of tools, computed from how often each was chosen over others. Counts in, numbers out; no queries.

The model is Bradley and Terry's: of two tools with strengths s and t, the first is chosen with probability s / (s + t)
(R. A. Bradley, M. E. Terry: Rank analysis of incomplete block designs, Biometrika 39, 1952, pages 324-345).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from votes.ranking_rules import HALF_A_VOTE, LEVEL, PRIOR, SEED

MAX_STEPS = 1000  # each at most 1 long; a chain of 40 tools that each won 100,000 to 0 takes 170
PRECISION = 1e-6  # of the logarithm of a strength; the error after the step is about its square


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

    The order of the tools decides what is drawn: pass them in the order of their slugs, which are public.

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
    """Fit the model by maximum likelihood. Return each strength as the share of choices it wins against an average
    tool.

    By Newton's method: the logarithm of the likelihood is a concave function of the logarithms of the strengths.
    """
    tools = len(wins)
    votes = wins + PRIOR * (1 - np.eye(tools))
    met = votes + votes.T
    strengths = np.zeros(tools)  # logarithms
    for _ in range(MAX_STEPS):
        chances = (1 + np.tanh((strengths[:, None] - strengths) / 2)) / 2  # 1 / (1 + exp(t - s)), without overflow
        weights = met * chances * (1 - chances)
        # Only differences of strengths matter. The last term keeps their mean at 0, and the matrix invertible.
        hessian = np.diag(weights.sum(axis=1)) - weights + 1 / tools
        step = np.linalg.solve(hessian, (votes - met * chances).sum(axis=1))
        largest = np.abs(step).max()
        strengths += step / max(1.0, largest)  # a full step would overshoot far from the maximum
        if largest < PRECISION:
            return 1 / (1 + np.exp(strengths.mean() - strengths))
    raise RuntimeError(f"the strengths did not converge in {MAX_STEPS} steps")
