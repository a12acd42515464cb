"""Which day it is. The site's days are days in UTC: prices, predictions, network keys and the ledger agree on it."""

from datetime import UTC, date, datetime

from django.utils import timezone


def today() -> date:
    return day_of(timezone.now())


def day_of(instant: datetime) -> date:
    return instant.astimezone(UTC).date()
