"""The steps by which things come out and go: what each would do to some things, and doing it to one.

The desk looks twice: to show what would happen (`outlooks`), and again under a lock when that is confirmed
(`carry_out`). What changed in between is known by the outlook's mark, and then nothing is done.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from comparisons.models import Comparison
from desk.permissions import may_override_gate, may_publish
from desk.publishing import gate
from desk.publishing.gate import Finding, moment
from reviews.actions import publish_tool, unschedule_tool
from reviews.models import Review, Reviewer
from tools.models import Fact, Plan, Tool
from tools.publishing import PublicationState, TransitionError
from web.words import count_of, join_words

type Thing = Tool | Review | Comparison


@dataclass(frozen=True, slots=True)
class Step:
    """One way from state to state, as the desk offers it."""

    name: str
    label: str
    """On its button."""
    done: str
    """In the report: `Published: …`."""
    kept: str
    """In the history, before the reason."""
    of: tuple[PublicationState, ...]
    """The states that it starts from."""
    at_time: bool = False
    gated: bool = False
    needs_reason: bool = False


STEPS = {
    step.name: step
    for step in (
        Step(
            "publish",
            "Publish now",
            "Published",
            "Published",
            (PublicationState.DRAFT, PublicationState.SCHEDULED),
            gated=True,
        ),
        Step(
            "schedule",
            "Schedule",
            "Scheduled",
            "Scheduled",
            (PublicationState.DRAFT, PublicationState.SCHEDULED),
            gated=True,
            at_time=True,
        ),
        Step("unschedule", "Unschedule", "Back to draft", "Back to draft", (PublicationState.SCHEDULED,)),
        Step("withdraw", "Withdraw", "Withdrawn", "Withdrawn", (PublicationState.PUBLISHED,), needs_reason=True),
        Step("put_back", "Put back", "Put back", "Put back", (PublicationState.WITHDRAWN,), needs_reason=True),
    )
}
BULK = ("publish", "schedule", "withdraw")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a step would do to one thing."""

    thing: Thing
    refusal: str
    """Why it cannot be done at all; "" where it can."""
    findings: tuple[Finding, ...]
    """What the gate says."""
    along: tuple[Review, ...]
    """The reviews that go with their tool."""

    @property
    def is_held(self) -> bool:
        """Whether the gate holds it back."""
        return not self.refusal and any(finding.blocks for finding in self.findings)

    def goes(self, *, override: bool) -> bool:
        """Whether the step would be done."""
        return not self.refusal and (override or not self.is_held)

    @property
    def mark(self) -> str:
        """Stands for what was shown of it, hints aside: another one means that something changed."""
        shown = (
            self.thing.pk,
            self.thing.state,
            str(self.thing.published_at),
            self.refusal,
            [finding.words for finding in self.findings if finding.blocks],
            [(review.pk, review.verdict, review.quote) for review in self.along],
        )
        return f"{self.thing.pk}:{blake2b(repr(shown).encode(), digest_size=12).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one thing: done, or why not."""

    thing: Thing
    is_done: bool
    words: str


def state_words(thing: Thing) -> str:
    """Where a thing stands, in a sentence or two."""
    match thing.state:
        case PublicationState.DRAFT:
            words = "Draft. Readers do not see it."
        case PublicationState.SCHEDULED if thing.published_at:
            words = f"Scheduled. It appears by itself on {moment(thing.published_at)}."
        case PublicationState.PUBLISHED if thing.published_at:
            words = f"Published since {moment(thing.published_at)}."
        case _:
            words = f"Withdrawn on {moment(thing.withdrawn_at)}. Readers do not see it." if thing.withdrawn_at else ""
    hidden = _hidden_by(thing)
    if hidden and thing.state in (PublicationState.SCHEDULED, PublicationState.PUBLISHED):
        names = join_words([f"{tool.name} ({tool.state.label.lower()})" for tool in hidden])
        words += f" Readers cannot see it while they cannot see {names}."
    return words


def _hidden_by(thing: Thing) -> list[Tool]:
    """The tools that must be out for this to be seen, and will not be by then."""
    at = max(thing.published_at or timezone.now(), timezone.now())
    match thing:
        case Review():
            needed = [thing.tool]
        case Comparison():
            needed = [thing.first, thing.second]
        case _:
            needed = []
    return [tool for tool in needed if not gate.is_out(tool, at=at)]


def steps_for(thing: Thing) -> list[Step]:
    """The steps that its state allows."""
    return [step for step in STEPS.values() if thing.state in step.of]


def outlooks(things: "QuerySet[Any]", step: Step, *, at: datetime | None, user: Any) -> list[Outlook]:
    """What a step would do to some things of one kind, at an instant (default: now). As many queries for any number."""
    at = at or timezone.now()
    load, look = _KINDS[things.model]
    loaded = list(load(things))
    seats = list(Reviewer.objects.all()) if things.model is Tool and step.gated else []
    may_review = may_publish(user, Review)
    return [_outlook(thing, step, look, at=at, seats=seats, may_review=may_review) for thing in loaded]


