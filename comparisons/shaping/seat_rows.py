"""The reviews of tools as rows: one seat each, with a verdict per tool. Records in, rows out; no queries."""

from collections.abc import Sequence
from datetime import date
from typing import TypedDict

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_slug
from comparisons.reading.records import (
    PredictionRecord,
    ReviewRecord,
    ToolRecord,
    WordsRecord,
)
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.tool_columns import Column, find_publication_day
from reviews.basis import describe_basis
from reviews.behind import describe_seats
from reviews.choices import Outcome
from web.fragments import join_fragments, render_cached
from web.words import count_of, format_day

LONG_QUOTE = 250  # words; longer ones are folded on every screen, shorter ones only on phones


class SeatRow(TypedDict):
    """One reviewer, with the verdict on the tool of each column (None without a review)."""

    seat: PanelSeat
    slug: str
    name: str
    url: str
    lens: str
    behind: str
    """Who is behind the seat (reviews.choices.Behind)."""
    verdicts: tuple[str | None, ...]
    gists: tuple[str, ...]
    """The reason in one line for each tool; "" without one."""
    bases: tuple[str | None, ...]
    """How the seat knows each tool (reviews.choices.Basis); "" where that is not recorded."""
    basis_words: tuple[str, ...]
    editions: tuple[int | None, ...]
    """The ids of the reviews, for anchors on a tool's own page."""
    cells: list[SafeString]
    """The reasons on each tool of a pair; empty for more tools, which link to them."""
    is_long: bool
    """Whether one of the reasons is long."""
    differs: bool
    counted: bool
    """Whether the panel's numbers count this seat."""
    drawn: SafeString
    """The verdicts as a row of the board."""


def build_seat_rows(tools: Sequence[ToolRecord]) -> list[SeatRow]:
    """Align the current reviews of tools by seat, in seat order."""
    seats = {review["seat"]: review for tool in tools for review in tool["reviews"] or []}
    by_tool = [{review["seat"]: review for review in tool["reviews"] or []} for tool in tools]
    rows: list[SeatRow] = []
    for seat, reviewer in sorted(seats.items()):
        reviews = [known.get(seat) for known in by_tool]
        verdicts = tuple(review["verdict"] if review else None for review in reviews)
        differs = len(set(verdicts) - {None}) > 1
        rows.append(
            {
                "seat": PanelSeat(reviewer["reviewer"], reviewer["slug"], reviewer["name"]),
                "slug": reviewer["slug"],
                "name": reviewer["name"],
                "url": reverse_slug("reviewer", reviewer["slug"]),
                "lens": reviewer["lens"],
                "behind": reviewer["behind"],
                "counted": reviewer["counted"],
                "verdicts": verdicts,
                "gists": tuple(review["gist"] if review else "" for review in reviews),
                "bases": tuple(review["basis"] if review else None for review in reviews),
                "basis_words": tuple(describe_basis_of(review) if review else "" for review in reviews),
                "editions": tuple(review["id"] if review else None for review in reviews),
                "cells": [
                    _render_quote(reviewer["slug"], place, tools[place], review)
                    for place, review in enumerate(reviews if len(tools) == 2 else [])
                ],
                "is_long": any(_is_long(review["quote"]) for review in reviews if review),
                "differs": differs,
                "drawn": render_cached(
                    "comparisons/_board_row.html",
                    label=reviewer["name"].removeprefix("The "),
                    url=f"#seat-{reviewer['slug']}",
                    verdicts=verdicts,
                    differs=differs,
                    counted=reviewer["counted"],
                ),
            }
        )
    return rows


def render_who_speaks(seats: Sequence[SeatRow]) -> SafeString:
    """Render the line under a scorecard, which says who is behind its seats."""
    return render_cached("comparisons/_who_speaks.html", who_speaks=describe_seats([row["behind"] for row in seats]))


def render_board(rows: Sequence[SeatRow]) -> SafeString:
    """Render the verdicts of each seat as rows of a table: the seats that differ first."""
    return join_fragments(row["drawn"] for row in _sort_by_weight(rows))


def render_scorecard(rows: Sequence[SeatRow], columns: Sequence[Column]) -> SafeString:
    """Render what each seat says, in the order of the board; "" if no seat has looked at any of the tools."""
    return join_fragments(_render_seat(row, columns) for row in _sort_by_weight(rows))


def _sort_by_weight(rows: Sequence[SeatRow]) -> list[SeatRow]:
    return sorted(rows, key=lambda row: not row["differs"])


def _render_seat(row: SeatRow, columns: Sequence[Column]) -> SafeString:
    """Render what one seat says about two tools, with its reasons, or about more tools, with links to them."""
    is_pair = len(columns) == 2
    return render_cached(
        "comparisons/_seat.html",
        slug=row["slug"],
        name=row["name"],
        url=row["url"],
        lens=row["lens"],
        counted=row["counted"],
        has_reasons=is_pair and any(row["verdicts"]),
        is_long=row["is_long"],
        cells=tuple(
            (
                column["brief_name"],
                verdict,
                gist,
                basis,
                "" if is_pair or not verdict else f"{column['url']}#seat-{row['slug']}",
                row["cells"][place] if is_pair else None,
            )
            for place, (column, verdict, gist, basis) in enumerate(
                zip(columns, row["verdicts"], row["gists"], row["basis_words"], strict=True)
            )
        ),
    )


def _render_quote(seat: str, place: int, tool: ToolRecord, review: ReviewRecord | None) -> SafeString:
    """Render the reasons of a seat on the tool at a place of a pair."""
    if review is None:
        return render_cached("comparisons/_quote.html", seat=seat, place=place + 1, tool=tool["name"])
    return render_cached(
        "comparisons/_quote.html",
        seat=seat,
        place=place + 1,
        tool=tool["name"],
        history=f"{reverse_slug('tool', tool['slug'])}#edition-{review['id']}",
        predictions=_summarize_predictions(review["predictions"] or []),
        verdict=review["verdict"],
        quote=review["quote"],
        flips_if=review["flips_if"],
        day=format_day(find_publication_day(review)),
    )


def render_reviews(tool: ToolRecord) -> list[SafeString]:
    """Render the current reviews of a tool for its own page, in seat order."""
    return [
        render_cached(
            "comparisons/_review.html",
            slug=review["slug"],
            name=review["name"],
            url=reverse_slug("reviewer", review["slug"]),
            lens=review["lens"],
            edition=review["id"],
            verdict=review["verdict"],
            gist=review["gist"],
            quote=review["quote"],
            is_long=_is_long(review["quote"]),
            flips_if=review["flips_if"],
            predictions=_summarize_predictions(review["predictions"] or []),
            day=format_day(find_publication_day(review)),
            basis=describe_basis_of(review),
        )
        for review in tool["reviews"] or []
    ]


def _is_long(quote: str) -> bool:
    return len(quote.split()) > LONG_QUOTE


def describe_basis_of(words: WordsRecord) -> str:
    """Return how a seat knows what it says, in a few words."""
    return describe_basis(words["basis"], words["basis_version"], words["basis_days"])


def _summarize_predictions(predictions: Sequence[PredictionRecord]) -> str:
    """Return `one prediction, due 14 Nov 2027` with the earliest open due day; "" for a review without predictions."""
    open_ones = [
        date.fromisoformat(prediction["due_on"]) for prediction in predictions if prediction["outcome"] == Outcome.OPEN
    ]
    due = f", due {format_day(min(open_ones))}" if open_ones else ""
    return f"{count_of(len(predictions), 'prediction')}{due}" if predictions else ""
