"""What is wrong with the site itself, for everyone at the desk to see before anything else."""

from datetime import datetime

from newsletter import daily
from web.words import format_day, join_words


def list_alarms(*, now: datetime) -> list[str]:
    """Return what the last daily run found, and that there has been none for long. One query, or two in trouble."""
    last = daily.find_last_ended()
    started_at = daily.find_last_start(last)
    day = format_day(started_at.date())
    alarms = []
    if (verified := daily.find_last_verified(last)) and verified.differences:
        on = format_day(verified.started_at.date())
        places = "one place" if verified.differences == 1 else f"{verified.differences:,} places"
        alarms.append(
            f"Counts on public pages differ from the votes in {places}, as of {on}. Tell an administrator to run "
            "manage.py verify_tally, and to find out why before repairing it."
        )
    if last and last.failures:
        alarms.append(f"Daily work failed on {day}: {join_words(last.failures)}. The log of the workers says why.")
    if started_at < now - daily.OVERDUE_AFTER:
        never = f"Daily work has not run since {day}" if last else f"Daily work has never ended since {day}"
        alarms.append(f"{never}. Start a worker, or run manage.py daily.")
    return alarms
