"""The page of three or four tools in columns, and the form that leads to it."""

from itertools import combinations
from typing import Any, TypedDict
from urllib.parse import parse_qsl

from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons.addresses import add_query, join_query
from comparisons.forms import CustomOptions
from comparisons.machines import titles
from comparisons.pages.must_haves import MustHaves, read_must_haves
from comparisons.pages.panel_seats import find_seats
from comparisons.pages.sides import Side, build_sides, render_rails
from comparisons.reading.pairs import read_editors_order
from comparisons.reading.records import PairRecord
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import fact_rows, needs, search_results, seat_rows, sentences, tool_columns
from comparisons.shaping.estimates import CostSection, build_section, format_query
from comparisons.shaping.fact_rows import FactTable
from comparisons.shaping.search_results import PickerField
from comparisons.shaping.seat_filter import WHOLE_PANEL, SeatFilter, render_recount
from comparisons.shaping.seat_rows import SeatRow
from comparisons.shaping.tool_columns import Column
from comparisons.shaping.verdict_text import VerdictText
from votes.community import Community
from web import clock

FIELD_LABELS = ("First tool", "Second tool", "Third tool", "Fourth tool")


class FormContext(TypedDict):
    """What `comparisons/custom.html` takes."""

    fields: list[tuple[PickerField, list[tuple[str, str, str]]]]
    """The fields, each with the tools that may be meant."""
    has_beyond: bool
    """Whether more tools were entered than there are columns."""


class SeatsContext(TypedDict):
    """Each seat's verdicts. Seats that disagree about the tools come first."""

    board: SafeString
    """The verdicts of each seat as rows of a table."""
    scorecard: SafeString
    split_sentence: str
    who_speaks: SafeString


class ColumnsContext(FormContext, SeatsContext):
    """What `comparisons/columns.html` takes."""

    title: str
    description: str
    verdict: VerdictText
    notice: str
    example_notice: str
    canonical: str
    """The address without everything that the reader selected."""
    address: str
    seat_filter: SeatFilter
    recount: SafeString
    """The links that select seats; "" for a single seat."""
    must_haves: MustHaves
    needs_form: SafeString
    here: str
    """The path of the page."""
    columns: list[Column]
    cost: CostSection | None
    sides: list[Side]
    rails: SafeString
    facts: FactTable
    pairs: list[SafeString]


def build_form(fields: list[PickerField], options: CustomOptions) -> FormContext:
    """Return the context of the form, with the fields filled in so far."""
    empty = [PickerField(f"t{place}", FIELD_LABELS[place], "") for place in range(len(fields), len(FIELD_LABELS))]
    fields = [*fields, *empty]
    return {
        "fields": [(field, search_results.custom_choices(fields, place)) for place, field in enumerate(fields)],
        "has_beyond": bool(options.beyond),
    }


def build_columns(tools: list[Any], options: CustomOptions) -> ColumnsContext:
    """Return the context of the page of columns. Two queries, one more with must-haves, and one to four with a seat
    filter.

    The tools must come from `with_community().with_freeze().with_namesakes()`.
    """
    ids, slugs, today = [tool.pk for tool in tools], [tool.slug for tool in tools], clock.today()
    records = read_tools(ids)
    panel_seats = [row["seat"] for row in seat_rows.build_seat_rows(records)]
    seat_filter = find_seats(options.seat_slugs, on_page=panel_seats)
    if seat_filter != WHOLE_PANEL:
        records = read_tools(ids, seats=seat_filter.ids)
    columns = tool_columns.build_columns(records, today=today)
    communities = [Community.of(tool.community, is_frozen=tool.is_frozen) for tool in tools]
    seats = seat_rows.build_seat_rows(records)
    verdict = sentences.write_ranking(columns, communities, seat_filter)
    must_haves = read_must_haves(
        options.needs,
        names=[column["name"] for column in columns],
        values=[needs.read_values(record) for record in records],
        offered=needs.list_needs(records),
    )
    usage = format_query(options.usage)
    seat_query, need, here = seat_filter.query, must_haves.query, reverse("custom")
    address = add_query(search_results.custom_address(slugs, seats=seat_query, needs=need), usage)
    return {
        **build_form([_fill_field(place, tool) for place, tool in enumerate(tools)], options),
        "title": titles.write_columns_title(columns),
        "description": titles.write_verdict_description(verdict),
        "verdict": verdict,
        "notice": sentences.write_like_for_like_notice(*columns),
        "example_notice": sentences.write_example_notice(*columns),
        "canonical": search_results.custom_address(slugs),
        "address": address,
        "seat_filter": seat_filter,
        "recount": render_recount(
            panel_seats, seat_filter, here=here, also=join_query(search_results.custom_query(slugs), need, usage)
        ),
        "must_haves": must_haves,
        "here": here,
        "needs_form": must_haves.render_form(
            here=here,
            without_needs=add_query(search_results.custom_address(slugs, seats=seat_query), usage),
            kept=[*(("t", slug) for slug in slugs), *parse_qsl(seat_query), *options.usage],
        ),
        "columns": columns,
        "cost": build_section(
            tuple(column["priced"] for column in columns),
            options.usage,
            here=reverse("custom"),
            hidden=[*(("t", slug) for slug in slugs), *parse_qsl(seat_query), *parse_qsl(need)],
        ),
        "sides": build_sides(columns, communities, must_haves.standings, is_filtered=bool(seat_query), here=address),
        "rails": render_rails(columns, communities),
        **_render_seats(seats, columns),
        "facts": fact_rows.arrange_facts(fact_rows.build_fact_rows(records, today=today)),
        "pairs": [tool_columns.render_pair_link(pair) for pair in _list_pairs(columns, ids)],
    }


def _render_seats(seats: list[SeatRow], columns: list[Column]) -> SeatsContext:
    return {
        "board": seat_rows.render_board(seats),
        "scorecard": seat_rows.render_scorecard(seats, columns),
        "split_sentence": sentences.describe_wide_split(seats),
        "who_speaks": seat_rows.render_who_speaks(seats),
    }


def _fill_field(place: int, tool: Any) -> PickerField:
    # A name that another tool shares would not lead back to this one.
    return PickerField(f"t{place}", FIELD_LABELS[place], tool.slug if tool.has_namesake else tool.name, tool)


def _list_pairs(columns: list[Column], ids: list[int]) -> list[PairRecord]:
    """Return every two of the tools, each pair in the order of its canonical address. One query."""
    editors_order = read_editors_order(ids)
    pairs = []
    for first, second in combinations(sorted(columns, key=lambda column: column["slug"]), 2):
        if (second["slug"], first["slug"]) in editors_order:
            first, second = second, first
        pairs.append(
            PairRecord(
                first_slug=first["slug"],
                first_name=first["name"],
                second_slug=second["slug"],
                second_name=second["name"],
                category=first["category"],
            )
        )
    return pairs
