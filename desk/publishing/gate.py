"""The gate: everything that is missing before content may be published. Loaded objects in, findings out.

Makes no queries. A blocking finding stops publishing and scheduling until someone fixes it, or an editor who may
override the gate gives a reason, which a final one does not accept. Other findings are hints.
docs/decisions/0010-publishing.md says which is which, and why.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings

from comparisons.models import Comparison
from reviews.choices import Outcome
from reviews.models import MAX_GIST_LENGTH, Prediction, Review, Reviewer
from tools.models import Fact, Plan, Sourced, Tool
from tools.publishing import PublicationState
from tools.sourcing import is_stale
from web import clock, markdown
from web.words import count_of, format_day, format_moment, join_words, spell_number

MIN_QUOTE_LENGTH = 80  # characters, without Markdown syntax
MIN_SOURCED_FACTS = 3
PLANS, FACTS = "plans-heading", "facts-heading"  # ids on the page of a tool


class Finding(NamedTuple):
    """One thing that is missing. A finding that does not block is a hint. Nobody overrides a final one.

    `place` is the id of the field or section of the object's form where it is added; "" if it is not there.
    """

    words: str
    blocks: bool = True
    is_final: bool = False
    place: str = ""


def check_tool(
    tool: Tool,
    *,
    plans: Sequence[Plan],
    facts: Sequence[Fact],
    reviews: Iterable[Review],
    seats: Iterable[Reviewer],
    at: datetime,
) -> list[Finding]:
    """Return what a tool lacks to be published at an instant.

    Takes its current plans and facts, its reviews with their predictions, and every seat of the panel. Reviews that
    are published together with the tool (`Review.is_published_with_tool`) count as published.
    """
    findings = [
        Finding(f"There is no {field}.", place=f"id_{field}")
        for field in ("tagline", "description", "website")
        if not getattr(tool, field)
    ]
    if tool.category_id is None:
        findings.append(Finding("There is no category.", place="id_category"))
    if not plans:
        words = "There is no plan: readers cannot see what it costs, or that it is free."
        findings.append(Finding(words, place=PLANS))
    on = clock.day_of(at)
    findings += [] if tool.example else _check_statements(plans, facts, on=on)
    return findings + _check_panel(reviews, seats, at=at)


def _check_statements(plans: Sequence[Plan], facts: Sequence[Fact], *, on: date) -> list[Finding]:
    """Return what plans and facts lack. Nothing about an example is verified, so none of it applies there."""
    findings = []
    sourced = sum(1 for fact in facts if fact.source)
    if sourced < MIN_SOURCED_FACTS:
        words = f"{count_of(sourced, 'fact').capitalize()} with a source; {spell_number(MIN_SOURCED_FACTS)} are needed."
        findings.append(Finding(words, place=FACTS))
    for plan in plans:
        findings += _check_sourcing(plan, f"The plan “{plan.name}”", on=on, place=PLANS)
    for fact in facts:
        findings += _check_sourcing(fact, f"The fact “{fact.attribute.name}”", on=on, place=FACTS)
    return findings


def _check_sourcing(row: Sourced, name: str, *, on: date, place: str) -> list[Finding]:
    missing = [
        words
        for words, is_missing in (
            ("has no source", not row.source),
            ("was never verified", row.verified_on is None),
        )
        if is_missing
    ]
    if missing:
        return [Finding(f"{name} {join_words(missing)}.", place=place)]
    if row.verified_on and is_stale(row.verified_on, today=on):
        days = settings.STALE_AFTER_DAYS
        words = f"{name} was last verified on {format_day(row.verified_on)}, more than {days} days before."
        return [Finding(words, blocks=False, place=place)]
    return []


def _check_panel(reviews: Iterable[Review], seats: Iterable[Reviewer], *, at: datetime) -> list[Finding]:
    findings = []
    by_seat: dict[int, list[Review]] = defaultdict(list)
    for review in reviews:
        by_seat[review.reviewer_id].append(review)
    for seat in seats:
        candidates = [review for review in by_seat[seat.pk] if review.withdrawn_at is None]
        published = [review for review in candidates if review.is_published_with_tool() or review.is_public_at(at)]
        if not published:
            later = [review.published_at for review in candidates if review.published_at]
            words = "its draft has no verdict yet" if candidates else "there is no review"
            words = f"its review is not published until {format_moment(min(later))}" if later else words
            findings.append(Finding(f"{seat.name}: {words}.", place=f"seat-{seat.slug}"))
        for review in published:
            if review.is_published_with_tool():
                findings += _name_seat(seat, check_review_text(review, predictions=review.predictions.all(), at=at))
        if published and not (current := _find_current(published, at=at)).is_published_with_tool():
            findings += _name_seat(seat, _check_what_readers_need(current))
    return findings


def _find_current(published: Iterable[Review], *, at: datetime) -> Review:
    """Return the review of a seat that readers will see. One that moves with its tool is published at `at`."""
    return max(published, key=lambda review: at if review.is_published_with_tool() else review.published_at or at)


def _name_seat(seat: Reviewer, findings: Iterable[Finding]) -> list[Finding]:
    return [
        finding._replace(words=f"{seat.name}: {finding.words[0].lower()}{finding.words[1:]}", place=f"seat-{seat.slug}")
        for finding in findings
    ]


def _check_what_readers_need(review: Review) -> list[Finding]:
    """Return what is missing of gist and basis, which editions from before these fields existed do not have."""
    findings = []
    if not review.gist:
        words = f"There is no gist: the reason in one line of at most {MAX_GIST_LENGTH} characters."
        findings.append(Finding(words, place="id_gist"))
    if not review.basis:
        findings.append(Finding("How the seat knows is not recorded.", place="id_basis"))
    return findings


def check_review(review: Review, *, predictions: Iterable[Prediction], at: datetime) -> list[Finding]:
    """Return what a review lacks to be published on its own at an instant."""
    return [
        *check_review_text(review, predictions=predictions, at=at),
        *_check_tool_is_public(review.tool, at=at, also="its reviews"),
    ]


def check_review_text(review: Review, *, predictions: Iterable[Prediction], at: datetime) -> list[Finding]:
    """Return what the text of a review lacks, whether it is published alone or with its tool."""
    findings = _check_what_readers_need(review)
    if not review.verdict:
        findings.insert(0, Finding("There is no verdict: ship or skip.", is_final=True, place="id_verdict"))
    length = len(markdown.to_plain_text(review.quote).strip())
    if length < MIN_QUOTE_LENGTH:
        words = f"The quote has {length} characters; {MIN_QUOTE_LENGTH} are needed."
        findings.append(Finding(words, place="id_quote"))
    findings += [
        Finding(
            f"The prediction “{prediction.claim}” is due on {format_day(prediction.due_on)}, before it is published.",
            place="predictions-heading",
        )
        for prediction in predictions
        if prediction.outcome == Outcome.OPEN and prediction.due_on <= clock.day_of(at)
    ]
    if not review.flips_if:
        findings.append(Finding("It does not say what would flip it.", blocks=False, place="id_flips_if"))
    return findings


def check_comparison(
    comparison: Comparison, *, first_reviews: Iterable[Review], second_reviews: Iterable[Review], at: datetime
) -> list[Finding]:
    """Return what a comparison lacks to be published at an instant.

    Both tools must be public by then, and at least one seat must have reviewed both.
    """
    tools = (comparison.first, comparison.second)
    findings = [finding for tool in tools for finding in _check_tool_is_public(tool, at=at, also="its comparisons")]
    first, second = (
        {review.reviewer_id for review in reviews if review.is_public_at(at)}
        for reviews in (first_reviews, second_reviews)
    )
    if not first & second:
        findings.append(Finding("No seat will have reviewed both tools by then, so there is no verdict."))
    elif first != second:
        words = f"{count_of(len(first ^ second), 'seat').capitalize()} reviewed only one of the tools."
        findings.append(Finding(words, blocks=False))
    if not comparison.introduction.strip():
        words = "There is no introduction that says who is choosing."
        findings.append(Finding(words, blocks=False, place="id_introduction"))
    return findings


def _check_tool_is_public(tool: Tool, *, at: datetime, also: str) -> list[Finding]:
    """Return a finding if a tool is not public at an instant. `also` names what cannot be published before it.

    The finding is final: what readers cannot see until its tool is public would claim to be older than it is.
    """
    if tool.is_public_at(at):
        return []
    match tool.state:
        case PublicationState.WITHDRAWN:
            words = f"{tool.name} was withdrawn."
        case PublicationState.SCHEDULED if tool.published_at:
            words = f"{tool.name} is scheduled for {format_moment(tool.published_at)}; {also} cannot be public before."
        case _:
            words = f"{tool.name} is a draft."
    return [Finding(words, is_final=True)]
