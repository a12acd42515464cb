"""Publishing actions: preview their effect on a selection, then apply one.

The desk computes effects twice: once to show them (`compute_effects`), and again under a lock when an editor confirms
(`apply_transition`). The fingerprint of an effect reveals whether anything changed in between; if so, nothing is done.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, cast

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from comparisons.models import Comparison
from desk.content import Content
from desk.permissions import AnyUser, may_override_gate, may_publish
from desk.publishing import gate
from desk.publishing.gate import Finding
from reviews.actions import publish_tool, unschedule_tool
from reviews.models import Review, Reviewer
from tools.models import ContentRevision, Fact, Plan, Tool
from tools.publishing import PublicationState, TransitionError
from tools.unseen import put_back_tool
from web.words import count_of, format_moment, join_words


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from state to state, as the desk offers it."""

    name: str
    label: str
    """The text of its button."""
    done: str
    """What the message and the history say, as in `Published: …`."""
    from_states: tuple[PublicationState, ...]
    at_time: bool = False
    """Whether it asks for an instant to come."""
    is_gated: bool = False
    needs_reason: bool = False


_UNPUBLISHED = (PublicationState.DRAFT, PublicationState.SCHEDULED)
TRANSITIONS = {
    transition.name: transition
    for transition in (
        Transition("publish", "Publish now", "Published", _UNPUBLISHED, is_gated=True),
        Transition("schedule", "Schedule", "Scheduled", _UNPUBLISHED, is_gated=True, at_time=True),
        Transition("unschedule", "Unschedule", "Back to draft", (PublicationState.SCHEDULED,)),
        Transition("withdraw", "Withdraw", "Withdrawn", (PublicationState.PUBLISHED,), needs_reason=True),
        Transition("put_back", "Put back", "Put back", (PublicationState.WITHDRAWN,), needs_reason=True),
    )
}
BULK_TRANSITIONS = ("publish", "schedule", "withdraw")


@dataclass(frozen=True, slots=True)
class Effect:
    """What a transition would do to one object."""

    content: Content
    refusal: str
    """Why it is impossible; "" where it is possible."""
    findings: tuple[Finding, ...]
    """What the gate found."""
    reviews: tuple[Review, ...]
    """The reviews that move together with their tool."""

    @property
    def blocking_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.blocks]

    @property
    def is_blocked(self) -> bool:
        """Whether the gate blocks it."""
        return not self.refusal and bool(self.blocking_findings)

    @property
    def can_be_overridden(self) -> bool:
        """Whether the gate blocks it, but someone who may override the gate can publish it anyway."""
        return self.is_blocked and not any(finding.is_final for finding in self.findings)

    def would_happen(self, *, override: bool) -> bool:
        return not self.refusal and (not self.is_blocked or (override and self.can_be_overridden))

    @property
    def fingerprint(self) -> str:
        """A digest of what an editor was shown, without the hints: a different one means that something changed."""
        shown = (
            self.content.pk,
            self.content.state,
            str(self.content.published_at),
            self.refusal,
            [finding.words for finding in self.blocking_findings],
            [(review.pk, *review.words) for review in self.reviews],
        )
        return f"{self.content.pk}:{blake2b(repr(shown).encode(), digest_size=12).hexdigest()}"


@dataclass(frozen=True, slots=True)
class TransitionResult:
    """What happened to one object: done, or why not."""

    content: Content
    is_done: bool
    words: str


def describe_state(content: Content) -> str:
    """Return the state of an object in a sentence or two."""
    match content.state:
        case PublicationState.DRAFT:
            words = "Draft. Readers do not see it."
        case PublicationState.SCHEDULED if content.published_at:
            words = f"Scheduled. It appears by itself on {format_moment(content.published_at)}."
        case PublicationState.PUBLISHED if content.published_at:
            words = f"Published since {format_moment(content.published_at)}."
        case _:
            words = ""
            if content.withdrawn_at:
                words = f"Withdrawn on {format_moment(content.withdrawn_at)}. Readers do not see it."
    hidden = _tools_that_hide(content)
    if hidden and content.state in (PublicationState.SCHEDULED, PublicationState.PUBLISHED):
        names = join_words([f"{tool.name} ({tool.state.label.lower()})" for tool in hidden])
        words += f" Readers cannot see it while they cannot see {names}."
    return words