def _outlook(
    thing: Thing,
    step: Step,
    look: Callable[..., list[Finding]],
    *,
    at: datetime,
    seats: Sequence[Reviewer],
    may_review: bool,
) -> Outlook:
    if thing.state not in step.of:
        is_what = "a draft" if thing.state == PublicationState.DRAFT else thing.state.label.lower()
        return Outlook(thing, f"It is {is_what}.", (), ())
    along = _along(thing, step)
    refusal = "" if may_review or not along else "Reviews go with it, and you may not publish reviews."
    findings = tuple(look(thing, at=at, seats=seats)) if step.gated else ()
    return Outlook(thing, refusal, findings, along)


def _along(thing: Thing, step: Step) -> tuple[Review, ...]:
    if not isinstance(thing, Tool) or step.name not in ("publish", "schedule", "unschedule"):
        return ()
    going = [review for review in thing.reviews.all() if review.is_published_with_tool()]
    return tuple(review for review in going if step.gated or review.published_at is not None)


def _load_tools(things: "QuerySet[Any]") -> Iterable[Tool]:
    reviews = Review.objects.filter(withdrawn_at__isnull=True).select_related("reviewer").order_by("reviewer__seat")
    return things.select_related("category").prefetch_related(
        Prefetch("plans", Plan.objects.current(), to_attr="plans_now"),
        Prefetch("facts", Fact.objects.current().select_related("attribute"), to_attr="facts_now"),
        Prefetch("reviews", reviews.prefetch_related("predictions")),
    )


def _look_at_tool(tool: Any, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    return gate.tool_findings(
        tool, plans=tool.plans_now, facts=tool.facts_now, reviews=tool.reviews.all(), seats=seats, at=at
    )


def _load_reviews(things: "QuerySet[Any]") -> Iterable[Review]:
    return things.select_related("tool", "reviewer").prefetch_related("predictions")


def _look_at_review(review: Review, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    return gate.review_findings(review, predictions=review.predictions.all(), at=at)


def _load_comparisons(things: "QuerySet[Any]") -> Iterable[Comparison]:
    return things.select_related("first", "second").prefetch_related("first__reviews", "second__reviews")


def _look_at_comparison(comparison: Comparison, *, at: datetime, seats: Sequence[Reviewer]) -> list[Finding]:
    return gate.comparison_findings(
        comparison,
        first_reviews=comparison.first.reviews.all(),
        second_reviews=comparison.second.reviews.all(),
        at=at,
    )


_KINDS: dict[type, tuple[Callable[..., Any], Callable[..., list[Finding]]]] = {
    Tool: (_load_tools, _look_at_tool),
    Review: (_load_reviews, _look_at_review),
    Comparison: (_load_comparisons, _look_at_comparison),
}


def carry_out(
    thing: Thing,
    step: Step,
    *,
    seen: str | None,
    user: Any,
    at: datetime | None = None,
    reason: str = "",
    override: bool = False,
) -> Report:
    """Do a step to one thing, all of it or nothing, if it is still as it was seen (`Outlook.mark`).

    `seen` is None where the caller's own transaction wrote the thing and checked what its user had seen.
    Takes no rights for granted but that of the step itself: `override` counts only for who may override the gate.
    """
    model = type(thing)
    override = override and may_override_gate(user, model)
    try:
        with transaction.atomic():
            rows: QuerySet[Any] = model._default_manager.filter(pk=thing.pk)
            if not list(rows.select_for_update().values_list("pk")):
                return Report(thing, is_done=False, words="somebody deleted it meanwhile")
            [outlook] = outlooks(rows, step, at=at, user=user)
            if seen is not None and outlook.mark != seen:
                return Report(outlook.thing, is_done=False, words="it changed meanwhile; look again")
            if not outlook.goes(override=override):
                return Report(outlook.thing, is_done=False, words=_why_not(outlook))
            _do(outlook.thing, step, at=at, reason=_kept(outlook, step, at=at, reason=reason))
    except TransitionError as error:
        return Report(thing, is_done=False, words=str(error).rstrip("."))
    return Report(outlook.thing, is_done=True, words=_with(outlook))


def _do(thing: Thing, step: Step, *, at: datetime | None, reason: str) -> None:
    match step.name:
        case "publish" | "schedule" if isinstance(thing, Tool):
            publish_tool(tool=thing, at=at, reason=reason)
        case "publish" | "schedule":
            thing.publish(at=at, reason=reason)
        case "unschedule" if isinstance(thing, Tool):
            unschedule_tool(tool=thing, reason=reason)
        case "unschedule":
            thing.unschedule(reason=reason)
        case "withdraw":
            thing.withdraw(reason=reason)
        case "put_back":
            thing.put_back(reason=reason)


def _why_not(outlook: Outlook) -> str:
    words = outlook.refusal or " ".join(finding.words for finding in outlook.findings if finding.blocks)
    return words.rstrip(".")


def _with(outlook: Outlook) -> str:
    return f"with {count_of(len(outlook.along), 'review')}" if outlook.along else ""


def _kept(outlook: Outlook, step: Step, *, at: datetime | None, reason: str) -> str:
    """What the history keeps: the step, the gate's findings where they were overridden, and the editor's reason."""
    words = f"{step.kept} for {moment(at)}" if at else step.kept
    if outlook.is_held:
        held = "; ".join(finding.words.rstrip(".") for finding in outlook.findings if finding.blocks)
        words += f" over the gate ({held})"
    return f"{words}: {reason}" if reason else f"{words}."
