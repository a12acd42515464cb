"""How prices changed in the last days, in a few words for a card."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from tools.choices import PlanKind
from tools.prices import Price, describe_change

RECENT_DAYS = 30


class PastPrice(NamedTuple):
    """A price that was superseded, because it changed or because it was wrong."""

    price: Price
    until: datetime
    was_wrong: bool


class PricedPlan(NamedTuple):
    """A current plan with its past prices, in any order. Only the recent ones matter."""

    name: str
    price: Price
    was: Sequence[PastPrice]


def describe_recent_change(plans: Iterable[PricedPlan], *, today: date) -> str:
    """Return how the cheapest plan that changed in the last RECENT_DAYS days did: `Pro +25% in the last 30 days`.

    "" if none did. A price that was wrong never was one, so a correction is no change. It depends on the day only, so
    that a page changes by itself at most once a day.
    """
    first_day = today - timedelta(days=RECENT_DAYS)
    changes = [(plan.price.rank, plan.name, words) for plan in plans if (words := _describe(plan, first_day))]
    return min(changes)[2] if changes else ""


def _describe(plan: PricedPlan, first_day: date) -> str:
    recent = sorted((old for old in plan.was if old.until.date() >= first_day), key=lambda old: old.until)
    before = next((old.price for old in recent if not old.was_wrong), plan.price)
    if before.kind == PlanKind.FREE != plan.price.kind:
        return f"{plan.name} is no longer free"
    change = describe_change(before, plan.price)
    return f"{plan.name} {change} in the last {RECENT_DAYS} days" if change else ""
