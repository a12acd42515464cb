"""What is wrong with the site itself, for everyone at the desk to see before anything else."""

from datetime import datetime

from newsletter import daily
from newsletter.models import DailyRun
from web.words import format_day, join_words


def list_alarms(*, now: datetime) -> list[str]:
    """Return what the last daily run found, and whether it is overdue, in sentences. One query."""
    last = DailyRun.objects.exclude(ended_at=None).first()
    if last is None:
        return []
    day = format_day(last.started_at.date())
    alarms = []
    if last.differences:
        places = "one place" if last.differences == 1 else f"{last.differences:,} places"
        alarms.append(
            f"Counts on public pages differ from the votes in {places}, as of {day}. Tell an administrator to run "
            "manage.py verify_tally, and to find out why before repairing it."
        )
    if last.failures:
        alarms.append(f"Daily work failed on {day}: {join_words(last.failures)}. The log of the workers says why.")
    if last.started_at < now - daily.OVERDUE_AFTER:
        alarms.append(f"Daily work has not run since {day}. Start a worker, or run manage.py daily.")
    return alarms