def _tools_that_hide(content: Content) -> list[Tool]:
    """Return the tools that must be public for an object to be seen, and will not be public by then."""
    at = max(content.published_at or timezone.now(), timezone.now())
    match content:
        case Review():
            needed = [content.tool]
        case Comparison():
            needed = [content.first, content.second]
        case _:
            needed = []
    return [tool for tool in needed if not tool.is_public_at(at)]


def available_transitions(content: Content) -> list[Transition]:
    """Return the transitions that the state of an object allows."""
    return [transition for transition in TRANSITIONS.values() if content.state in transition.from_states]


def compute_effects[T: Content](
    rows: QuerySet[T], transition: Transition, *, at: datetime | None, user: AnyUser
) -> list[Effect]:
    """Return what a transition would do to each row of one model, at an instant (default: now).

    The number of queries does not depend on the number of rows.
    """
    at = at or timezone.now()
    kind = _KINDS[cast("type[Content]", rows.model)]
    seats = list(Reviewer.objects.all()) if rows.model is Tool and transition.is_gated else []
    may_publish_reviews = may_publish(user, Review)
    return [
        _compute_effect(content, transition, kind.check, at=at, seats=seats, may_publish_reviews=may_publish_reviews)
        for content in kind.load(rows)
    ]


def _compute_effect(
    content: Content,
    transition: Transition,
    check: Callable[..., list[Finding]],
    *,
    at: datetime,
    seats: Sequence[Reviewer],
    may_publish_reviews: bool,
) -> Effect:
    if content.state not in transition.from_states:
        state = "a draft" if content.state == PublicationState.DRAFT else content.state.label.lower()
        return Effect(content, f"It is {state}.", (), ())
    reviews = _reviews_that_move(content, transition)
    refusal = ""
    if reviews and not may_publish_reviews:
        refusal = "Its reviews are published with it, and you may not publish reviews."
    findings = tuple(check(content, at=at, seats=seats)) if transition.is_gated else ()
    return Effect(content, refusal, findings, reviews)


def _reviews_that_move(content: Content, transition: Transition) -> tuple[Review, ...]:
    if not isinstance(content, Tool) or transition.name not in ("publish", "schedule", "unschedule"):
        return ()
    together = [review for review in content.reviews.all() if review.is_published_with_tool()]
    return tuple(review for review in together if transition.is_gated or review.published_at is not None)


# -- What the gate needs to know about each model ----------------------------------------------------------


def _load_tools(tools: QuerySet[Tool]) -> Iterable[Tool]:
    reviews = Review.objects.filter(withdrawn_at__isnull=True).select_related("reviewer").order_by("reviewer__seat")
    return tools.select_related("category").prefetch_related(
        Prefetch("plans", Plan.objects.current()),
        Prefetch("facts", Fact.objects.current().select_related("attribute")),
        Prefetch("reviews", reviews.prefetch_related("predictions")),
    )


