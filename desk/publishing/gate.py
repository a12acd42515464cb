"""The gate: what is missing before something may come out, all of it at once. Loaded objects in, findings out.

No queries. What blocks holds publishing and scheduling back, until it is mended or an editor who may override the gate
says why; what does not is worth a look. Why each is one or the other: docs/decisions/0010-publishing.md.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from comparisons.models import Comparison
from reviews.choices import Outcome
from reviews.models import Prediction, Review, Reviewer
from tools.models import Fact, Plan, Sourced, Tool
from tools.publishing import PublicationState
from tools.sourcing import is_stale
from web import clock, markdown
from web.words import count_of, format_day, join_words, spell_number

SHORTEST_QUOTE = 80  # characters, without the marks of Markdown
FEWEST_FACTS = 3  # with a source


class Finding(NamedTuple):
    """One thing that is missing, in words; one that does not block is a hint."""

    words: str
    blocks: bool = True


def is_out(thing: Tool | Review | Comparison, *, at: datetime) -> bool:
    """Whether something is published at an instant, now or to come, as things stand."""
    return thing.withdrawn_at is None and thing.published_at is not None and thing.published_at <= at


def tool_findings(
    tool: Tool,
    *,
    plans: Sequence[Plan],
    facts: Sequence[Fact],
    reviews: Iterable[Review],
    seats: Iterable[Reviewer],
    at: datetime,
) -> list[Finding]:
    """What a tool lacks to come out at an instant: its standing plans and facts, its reviews with their predictions,
    and every seat of the panel.

    Reviews that go along with the tool (`Review.is_published_with_tool`) are looked at as if they were out.
    """
    findings = [
        Finding(f"There is no {field}.") for field in ("tagline", "description", "website") if not getattr(tool, field)
    ]
    if tool.category_id is None:
        findings.append(Finding("There is no category."))
    if not plans:
        findings.append(Finding("There is no plan: nobody learns what it costs, or that it is free."))
    sourced = sum(1 for fact in facts if fact.source)
    if sourced < FEWEST_FACTS:
        findings.append(
            Finding(f"{count_of(sourced, 'fact').capitalize()} with a source; {spell_number(FEWEST_FACTS)} are needed.")
        )
    on = _day(at)
    for plan in plans:
        findings += _founded(plan, f"The plan “{plan.name}”", on=on)
    for fact in facts:
        findings += _founded(fact, f"The fact “{fact.attribute.name}”", on=on)
    return findings + _panel_findings(reviews, seats, at=at)


def _founded(statement: Sourced, name: str, *, on: date) -> list[Finding]:
    missing = [
        words
        for words, is_missing in (
            ("has no source", not statement.source),
            ("was never verified", statement.verified_on is None),
        )
        if is_missing
    ]
    if missing:
        return [Finding(f"{name} {join_words(missing)}.")]
    if statement.verified_on and is_stale(statement.verified_on, today=on):
        words = (
            f"{name} was verified on {format_day(statement.verified_on)}, over {settings.STALE_AFTER_DAYS} days before."
        )
        return [Finding(words, blocks=False)]
    return []


def _panel_findings(reviews: Iterable[Review], seats: Iterable[Reviewer], *, at: datetime) -> list[Finding]:
    findings = []
    by_seat: dict[int, list[Review]] = {}
    for review in reviews:
        by_seat.setdefault(review.reviewer_id, []).append(review)
    for seat in seats:
        said = [review for review in by_seat.get(seat.pk, []) if review.withdrawn_at is None]
        out = [review for review in said if review.is_published_with_tool() or is_out(review, at=at)]
        if not out:
            later = [review.published_at for review in said if review.published_at]
            words = f"its review comes out later, on {moment(min(later))}" if later else "there is no review"
            findings.append(Finding(f"{seat.name}: {words}."))
        for review in out:
            if review.is_published_with_tool():
                findings += [
                    Finding(f"{seat.name}: {finding.words[0].lower()}{finding.words[1:]}", finding.blocks)
                    for finding in words_findings(review, predictions=review.predictions.all(), at=at)
                ]
    return findings


def review_findings(review: Review, *, predictions: Iterable[Prediction], at: datetime) -> list[Finding]:
    """What a review lacks to come out by itself at an instant."""
    return [*words_findings(review, predictions=predictions, at=at), *_not_out(review.tool, at=at, also="its reviews")]


def words_findings(review: Review, *, predictions: Iterable[Prediction], at: datetime) -> list[Finding]:
    """What the words of a review lack, whether it comes out alone or with its tool."""
    findings = []
    length = len(markdown.to_plain_text(review.quote).strip())
    if length < SHORTEST_QUOTE:
        findings.append(Finding(f"The quote has {length} characters; {SHORTEST_QUOTE} are needed."))
    findings += [
        Finding(f"The prediction “{prediction.claim}” was due on {format_day(prediction.due_on)}, before it is made.")
        for prediction in predictions
        if prediction.outcome == Outcome.OPEN and prediction.due_on <= _day(at)
    ]
    if not review.flips_if:
        findings.append(Finding("It does not say what would flip it.", blocks=False))
    return findings


def comparison_findings(
    comparison: Comparison, *, first_reviews: Iterable[Review], second_reviews: Iterable[Review], at: datetime
) -> list[Finding]:
    """What a comparison lacks to come out at an instant: it is of two tools that are out, and some seat judged both."""
    findings = [
        finding for tool in (comparison.first, comparison.second) for finding in _not_out(tool, at=at, also="this")
    ]
    first, second = (
        {review.reviewer_id for review in reviews if is_out(review, at=at)}
        for reviews in (first_reviews, second_reviews)
    )
    if not first & second:
        findings.append(Finding("No seat has judged both tools by then: there is no verdict to read."))
    elif first != second:
        words = f"{count_of(len(first ^ second), 'seat').capitalize()} judged one of the tools only."
        findings.append(Finding(words, blocks=False))
    if not comparison.introduction.strip():
        findings.append(Finding("There is no introduction: nothing says who is choosing.", blocks=False))
    return findings


def _not_out(tool: Tool, *, at: datetime, also: str) -> list[Finding]:
    """The finding that a tool is not public at an instant. `also` is what can come out no earlier."""
    if is_out(tool, at=at):
        return []
    match tool.state:
        case PublicationState.WITHDRAWN:
            words = f"{tool.name} was withdrawn."
        case PublicationState.SCHEDULED if tool.published_at:
            words = f"{tool.name} comes out on {moment(tool.published_at)}, and {also} no earlier."
        case _:
            words = f"{tool.name} is a draft."
    return [Finding(words)]


def moment(instant: datetime) -> str:
    """An instant as editors read it: `3 Aug 2026, 09:00 UTC`."""
    at = instant.astimezone(timezone.get_default_timezone())
    return f"{format_day(at.date())}, {at:%H:%M %Z}"


def _day(instant: datetime) -> date:
    return clock.day_of(instant)
