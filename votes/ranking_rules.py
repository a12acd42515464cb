"""The numbers behind the ranking by pair votes.

The methodology page states each of them and how it is used, so that anyone can compute a ranking again. They are apart
from `votes.strength`, because the server need not load NumPy to show them.
"""

# Votes by which each tool counts as having won and lost against every other, compared or not. Without them, a tool that
# never lost would be infinitely strong, and two groups that nobody compared would have no common scale.
PRIOR = 0.1
# Added to both sides of each pair with votes before resampling: five to nothing is not certainty.
HALF_A_VOTE = 0.5
RESAMPLES = 1000  # bootstrap samples behind each interval
LEVEL = (2.5, 97.5)  # percentiles: a 95% interval
SEED = 1952  # fixed, so that the same votes give the same ranking
