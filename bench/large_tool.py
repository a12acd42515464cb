"""A tool whose page at the desk is as heavy as one gets: many facts and plans, and a panel that has written twice."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Fact, Plan, Tool
from web import clock

TEXT = "It reads the whole repository, and it says so where it guesses. " * 8
WORDS = {
    "verdict": "ship",
    "gist": "It says where it guesses.",
    "quote": TEXT,
    "flips_if": "It stops.",
    "basis": "read",
}
VALUES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"kind": "text"}, "Written in Rust"),
    ({"kind": "number", "unit": "GB"}, "64"),
    ({"kind": "grade"}, "yes"),
    ({"kind": "choice", "choices": [{"slug": f"choice-{n}", "name": f"Choice {n}"} for n in range(6)]}, "choice-1"),
)
"""What kinds of attributes there are, each with the value of its facts."""


def make_large_tool(*, facts: int, plans: int, seats: int) -> Tool:
    """Create a published tool. Each seat has an edition that is published, and a draft, both with a prediction."""
    category = Category.objects.create(slug="large-tools", name="Large tools")
    tool = Tool.objects.create(
        slug="large", name="Large", category=category, tagline="It has many facts.", description=TEXT,
        website="https://large.example", published_at=timezone.now() - timedelta(days=30),
    )  # fmt: skip
    checked = {"source": "https://large.example/docs", "verified_on": clock.today() - timedelta(days=20)}
    for number in range(facts):
        kind, value = VALUES[number % len(VALUES)]
        attribute = Attribute.objects.create(slug=f"large-{number}", name=f"Attribute {number}", **kind)
        attribute.categories.add(category)
        Fact.objects.create(tool=tool, attribute=attribute, value=value, **checked)
    for number in range(plans):
        price = {"kind": "paid", "amount": 20 + number, "currency": "USD", "period": "month"}
        Plan.objects.create(tool=tool, name=f"Plan {number}", **price, **checked)
    seated = [*Reviewer.objects.order_by("seat")]
    for number in range(len(seated) + 1, seats + 1):
        persona = {"lens": "Why?", "disclosure": "a persona", "seat": number}
        seated.append(Reviewer.objects.create(slug=f"seat-{number}", name=f"Seat {number}", **persona))
    for seat in seated[:seats]:
        edition = Review.objects.create(tool=tool, reviewer=seat, published_at=tool.published_at, **WORDS)
        for review in (edition, edition.draft_next_edition(**WORDS)):
            Prediction.objects.create(review=review, claim="It gets faster.", due_on=clock.today() + timedelta(days=99))
    return tool
