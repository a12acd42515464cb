"""The page of a pair, built in three stages: the editorial, the verdict, and the context that the template takes.

`build_page` serves readers and caches the first two stages per process. `build_preview` serves editors and caches
nothing, because its editorial holds drafts.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import TypedDict
from urllib.parse import parse_qsl

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from comparisons.addresses import add_query, join_query, reverse_pair, reverse_pair_image
from comparisons.editor_lines import read_lines
from comparisons.forms import ComparisonOptions
from comparisons.machines import linked_data, titles
from comparisons.machines.json_documents import json_address
from comparisons.pages.must_haves import MustHaves, read_must_haves
from comparisons.pages.panel_seats import find_seats
from comparisons.pages.sides import Side, build_sides, render_pair_vote, render_rails
from comparisons.reading.changes import read_changes
from comparisons.reading.pairs import Pair
from comparisons.reading.revision import Revision
from comparisons.reading.tool_records import read_pair
from comparisons.shaping import needs, picks, seat_rows, sentences, tool_columns
from comparisons.shaping.boxes import render_box
from comparisons.shaping.changes import Change, shape_change
from comparisons.shaping.estimates import CostSection, build_section, format_query
from comparisons.shaping.fact_rows import FactRow, arrange_facts, build_fact_rows
from comparisons.shaping.needs import Need
from comparisons.shaping.pair_timeline import PairTimeline, build_pair_timeline
from comparisons.shaping.picks import Picks
from comparisons.shaping.pricing_read import write_pricing_read
from comparisons.shaping.reconciliation import Opinions, reconcile
from comparisons.shaping.seat_filter import WHOLE_PANEL, PanelSeat, SeatFilter, render_recount
from comparisons.shaping.seat_rows import SeatRow
from comparisons.shaping.tool_columns import Column
from web import markdown
from web.caching import cached_per_revision
from web.fragments import join_fragments, render_cached

RELATED = 4
CHANGES = 6


@dataclass(frozen=True, eq=False)
class Editorial:
    """What editors wrote about two tools, shaped for the page. Votes do not change it.

    Its sections are rendered when they are first shown, and cached with it.
    """

    columns: list[Column]
    nodes: list[linked_data.Node]
    """The tools in the vocabulary of schema.org, without ratings."""
    has_long_names: bool
    notice: str
    example_notice: str
    """Which of the tools are described for demonstration only; "" if neither is. The page is then `noindex`."""
    updated_on: date | None
    """The day of the newest review."""
    seats: list[SeatRow]
    board: SafeString
    """The verdicts of each seat as rows of a table."""
    scorecard: SafeString
    who_speaks: SafeString
    """Who is behind the seats: the line under the scorecard."""
    split_sentence: str
    lines: Picks
    """Everything that can be said for either tool and against both."""
    sources: dict[str, str]
    """What lines of an editor's own can stand on, {id on the page: name}."""
    values: list[dict[str, str]]
    """The facts of each tool, by attribute."""
    needs: tuple[Need, ...]
    """What a reader may tick as a must-have."""
    pricing_read: str
    fact_rows: list[FactRow]
    timeline: PairTimeline | None
    """Flips and predictions; None without any."""
    newest_changes: list[Change]
    """What changed last about either tool, newest first."""
    related: SafeString
    """Comparisons to read next; "" if there are none."""

    @property
    def panel_seats(self) -> list[PanelSeat]:
        """The seats that have reviewed either tool."""
        return [row["seat"] for row in self.seats]

    @cached_property
    def heading(self) -> str:
        one, two = self.columns
        return render_to_string(
            "comparisons/_pair_heading.html",
            {"one": one, "two": two, "updated_on": self.updated_on, "has_long_names": self.has_long_names},
        )

    @cached_property
    def jump(self) -> str:
        """The bar with names and links that stays in sight."""
        return render_to_string("comparisons/_jump.html", {"columns": self.columns, "has_dates": bool(self.dates)})

    @cached_property
    def prices(self) -> str:
        return render_to_string("comparisons/_plans.html", {"columns": self.columns})

    @cached_property
    def facts(self) -> str:
        return self._render_facts(self.fact_rows)

    @cached_property
    def differing_facts(self) -> str:
        return self._render_facts([row for row in self.fact_rows if row["differs"]], only_differences=True)

    def _render_facts(self, rows: list[FactRow], *, only_differences: bool = False) -> str:
        one, two = self.columns
        context = {"facts": arrange_facts(rows), "one": one, "two": two, "only_differences": only_differences}
        return render_to_string("comparisons/_pair_facts.html", context)

    @cached_property
    def dates(self) -> str:
        """Flips and predictions; "" without any."""
        return render_to_string("charts/_pair_timeline.html", {"timeline": self.timeline}) if self.timeline else ""

    @cached_property
    def changes(self) -> str:
        """What changed last; "" if nothing did."""
        changes = self.newest_changes
        return render_to_string("comparisons/_log.html", {"changes": changes}) if changes else ""

    @cached_property
    def descriptions(self) -> str:
        return render_to_string("comparisons/_descriptions.html", {"columns": self.columns})


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What the editorial and the votes amount to: the verdict, and what programs read about the page."""

    headline: str
    reason: str
    """The line under the headline; "" if there is nothing to say."""
    sentence: str
    """Both as one text."""
    reconciliation: str
    """How panel, visitors, and the pair vote fit together."""
    title: str
    description: str
    picks: Picks
    """The lines under the sentence."""
    social: str
    """The tags for shared links, rendered."""
    linked_data: SafeString


class PageContext(TypedDict):
    """What `comparisons/comparison.html` takes."""

    pair: Pair
    editorial: Editorial
    verdict: PairVerdict
    linked_data: SafeString | None
    picks: SafeString
    introduction: SafeString
    must_haves: MustHaves
    needs_form: SafeString
    sides: list[Side]
    rails: SafeString
    pair_vote: SafeString
    cost: CostSection | None
    facts: str
    """The table of facts, rendered."""
    only_differences: bool
    here: str
    """The path of the page."""
    address: str
    """The path with everything that the reader selected."""
    json_address: str
    all_facts: str
    differing_facts: str
    seat_filter: SeatFilter
    recount: SafeString
    """The links that select seats; "" for a single seat."""


def build_page(pair: Pair, options: ComparisonOptions) -> PageContext:
    """Return the context of the public page. Two queries at the first look per revision, and none after that."""
    seat_filter, editorial = _filter_seats(options, partial(_cached_editorial, pair.revision, pair.ids))
    verdict = _cached_verdict(pair.revision, pair, seat_filter, editorial)
    return _build_context(pair, options, seat_filter, editorial, verdict, here=reverse_pair(*pair.slugs))


def build_preview(pair: Pair, options: ComparisonOptions, *, here: str, drafts: Collection[int]) -> PageContext:
    """Return the context of a preview at the path `here`, in which `drafts` (ids of reviews) count as published."""
    read = partial(_read_editorial, pair.ids, today=pair.revision.today, drafts=drafts)
    seat_filter, editorial = _filter_seats(options, read)
    verdict = _build_verdict(pair, seat_filter, editorial, here=here)
    return _build_context(pair, options, seat_filter, editorial, verdict, here=here, is_preview=True)


def _filter_seats(options: ComparisonOptions, read: Callable[[SeatFilter], Editorial]) -> tuple[SeatFilter, Editorial]:
    """Return the seats that the reader selected among those of the whole panel, and the editorial that counts them."""
    editorial = read(WHOLE_PANEL)
    seat_filter = find_seats(options.seat_slugs, on_page=editorial.panel_seats)
    return seat_filter, editorial if seat_filter == WHOLE_PANEL else read(seat_filter)


# -- Editorial ----------------------------------------------------------------------------------------------


@cached_per_revision(maxsize=512)
def _cached_editorial(revision: Revision, ids: tuple[int, int], seat_filter: SeatFilter) -> Editorial:
    return _read_editorial(ids, seat_filter, today=revision.today)


def _read_editorial(
    ids: tuple[int, int], seat_filter: SeatFilter, *, today: date, drafts: Collection[int] = ()
) -> Editorial:
    """Read and shape what editors wrote about two tools. `drafts` as for `read_pair`. Two queries."""
    tools, related = read_pair(ids, related=RELATED, seats=seat_filter.ids, drafts=drafts)
    columns = tool_columns.build_columns(tools, today=today)
    seats = seat_rows.build_seat_rows(tools)
    return Editorial(
        columns=columns,
        nodes=[
            linked_data.describe_tool(tool, column, quotes=False) for tool, column in zip(tools, columns, strict=True)
        ],
        has_long_names=tool_columns.has_long_names(tools),
        notice=sentences.write_like_for_like_notice(*columns),
        example_notice=sentences.write_example_notice(*columns),
        updated_on=max((column["newest_review_on"] for column in columns if column["newest_review_on"]), default=None),
        seats=seats,
        board=seat_rows.render_board(seats),
        scorecard=seat_rows.render_scorecard(seats, columns),
        who_speaks=seat_rows.render_who_speaks(seats),
        split_sentence=sentences.describe_split(seats),
        lines=picks.find_lines(tools, [column["prices"] for column in columns]),
        sources=picks.list_sources(tools),
        values=[needs.read_values(tool) for tool in tools],
        needs=needs.list_needs(tools),
        pricing_read=write_pricing_read(*((column["name"], column["prices"]) for column in columns)),
        fact_rows=build_fact_rows(tools, today=today),
        newest_changes=[shape_change(record) for record in read_changes(most=CHANGES, tools=ids)],
        timeline=build_pair_timeline(tools, [column["brief_name"] for column in columns], today=today),
        related=join_fragments(render_box(comparison) for comparison in related),
    )


# -- Verdict ------------------------------------------------------------------------------------------------


@cached_per_revision(maxsize=512)
def _cached_verdict(revision: Revision, pair: Pair, seat_filter: SeatFilter, editorial: Editorial) -> PairVerdict:
    """Return the verdict on the public page. A pair holds the counts of its votes, so a vote makes a new entry."""
    return _build_verdict(pair, seat_filter, editorial, here=reverse_pair(*pair.slugs))


def _build_verdict(pair: Pair, seat_filter: SeatFilter, editorial: Editorial, *, here: str) -> PairVerdict:
    columns, communities = editorial.columns, pair.communities
    text = sentences.write_verdict(
        columns, communities, editorial.seats, preference=pair.preference, seat_filter=seat_filter
    )
    title, description = titles.write_comparison_title(*columns), titles.write_verdict_description(text)
    return PairVerdict(
        headline=text.headline,
        reason=text.reason,
        sentence=text.sentence,
        reconciliation=reconcile(
            [
                Opinions(column["brief_name"], column["panel"], community)
                for column, community in zip(columns, communities, strict=True)
            ],
            pair.preference,
        ),
        title=title,
        description=description,
        picks=picks.choose_lines(editorial.lines, read_lines(json.loads(pair.lines)), editorial.sources),
        social=render_to_string(
            "web/_social.html",
            {
                "site_name": settings.SITE_NAME,
                "site_url": settings.SITE_URL,
                "title": title,
                "description": description,
                "path": here,
                "image": reverse_pair_image(*pair.slugs),
                "modified_on": editorial.updated_on,
            },
        ),
        linked_data=linked_data.build_comparison_graph(
            columns,
            editorial.nodes,
            communities,
            url=here,
            sentence=text.sentence,
            modified=editorial.updated_on,
            has_made_up_votes=pair.revision.has_made_up_votes,
        ),
    )


# -- Context ------------------------------------------------------------------------------------------------


def _build_context(
    pair: Pair,
    options: ComparisonOptions,
    seat_filter: SeatFilter,
    editorial: Editorial,
    verdict: PairVerdict,
    *,
    here: str,
    is_preview: bool = False,
) -> PageContext:
    """Return the context for one request: editorial and verdict with the current votes and the reader's options."""
    columns = editorial.columns
    only = "only=differences" if options.only_differences else ""
    must_haves = read_must_haves(
        options.needs,
        names=[column["name"] for column in columns],
        values=editorial.values,
        offered=editorial.needs,
    )
    seats, need, usage = seat_filter.query, must_haves.query, format_query(options.usage)
    cost = build_section(
        tuple(column["priced"] for column in columns),
        options.usage,
        here=here,
        hidden=parse_qsl(join_query(seats, only, need)),
    )
    return {
        "pair": pair,
        "editorial": editorial,
        "verdict": verdict,
        # Search engines leave an answer to a reader's usage out, and have no business with a preview.
        "linked_data": None if is_preview or (cost and cost.estimate.is_asked) else verdict.linked_data,
        "picks": _render_picks(
            editorial, _add_costs(verdict.picks, cost), elsewhere=add_query(here, seats, need, usage) if only else ""
        ),
        "introduction": markdown.render(pair.introduction),
        "must_haves": must_haves,
        "needs_form": must_haves.render_form(
            here=here,
            without_needs=add_query(here, seats, only, usage),
            kept=parse_qsl(join_query(seats, only, usage)),
        ),
        "sides": build_sides(
            columns, pair.communities, must_haves.standings, is_filtered=bool(seats), here=here, is_preview=is_preview
        ),
        "rails": render_rails(columns, pair.communities),
        "pair_vote": render_pair_vote(
            columns,
            pair.preference,
            url=reverse_pair(*pair.slugs, view="pair-vote"),
            here=here,
            is_preview=is_preview,
        ),
        "cost": cost,
        "facts": editorial.differing_facts if options.only_differences else editorial.facts,
        "only_differences": options.only_differences,
        "here": here,
        "address": add_query(here, seats, only, need, usage),
        "json_address": json_address(here),
        "all_facts": add_query(here, seats, need, usage),
        "differing_facts": add_query(here, seats, "only=differences", need, usage),
        "seat_filter": seat_filter,
        "recount": render_recount(editorial.panel_seats, seat_filter, here=here, also=join_query(only, need, usage)),
    }


def _add_costs(lines: Picks, cost: CostSection | None) -> Picks:
    """Return the lines with what the reader's usage speaks for, if it was entered."""
    if cost is None or cost.estimate.cheaper is None:
        return lines
    costs = [answer.figures[0].words for answer in cost.estimate.tools]
    return picks.add_cost_line(lines, cost.estimate.cheaper, costs)


def _render_picks(editorial: Editorial, lines: Picks, *, elsewhere: str) -> SafeString:
    """Render the lines under the sentence. `elsewhere` is the page of all facts, if this one lists only some."""
    if not any(lines):
        return SafeString()
    sides = tuple((column["brief_name"], side) for column, side in zip(editorial.columns, lines, strict=False))
    return render_cached(
        "comparisons/_picks.html",
        sides=sides if lines.first or lines.second else (),
        neither=lines.neither,
        elsewhere=elsewhere,
    )
