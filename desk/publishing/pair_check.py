"""A check of what the page of a pair will say, before a comparison of the two tools is saved."""

from dataclasses import dataclass, field
from datetime import date

from comparisons.models import Comparison
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import picks, seat_rows, sentences, tool_columns
from desk.line_rows import LineContext
from desk.publishing.previews import find_drafts
from desk.publishing.transitions import describe_state
from tools.models import Tool
from tools.publishing import PublicationState
from votes.community import Community
from web import clock
from web.words import format_moment


@dataclass(frozen=True, slots=True)
class PairCheck:
    """What an editor should know about two tools before comparing them."""

    first: Tool
    second: Tool
    is_one_tool: bool
    """Whether both are the same tool."""
    existing: Comparison | None = None
    """The comparison of the two tools that already exists, in either order and any state."""
    existing_words: str = ""
    not_public: list[str] = field(default_factory=list)
    """One sentence per tool that readers do not see."""
    sentence: str = ""
    """The verdict at the top of the page, without what pair votes add to it."""
    counts_drafts: bool = False
    """Whether the sentence counts unpublished reviews."""
    judged_both: int = 0
    """The number of seats with a verdict on both tools, counted as for the sentence."""


def find_comparison(first: Tool, second: Tool, *, exclude: int | None = None) -> Comparison | None:
    """Return the comparison of two tools, in either order and any state, other than the one with the key `exclude`."""
    pair = Comparison.objects.filter(first__in=[first, second], second__in=[first, second]).exclude(pk=exclude)
    return pair.select_related("first", "second").first()


def check_pair(first: Tool, second: Tool, *, exclude: int | None = None, today: date | None = None) -> PairCheck:
    """Read two tools as their page does, with the drafts of their reviews. Five queries; writes nothing."""
    if first == second:
        return PairCheck(first, second, is_one_tool=True)
    existing = find_comparison(first, second, exclude=exclude)
    drafts = find_drafts([first, second])
    records = read_tools([first.pk, second.pk], drafts=drafts)
    columns = tool_columns.build_columns(records, today=today or clock.today())
    seats = seat_rows.build_seat_rows(records)
    numbers = Tool.objects.with_community().in_order([first.pk, second.pk])
    communities = [Community.of(tool.community) for tool in numbers]
    hidden = [tool for tool in (first, second) if tool.state != PublicationState.PUBLISHED]
    return PairCheck(
        first=first,
        second=second,
        is_one_tool=False,
        existing=existing,
        existing_words=describe_state(existing) if existing else "",
        not_public=[_describe_hidden_tool(tool) for tool in hidden],
        sentence=sentences.write_verdict(columns, communities, seats).sentence,
        counts_drafts=bool(drafts),
        judged_both=sum(1 for row in seats if None not in row["verdicts"]),
    )


def read_line_context(comparison: Comparison) -> LineContext:
    """Return what the lines of a comparison refer to, computed as for its preview: with the drafts of reviews.

    Three queries.
    """
    tools = (comparison.first, comparison.second)
    records = read_tools([tool.pk for tool in tools], drafts=find_drafts(tools))
    prices = [tool_columns.build_column(record, today=clock.today())["prices"] for record in records]
    return LineContext(
        picks.find_lines(records, prices), tuple(record["name"] for record in records), picks.list_sources(records)
    )


def _describe_hidden_tool(tool: Tool) -> str:
    match tool.state:
        case PublicationState.WITHDRAWN:
            return f"{tool.name} is not public: it was withdrawn."
        case PublicationState.SCHEDULED if tool.published_at:
            return f"{tool.name} is not public yet: it appears by itself on {format_moment(tool.published_at)}."
        case _:
            return f"{tool.name} is not public yet: it is a draft."
