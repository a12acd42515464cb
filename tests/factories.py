"""Plain functions that make rows. Each makes what it needs, and says only what the test does not care about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from comparisons.models import Comparison
from newsletter.models import Subscriber
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Fact, Plan, Tool
from votes.models import Vote

PAST = datetime(2026, 1, 5, 9, tzinfo=UTC)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
_number = count(1)


def category(**fields: Any) -> Category:
    n = next(_number)
    return Category.objects.create(**{"slug": f"category-{n}", "name": f"Category {n}", **fields})


def tool(**fields: Any) -> Tool:
    n = next(_number)
    if "category" not in fields:
        fields["category"] = category()
    return Tool.objects.create(**{"slug": f"tool-{n}", "name": f"Tool {n}", "published_at": PAST, **fields})


def reviewer(**fields: Any) -> Reviewer:
    n = next(_number)
    defaults = {"slug": f"seat-{n}", "name": f"Seat {n}", "lens": "Why?", "disclosure": "a persona", "seat": n}
    return Reviewer.objects.create(**{**defaults, **fields})


def review(*, of: Tool, by: Reviewer, verdict: str = "ship", **fields: Any) -> Review:
    defaults = {"quote": f"Reasons of {by.name}.", "published_at": PAST}
    return Review.objects.create(tool=of, reviewer=by, verdict=verdict, **{**defaults, **fields})


def panel(*, of: Tool, seats: list[Reviewer], verdicts: str) -> None:
    """Verdicts as a string, "+" for ship and "-" for skip, one a seat."""
    for seat, sign in zip(seats, verdicts, strict=True):
        review(of=of, by=seat, verdict="ship" if sign == "+" else "skip")


def prediction(*, of: Review, **fields: Any) -> Prediction:
    defaults = {"claim": f"Claim {next(_number)}", "due_on": (PAST + timedelta(days=3650)).date()}
    return Prediction.objects.create(review=of, **{**defaults, **fields})


def plan(*, of: Tool, **fields: Any) -> Plan:
    return Plan.objects.create(tool=of, **{"name": f"Plan {next(_number)}", "kind": "free", **fields})


def attribute(**fields: Any) -> Attribute:
    n = next(_number)
    return Attribute.objects.create(**{"slug": f"attribute-{n}", "name": f"Attribute {n}", **fields})


def fact(*, of: Tool, **fields: Any) -> Fact:
    if "attribute" not in fields:
        fields["attribute"] = attribute()
    return Fact.objects.create(tool=of, **{"value": "a value", **fields})


def comparison(*, first: Tool | None = None, second: Tool | None = None, **fields: Any) -> Comparison:
    return Comparison.objects.create(first=first or tool(), second=second or tool(), **{"published_at": PAST, **fields})


def votes(*, on: Tool, ship: int = 0, skip: int = 0) -> None:
    Vote.objects.bulk_create(
        Vote(tool=on, visitor=UUID(int=(next(_number) << 16) + n, version=4), choice="ship" if n < ship else "skip")
        for n in range(ship + skip)
    )


def subscriber(**fields: Any) -> Subscriber:
    """A confirmed one, unless `confirmed_at` says otherwise."""
    return Subscriber.objects.create(**{"email": f"reader{next(_number)}@example.com", "confirmed_at": PAST, **fields})
