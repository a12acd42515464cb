"""The public log of moderators' decisions about votes. It leaves out the names of people and what identifies voters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from tools.expressions import LastChanged
from tools.models import Tool
from votes.models import Decision
from web import clock
from web.words import format_day

COLUMNS = (
    "number", "decided_at", "action", "reason", "words", "tool", "first", "second", "votes", "yes", "no", "networks",
    "cast_from", "cast_until", "undoes",
)  # fmt: skip


@dataclass(frozen=True)
class PublicDecision:
    """A decision as readers see it. `tools` are the subject's tools that are public."""

    decision: Decision
    number: int
    undoes: int | None
    tools: tuple[Tool, ...]

    @property
    def at(self) -> datetime:
        return self.decision.made_at

    @property
    def label(self) -> str:
        return str(self.decision.get_action_display())

    @property
    def is_about_pair(self) -> bool:
        return self.decision.first_id is not None

    @property
    def is_subject_public(self) -> bool:
        return len(self.tools) == (2 if self.is_about_pair else 1)

    @property
    def subject(self) -> str:
        """The names of the tools. A name that readers cannot look up is left out."""
        if self.is_subject_public:
            return " vs ".join(tool.name for tool in self.tools)
        return "Two tools that are not both public" if self.is_about_pair else "A tool that is no longer public"

    @property
    def words(self) -> str:
        return self.decision.words if self.decision.has_public_words else ""

    @property
    def reason(self) -> str:
        return str(self.decision.get_reason_display())

    @property
    def moved(self) -> str:
        """What was moved, such as `12 votes from 3 networks, cast Nov 1, 2026: 8 ship, 4 skip`. "" for a freeze."""
        decision = self.decision
        if not decision.votes:
            return ""
        votes = _count(decision.votes, "vote")
        if decision.networks:  # 0 if none of them is known, as after a restore without them
            votes += f" from {_count(decision.networks, 'network')}"
        days = " to ".join(format_day(day) for day in sorted(set(self.cast_days)))
        return f"{votes}{f', cast {days}' if days else ''}: {self.choices}"

    @property
    def choices(self) -> str:
        """The choices of the moved votes in words."""
        yes, no = self.decision.yes, self.decision.no
        if not self.is_about_pair:
            names, rest = ["ship", "skip"], "taken back"
        else:
            names = [tool.name for tool in self.tools] if self.is_subject_public else ["the first", "the second"]
            names, rest = [f"for {name}" for name in names], "for neither or taken back"
        counts = [(yes, names[0]), (no, names[1]), (self.decision.votes - yes - no, rest)]
        return ", ".join(f"{number:,} {choice}" for number, choice in counts if number)

    @property
    def cast_days(self) -> list[date]:
        """The days on which the first and the last of the votes were cast. Their times could tell who cast them."""
        return [clock.day_of(at) for at in (self.decision.first_at, self.decision.last_at) if at is not None]

    @property
    def row(self) -> tuple[str | int | None, ...]:
        """The cells of COLUMNS. The slugs of tools that are not public are ""."""
        decision = self.decision
        slugs = [tool.slug for tool in self.tools] if self.is_subject_public else ["", ""]
        pair = slugs if self.is_about_pair else ["", ""]
        return (
            self.number, self.at.isoformat(timespec="seconds"), decision.action, decision.reason, self.words,
            "" if self.is_about_pair else slugs[0], pair[0], pair[1],
            decision.votes, decision.yes, decision.no, decision.networks,
            *(map(str, self.cast_days) if self.cast_days else ("", "")), self.undoes,
        )  # fmt: skip


def select_decisions(*, tool: Tool | None = None) -> QuerySet[Decision]:
    """Return the decisions, newest first: all, or those about a tool and its pairs."""
    decisions = Decision.objects.order_by("-pk")
    return decisions.filter(Q(tool=tool) | Q(first=tool) | Q(second=tool)) if tool else decisions


def with_changed_at(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Annotate `changed_at`: when the public text last changed. Tools are renamed and hidden."""
    of_tools = (
        LastChanged(Tool, F(column), "name", "published_at", "withdrawn_at") for column in ("tool", "first", "second")
    )
    return decisions.annotate(changed_at=Greatest("made_at", *of_tools))


def describe_for_readers(decisions: Iterable[Decision]) -> list[PublicDecision]:
    """Return decisions as readers see them. Two queries.

    Numbers count all decisions from the first one, because a missing row would change those of all later ones.
    """
    decisions = list(decisions)
    public = Tool.objects.published().in_bulk({pk for one in decisions for pk in _get_tool_ids(one)})
    ids = Decision.objects.order_by("pk").values_list("pk", flat=True)
    numbers: dict[int | None, int] = {pk: number for number, pk in enumerate(ids, start=1)}
    return [
        PublicDecision(
            decision,
            numbers[decision.pk],
            numbers.get(decision.undoes_id),
            tuple(public[pk] for pk in _get_tool_ids(decision) if pk in public),
        )
        for decision in decisions
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _get_tool_ids(decision: Decision) -> Sequence[int]:
    ids = (decision.tool_id, decision.first_id, decision.second_id)
    return [pk for pk in ids if pk is not None]


def group_by_day(decisions: Iterable[PublicDecision]) -> list[tuple[date, list[PublicDecision]]]:
    """Return the decisions of each day (UTC), in their order."""
    return [(day, list(of_day)) for day, of_day in groupby(decisions, key=lambda one: clock.day_of(one.at))]


def read_rows() -> Iterator[tuple[str | int | None, ...]]:
    """Yield all decisions as COLUMNS, the oldest first."""
    yield from (one.row for one in describe_for_readers(select_decisions().reverse()))
