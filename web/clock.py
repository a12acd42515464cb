"""Which day it is. The site's days are days in UTC: prices, predictions, network keys, and the ledger agree on it."""

from datetime import UTC, date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

EARLIEST_YEAR = 2000
MAX_YEARS_AHEAD = 100


def today() -> date:
    return day_of(timezone.now())


def day_of(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), UTC)


def midnight_after(instant: datetime) -> datetime:
    """Return when the next day begins."""
    return start_of(day_of(instant) + timedelta(days=1))


def validate_year(day: date) -> None:
    """Raise ValidationError for a day, or a time, whose year must be a typing error: 0026, 20026, or 2206."""
    if not EARLIEST_YEAR <= day.year <= today().year + MAX_YEARS_AHEAD:
        raise ValidationError(f"The year {day.year} cannot be right.")
