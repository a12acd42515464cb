"""What the page of a pair will say, before a comparison of the two is saved."""

from dataclasses import dataclass
from datetime import date

from comparisons.models import Comparison
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import sentences, tool_columns
from desk.publishing.gate import moment
from desk.publishing.transitions import state_words
from reviews.models import Review
from tools.models import Tool
from tools.publishing import PublicationState, is_published
from votes.community import Community
from web import clock


@dataclass(frozen=True, slots=True)
class PairCheck:
    """What an editor should know of two tools before putting them side by side."""

    first: Tool
    second: Tool
    is_one_tool: bool
    """Both are the same one."""
    existing: Comparison | None
    """The comparison of the two that there is already, either way round, withdrawn or not."""
    existing_words: str
    not_public: list[str]
    """A sentence for each tool that readers do not see."""
    sentence: str
    """What the page will read out loud."""
    counts_drafts: bool
    """Whether the sentence counts reviews that are not out yet."""
    judged_both: int
    """Seats with a verdict on both, counted like the sentence."""


def standing_comparison(first: Tool, second: Tool, *, but: int | None = None) -> Comparison | None:
    """The comparison of two tools, either way round and in whatever state; leaves out the one with the key `but`."""
    pair = Comparison.objects.filter(first__in=[first, second], second__in=[first, second]).exclude(pk=but)
    found: Comparison | None = pair.select_related("first", "second").first()
    return found


def check_pair(first: Tool, second: Tool, *, but: int | None = None, today: date | None = None) -> PairCheck:
    """Look at two tools as their page would, with the drafts of their reviews. Five queries; nothing is kept."""
    if first == second:
        return PairCheck(first, second, True, None, "", [], "", False, 0)  # noqa: FBT003
    existing = standing_comparison(first, second, but=but)
    unpublished = Review.objects.filter(tool__in=[first, second], withdrawn_at__isnull=True).exclude(is_published())
    drafts = list(unpublished.values_list("pk", flat=True))
    records = read_tools([first.pk, second.pk], drafts=drafts)
    columns = [tool_columns.build_column(record, today=today or clock.today()) for record in records]
    seats = tool_columns.build_seat_rows(records)
    numbers = Tool.objects.with_community().in_order([first.pk, second.pk])
    communities = [Community.of(tool.community) for tool in numbers]
    return PairCheck(
        first=first,
        second=second,
        is_one_tool=False,
        existing=existing,
        existing_words=state_words(existing) if existing else "",
        not_public=[_not_public(tool) for tool in (first, second) if tool.state != PublicationState.PUBLISHED],
        sentence=sentences.write_verdict(columns, communities, seats),
        counts_drafts=bool(drafts),
        judged_both=sum(1 for row in seats if None not in row["verdicts"]),
    )


def _not_public(tool: Tool) -> str:
    match tool.state:
        case PublicationState.WITHDRAWN:
            return f"{tool.name} is not public: it was withdrawn."
        case PublicationState.SCHEDULED if tool.published_at:
            return f"{tool.name} is not public yet: it appears by itself on {moment(tool.published_at)}."
        case _:
            return f"{tool.name} is not public yet: it is a draft."