def _check_tool(tool: Tool, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    plans, facts = list(tool.plans.all()), list(tool.facts.all())
    return gate.check_tool(tool, plans=plans, facts=facts, reviews=tool.reviews.all(), seats=seats, at=at)


def _load_reviews(reviews: QuerySet[Review]) -> Iterable[Review]:
    return reviews.select_related("tool", "reviewer").prefetch_related("predictions")


def _check_review(review: Review, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    return gate.check_review(review, predictions=review.predictions.all(), at=at)


def _load_comparisons(comparisons: QuerySet[Comparison]) -> Iterable[Comparison]:
    return comparisons.select_related("first", "second").prefetch_related("first__reviews", "second__reviews")


def _check_comparison(comparison: Comparison, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    return gate.check_comparison(
        comparison,
        first_reviews=comparison.first.reviews.all(),
        second_reviews=comparison.second.reviews.all(),
        at=at,
    )


class _ContentKind(NamedTuple):
    """How rows of a model are loaded, in a constant number of queries, and checked, in none."""

    load: Callable[..., Iterable[Content]]
    check: Callable[..., list[Finding]]


_KINDS: dict[type[Content], _ContentKind] = {
    Tool: _ContentKind(_load_tools, _check_tool),
    Review: _ContentKind(_load_reviews, _check_review),
    Comparison: _ContentKind(_load_comparisons, _check_comparison),
}


# -- Applying ---------------------------------------------------------------------------------------------


def apply_transition(
    content: Content,
    transition: Transition,
    *,
    seen: str | None,
    user: AnyUser,
    at: datetime | None = None,
    reason: str = "",
    override: bool = False,
) -> TransitionResult:
    """Apply a transition to one object, all of it or nothing, if its effect is still the one that the user saw.

    `seen` is the fingerprint of that effect; None if the caller wrote the object in this transaction, after checking
    what its user saw. The caller checks the permission to publish. `override` counts only for users who may override
    the gate.
    """
    model = type(content)
    override = override and may_override_gate(user, model)
    try:
        with transaction.atomic():
            ContentRevision.lock()
            rows = cast("QuerySet[Tool]", model._default_manager.filter(pk=content.pk))
            locked = rows.order_by().select_for_update(of=("self",), no_key=True)
            if not list(locked.values_list("pk")):
                return TransitionResult(content, is_done=False, words="someone has deleted it")
            [effect] = compute_effects(rows, transition, at=at, user=user)
            if seen is not None and effect.fingerprint != seen:
                return TransitionResult(effect.content, is_done=False, words="it has changed; look again")
            if not effect.would_happen(override=override):
                return TransitionResult(effect.content, is_done=False, words=_explain_refusal(effect))
            _move(effect.content, transition, at=at, reason=_history_reason(effect, transition, at=at, reason=reason))
    except TransitionError as error:
        return TransitionResult(content, is_done=False, words=str(error).rstrip("."))
    words = f"with {count_of(len(effect.reviews), 'review')}" if effect.reviews else ""
    return TransitionResult(effect.content, is_done=True, words=words)


def _move(content: Content, transition: Transition, *, at: datetime | None, reason: str) -> None:
    match transition.name:
        case "publish" | "schedule" if isinstance(content, Tool):
            publish_tool(tool=content, at=at, reason=reason)
        case "publish" | "schedule":
            content.publish(at=at, reason=reason)
        case "unschedule" if isinstance(content, Tool):
            unschedule_tool(tool=content, reason=reason)
        case "unschedule":
            content.unschedule(reason=reason)
        case "withdraw":
            content.withdraw(reason=reason)
        case "put_back" if isinstance(content, Tool):
            put_back_tool(tool=content, reason=reason)
        case "put_back":
            content.put_back(reason=reason)


def _explain_refusal(effect: Effect) -> str:
    words = effect.refusal or " ".join(finding.words for finding in effect.blocking_findings)
    return words.rstrip(".")


def _history_reason(effect: Effect, transition: Transition, *, at: datetime | None, reason: str) -> str:
    """Return what the history records: the transition, the findings that were overridden, and the editor's reason."""
    words = f"{transition.done} for {format_moment(at)}" if at else transition.done
    if effect.is_blocked:
        findings = "; ".join(finding.words.rstrip(".") for finding in effect.blocking_findings)
        words += f", overriding the gate ({findings})"
    return f"{words}: {reason}" if reason else f"{words}."
