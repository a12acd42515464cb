"""The kinds of content that editors publish."""

from comparisons.models import Comparison
from reviews.models import Review
from tools.models import Tool

type Content = Tool | Review | Comparison
