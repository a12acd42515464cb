"""How far an issue has come while it is being sent: the numbers, the rate, and an estimate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Count, Min

from newsletter.models import Issue, SendState
from newsletter.statistics import DeliveryCounts, IssueBar, count_deliveries, draw_bars
from web.words import count_of

RATE_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an issue has come. `per_minute` is the rate of the last minute, 0 if nothing was sent in it."""

    counts: DeliveryCounts
    per_minute: int

    @property
    def bar(self) -> IssueBar:
        return draw_bars([self.counts])[0]

    @property
    def estimate(self) -> str:
        """How long the rest takes at this rate, in words; "" if nothing waits or was sent recently."""
        if not self.counts.waiting or not self.per_minute:
            return ""
        minutes = self.counts.waiting / self.per_minute
        if minutes < 1:
            return "less than a minute left"
        if minutes < 90:
            return f"about {count_of(ceil(minutes), 'minute')} left"
        return f"about {count_of(ceil(minutes / 60), 'hour')} left"


def read_progress(issue: Issue, *, now: datetime) -> Progress:
    """Return how far an issue has come. Two queries."""
    recent = issue.deliveries.filter(state=SendState.SENT, finished_at__gt=now - RATE_WINDOW)
    found = recent.aggregate(number=Count("pk"), first=Min("finished_at"))
    seconds = max((now - found["first"]).total_seconds(), 1.0) if found["first"] else RATE_WINDOW.total_seconds()
    return Progress(count_deliveries([issue])[0], round(found["number"] * 60 / seconds))
