"""Plain functions that create rows. Each creates what it needs and sets defaults that tests do not depend on."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from comparisons.models import Comparison
from newsletter.content import NewsItem
from newsletter.issuing import compose_issue
from newsletter.models import Issue, IssueState, Subscriber
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from votes.models import Decision, PairChoice, PairVote, Vote

PAST = datetime(2026, 1, 5, 9, tzinfo=UTC)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
_number = count(1)
MAX_SEAT = 32_767  # of the column; property tests count further


def remove(rows: QuerySet[Any]) -> None:
    """Delete rows that readers have seen, as maintenance may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
        rows.delete()
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")


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
    seat = (n - 1) % MAX_SEAT + 1
    defaults = {"slug": f"seat-{n}", "name": f"Seat {n}", "lens": "Why?", "disclosure": "a persona", "seat": seat}
    return Reviewer.objects.create(**{**defaults, **fields})


def review(*, of: Tool, by: Reviewer, verdict: str = "ship", **fields: Any) -> Review:
    defaults = {"gist": f"Gist of {by.name}.", "quote": f"Reasons of {by.name}.", "basis": "read", "published_at": PAST}
    return Review.objects.create(tool=of, reviewer=by, verdict=verdict, **{**defaults, **fields})


def later_edition(*, of: Review, verdict: str = "skip", **fields: Any) -> Review:
    """Create another edition by the same seat (default: from now on)."""
    return review(of=of.tool, by=of.reviewer, verdict=verdict, **{"published_at": timezone.now(), **fields})


def panel(*, of: Tool, seats: list[Reviewer], verdicts: str) -> None:
    """Create a review per seat. `verdicts` has "+" for ship and "-" for skip, in the order of seats."""
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


def correction(*, of: Tool, **fields: Any) -> Correction:
    return Correction.objects.create(tool=of, **{"note": f"Correction {next(_number)}.", **fields})


def fact(*, of: Tool, **fields: Any) -> Fact:
    if "attribute" not in fields:
        fields["attribute"] = attribute()
    return Fact.objects.create(tool=of, **{"value": "a value", **fields})


def comparison(*, first: Tool | None = None, second: Tool | None = None, **fields: Any) -> Comparison:
    return Comparison.objects.create(first=first or tool(), second=second or tool(), **{"published_at": PAST, **fields})


def votes(*, on: Tool, ship: int = 0, skip: int = 0, **fields: Any) -> None:
    Vote.objects.bulk_create(
        Vote(
            tool=on,
            visitor=UUID(int=(next(_number) << 16) + n, version=4),
            choice="ship" if n < ship else "skip",
            **fields,
        )
        for n in range(ship + skip)
    )


def user(*permissions: str, **fields: Any) -> User:
    """Create a member of staff with permissions (`app.codename`)."""
    account = User.objects.create_user(**{"username": f"user-{next(_number)}", "is_staff": True, **fields})
    for permission in permissions:
        app, codename = permission.split(".")
        account.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return account


def pair_votes(*, between: tuple[Tool, Tool], first: int = 0, second: int = 0, neither: int = 0, **fields: Any) -> None:
    """Create votes between two tools, shown in the given order."""
    choices = [PairChoice.FIRST] * first + [PairChoice.SECOND] * second + [PairChoice.NEITHER] * neither
    for choice in choices:
        visitor = UUID(int=next(_number), version=4)
        PairVote.objects.cast(shown=between, visitor=visitor, choice=choice)
        if fields:
            PairVote.objects.filter(visitor=visitor).update(**fields)


def decision(*, on: Tool | None, **fields: Any) -> Decision:
    """Create a decision about votes on a tool, or between two (`first`, `second`)."""
    defaults = {"tool_name": on.name if on else "A vs B", "action": "reject", "reason": "other", "words": "Because.",
                "made_at": PAST, "votes": 1, "yes": 1, "no": 0, "networks": 1, "first_at": PAST,
                "last_at": PAST}  # fmt: skip
    return Decision.objects.create(tool=on, **{**defaults, **fields})


def subscriber(**fields: Any) -> Subscriber:
    """Create a subscriber, confirmed by default."""
    return Subscriber.objects.create(**{"email": f"reader{next(_number)}@example.com", "confirmed_at": PAST, **fields})


def entry(**fields: Any) -> NewsItem:
    """Build a news item, about a watched tool by default."""
    n = next(_number)
    defaults = {"kind": "watch", "object": n, "category": f"Category {n}", "category_ids": (n,), "title": f"News {n}",
                "path": f"/tools/tool-{n}/", "words": (f"Words {n}.",)}  # fmt: skip
    return NewsItem(**{**defaults, **fields})


def issue(*entries: NewsItem, **fields: Any) -> Issue:
    """Create an issue, a draft by default."""
    n = next(_number)
    defaults = {"number": n, "subject": f"Issue about {n}", "since_at": PAST, "composed_at": PAST}
    if fields.get("state", "draft") not in ("draft", "ready"):
        defaults["started_at"] = PAST
    return Issue.objects.create(**{**defaults, **fields, "content": [entry.record for entry in entries]})


def issue_of_everything() -> Issue:
    """Create a sent issue with everything on the site as news."""
    sent = compose_issue(since=datetime(2000, 1, 1, tzinfo=UTC))
    assert sent is not None
    sent.lead = "A word *before* the news, with [a link](/tools/)."
    sent.state, sent.started_at = IssueState.SENT, PAST
    sent.save()
    return sent


def tool_with_every_kind_of_row(**fields: Any) -> Tool:
    """Return a published tool with a row of each kind that its page at the desk shows, history included."""
    subject = tool(**fields)
    for superseded_at in (None, PAST):
        plan(of=subject, superseded_at=superseded_at)
    about = attribute()
    for value, superseded_at in (("MIT", None), ("GPL", PAST)):
        fact(of=subject, attribute=about, value=value, superseded_at=superseded_at)
    correction(of=subject, note="The price was wrong.")
    superseded = review(of=subject, by=reviewer(), verdict="skip")
    prediction(of=superseded)
    later_edition(of=superseded, verdict="ship")
    review(of=subject, by=reviewer(), published_at=None)
    review(of=subject, by=reviewer(), published_at=FUTURE)
    review(of=subject, by=reviewer(), withdrawn_at=timezone.now())
    return subject
