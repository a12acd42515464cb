"""What the side-by-side pages show, shaped: tools in columns, what is said of them in rows. Records in, rows out.

No queries. The same shapes serve one column (a tool's own page) and several. Rows
are plain dictionaries, because that is what templates read fastest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons.reading.records import (
    CorrectionRecord,
    FormerFact,
    FormerPrice,
    PairRecord,
    PredictionRecord,
    ReviewRecord,
    ToolRecord,
)
from comparisons.shaping.seat_filter import Eye
from reviews.models import Outcome, Prediction
from reviews.panel import Panel
from tools import logos
from tools.models import Tool
from tools.prices import Price, format_entry_price
from tools.sourcing import describe_verification, is_stale, site_name
from votes.community import Community
from web import markdown
from web.caching import process_cache
from web.fragments import render_cached
from web.words import count_of, format_day

LOGO_SIZE, CARD_LOGO_SIZE = 56, 40  # CSS pixels of the square that a logo stands in
LONG_NAMES = 40  # characters of names in a headline, beyond which it is set smaller


class FactRow(TypedDict):
    """One attribute with a cell for each column, None where nothing is known."""

    name: str
    cells: list[SafeString | None]
    differs: bool


class SeatRow(TypedDict):
    """One reviewer, with the verdict on each column's tool (None without a review) and what is said of it."""

    eye: Eye
    slug: str
    name: str
    url: str
    lens: str
    verdicts: tuple[str | None, ...]
    editions: tuple[int | None, ...]
    """The ids of the reviews, which are anchors on a tool's own page."""
    cells: list[SafeString]
    differs: bool
    counted: bool
    """Whether the panel's numbers count this seat."""
    drawn: SafeString
    """The verdicts as a row of the picture of the split."""


class Column(TypedDict):
    """One tool, with what its card says."""

    slug: str
    name: str
    logo: SafeString
    tagline: str
    url: str
    vote_url: str
    ledger_url: str
    compare_url: str
    category: str
    category_url: str
    website: str
    website_name: str
    description: SafeString
    panel: Panel
    marks: SafeString
    entry: str
    prices: list[Price]
    price_lines: list[SafeString]
    predictions: list[SafeString]
    corrections: list[SafeString]
    """What we corrected, newest first, as items of a list."""
    corrected: SafeString | None
    """The newest of these in short, with a way to the others."""
    newest_review_on: date | None


@dataclass(frozen=True, slots=True)
class Card:
    """One tool as lists show it."""

    tool: Tool
    logo: SafeString
    url: str
    compare_url: str
    panel: Panel
    marks: SafeString
    community: Community
    entry: str


@process_cache(maxsize=8192)
def address(name: str, slug: str) -> str:
    """`reverse` of an address with one slug, remembered."""
    return reverse(name, args=[slug])


@process_cache(maxsize=8192)
def pair_address(first: str, second: str) -> str:
    """The address of a pair of slugs, remembered."""
    return reverse("comparison", args=[(first, second)])


def compare_address(slug: str) -> str:
    """Where to choose what to put beside a tool."""
    return f"{reverse('compare')}?a={slug}"


def pair_link(pair: PairRecord) -> SafeString:
    """A comparison as an item of a list of links."""
    return render_cached(
        "comparisons/_pair_link.html",
        url=pair_address(pair["first_slug"], pair["second_slug"]),
        first=pair["first_name"],
        second=pair["second_name"],
        category=pair["category"],
    )


def marks(panel: Panel) -> SafeString:
    """The seats of a panel, drawn."""
    return render_cached("comparisons/_marks.html", marks=panel.marks)


def drawn_logo(stem: str, *, size: int = LOGO_SIZE, lazy: bool = False) -> SafeString:
    """A logo in a square of so many CSS pixels; nothing for a tool without one."""
    if not stem:
        return SafeString()
    webp, png = logos.file_url(stem, "webp"), logos.file_url(stem, "png")
    return render_cached("comparisons/_logo.html", webp=webp, png=png, size=size, lazy=lazy)


def card(tool: Tool) -> Card:
    """Shape a tool for a list; it comes annotated `with_numbers().with_plans()`."""
    panel = Panel.of(tool.panel)  # type: ignore[attr-defined] # annotated
    return Card(
        tool=tool,
        logo=drawn_logo(tool.logo, size=CARD_LOGO_SIZE, lazy=True),
        url=address("tool", tool.slug),
        compare_url=compare_address(tool.slug),
        panel=panel,
        marks=marks(panel),
        community=Community.of(tool.community),  # type: ignore[attr-defined] # annotated
        entry=format_entry_price([Price.of(plan) for plan in tool.standing_plans]),  # type: ignore[attr-defined] # prefetched
    )


