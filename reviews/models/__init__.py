"""The models of reviews, one module per subject. The rest of the site imports them from here."""

from reviews.models.derived import Flip, Mention
from reviews.models.prediction import Prediction
from reviews.models.review import MAX_GIST_LENGTH, Review, Reviewer, ReviewQuerySet

__all__ = ["MAX_GIST_LENGTH", "Flip", "Mention", "Prediction", "Review", "ReviewQuerySet", "Reviewer"]