def column(tool: ToolRecord, *, today: date, earlier: int | None = 1) -> Column:
    """Shape one tool for its column, with at most `earlier` superseded prices of a plan (None: all)."""
    plans, reviews, corrections = tool["plans"] or [], tool["reviews"] or [], tool["corrections"] or []
    prices = [Price(plan["kind"], plan["amount"], plan["currency"], plan["period"], plan["unit"]) for plan in plans]
    panel = Panel(
        ship=tool["ship"],
        seats=tool["seats"],
        percent=tool["percent"],
        marks=tuple((review["name"], review["verdict"]) for review in reviews if review["counted"]),
    )
    return {
        "slug": tool["slug"],
        "name": tool["name"],
        "logo": drawn_logo(tool["logo"]),
        "tagline": tool["tagline"],
        "url": address("tool", tool["slug"]),
        "vote_url": address("vote", tool["slug"]),
        "ledger_url": address("ledger", tool["slug"]),
        "compare_url": compare_address(tool["slug"]),
        "category": tool["category_name"],
        "category_url": address("category", tool["category_slug"]),
        "website": tool["website"],
        "website_name": site_name(tool["website"]),
        "description": markdown.render(tool["description"]),
        "panel": panel,
        "marks": marks(panel),
        "entry": format_entry_price(prices),
        "prices": prices,
        "price_lines": [
            render_cached(
                "comparisons/_price.html",
                name=plan["name"],
                price=price.words,
                was=tuple(former_prices(plan["was"] or [])[:earlier]),
                **_checked(plan["source"], plan["verified_on"], today=today),
            )
            for plan, price in zip(plans, prices, strict=True)
        ],
        "predictions": [
            prediction_line(prediction, review["name"], today=today)
            for review in reviews
            for prediction in review["predictions"] or []
        ],
        "corrections": [
            render_cached("comparisons/_correction.html", note=correction["note"], made_on=_made_on(correction))
            for correction in corrections
        ],
        "corrected": render_cached(
            "comparisons/_corrected.html",
            note=corrections[0]["note"],
            made_on=_made_on(corrections[0]),
            earlier=len(corrections) - 1,
            url=f"{address('tool', tool['slug'])}#corrections",
        )
        if corrections
        else None,
        "newest_review_on": max((_published_on(review) for review in reviews), default=None),
    }


def _checked(source: str, verified_on: str | None, *, today: date) -> dict[str, object]:
    """What the leaf of a statement says of its source."""
    on = date.fromisoformat(verified_on) if verified_on else None
    return {
        "source": source,
        "site": site_name(source),
        "words": describe_verification(on, today=today),
        "doubtful": on is None or is_stale(on, today=today),
    }


def _made_on(correction: CorrectionRecord) -> str:
    return format_day(datetime.fromisoformat(correction["made_at"]).date())


def _published_on(review: ReviewRecord) -> date:
    return datetime.fromisoformat(review["published_at"]).date()


def former_prices(was: Sequence[FormerPrice]) -> list[tuple[str, str]]:
    """What a plan cost, each price with the day until which it stood, in the order given."""
    return [
        (Price(old["kind"], old["amount"], old["currency"], old["period"], old["unit"]).words, _until(old))
        for old in was
    ]


def former_facts(was: Sequence[FormerFact]) -> list[tuple[str, str]]:
    """What a fact said, each value with the day until which it stood, in the order given."""
    return [(old["value"], _until(old)) for old in was]


def _until(old: FormerPrice | FormerFact) -> str:
    return format_day(datetime.fromisoformat(old["until"]).date())


def listed_prediction(prediction: Prediction, *, today: date) -> SafeString:
    """A prediction for a list of many tools'; it comes with its review's tool and reviewer."""
    review = prediction.review
    record: PredictionRecord = {
        "claim": prediction.claim,
        "due_on": prediction.due_on.isoformat(),
        "outcome": prediction.outcome,
        "note": prediction.note,
        "source": prediction.source,
    }
    return prediction_line(
        record, review.reviewer.name, today=today, tool=review.tool.name, url=address("tool", review.tool.slug)
    )


def prediction_line(prediction: PredictionRecord, by: str, *, today: date, tool: str = "", url: str = "") -> SafeString:
    """A prediction, with where it stands; and with its tool where that is not clear."""
    due_on = date.fromisoformat(prediction["due_on"])
    if prediction["outcome"] != Outcome.OPEN:
        standing = f"Was due {format_day(due_on)}"
    elif due_on > today:
        standing = f"Due {format_day(due_on)}"
    else:
        standing = f"Due since {format_day(due_on)}, not judged yet"
    return render_cached(
        "comparisons/_prediction.html",
        claim=prediction["claim"],
        by=by,
        tool=tool,
        url=url,
        outcome=prediction["outcome"],
        standing=standing,
        note=prediction["note"],
        source=prediction["source"],
    )


def fact_rows(tools: Sequence[ToolRecord], *, today: date, earlier: int | None = 1) -> list[FactRow]:
    """Line the facts of some tools up by attribute, in the attributes' order.

    Each comes with at most `earlier` values that it superseded (None: all).
    A row differs when two columns are known to have different values; what is merely unknown is no difference.
    """
    names = {fact["attribute"]: fact["name"] for tool in tools for fact in tool["facts"] or []}
    by_tool = [{fact["attribute"]: fact for fact in tool["facts"] or []} for tool in tools]
    rows: list[FactRow] = []
    for attribute in sorted(names):
        facts = [known.get(attribute) for known in by_tool]
        differs = len({fact["value"].casefold() for fact in facts if fact}) > 1
        cells = [
            render_cached(
                "comparisons/_fact.html",
                value=fact["value"],
                was=tuple(former_facts(fact["was"] or [])[:earlier]),
                **_checked(fact["source"], fact["verified_on"], today=today),
            )
            if fact
            else None
            for fact in facts
        ]
        rows.append({"name": names[attribute], "cells": cells, "differs": differs})
    return rows


def seat_rows(tools: Sequence[ToolRecord]) -> list[SeatRow]:
    """Line the current reviews of some tools up by seat, in seat order."""
    seats = {review["seat"]: review for tool in tools for review in tool["reviews"] or []}
    by_tool = [{review["seat"]: review for review in tool["reviews"] or []} for tool in tools]
    rows: list[SeatRow] = []
    for seat, reviewer in sorted(seats.items()):
        reviews = [known.get(seat) for known in by_tool]
        verdicts = tuple(review["verdict"] if review else None for review in reviews)
        differs = len(set(verdicts) - {None}) > 1
        rows.append(
            {
                "eye": Eye(reviewer["reviewer"], reviewer["slug"], reviewer["name"]),
                "slug": reviewer["slug"],
                "name": reviewer["name"],
                "url": address("reviewer", reviewer["slug"]),
                "lens": reviewer["lens"],
                "counted": reviewer["counted"],
                "verdicts": verdicts,
                "editions": tuple(review["id"] if review else None for review in reviews),
                "cells": [_quote(reviewer["slug"], place, tools, review) for place, review in enumerate(reviews)],
                "differs": differs,
                "drawn": render_cached(
                    "comparisons/_split.html",
                    seat=reviewer["name"],
                    url=f"#seat-{reviewer['slug']}",
                    verdicts=verdicts,
                    differs=differs,
                ),
            }
        )
    return rows


def _quote(seat: str, place: int, tools: Sequence[ToolRecord], review: ReviewRecord | None) -> SafeString:
    tool = tools[place]
    own_page = address("tool", tool["slug"])
    other = tools[1 - place]["name"] if len(tools) == 2 else ""
    if review is None:
        return render_cached("comparisons/_quote.html", seat=seat, place=place + 1, tool=tool["name"], other=other)
    return render_cached(
        "comparisons/_quote.html",
        seat=seat,
        place=place + 1,
        tool=tool["name"],
        other=other,
        history=f"{own_page}#edition-{review['id']}",
        predictions_url=f"{'' if len(tools) == 2 else own_page}#predictions",  # a pair's page lists them itself
        predictions=_on_record(review["predictions"] or []),
        verdict=review["verdict"],
        quote=review["quote"],
        flips_if=review["flips_if"],
        day=format_day(_published_on(review)),
    )


def _on_record(predictions: Sequence[PredictionRecord]) -> str:
    """`one prediction, due 14 Nov 2027`, for a review that makes any."""
    open_ones = [date.fromisoformat(made["due_on"]) for made in predictions if made["outcome"] == Outcome.OPEN]
    due = f", due {format_day(min(open_ones))}" if open_ones else ""
    return f"{count_of(len(predictions), 'prediction')}{due}" if predictions else ""


def has_long_names(tools: Sequence[ToolRecord]) -> bool:
    return sum(len(tool["name"]) for tool in tools) > LONG_NAMES
