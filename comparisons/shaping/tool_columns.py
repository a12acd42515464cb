"""Tools shaped for side-by-side pages: one column per tool, and rows across the columns. Records in, rows out.

A tool's own page uses the same shapes with one column. Rows are plain dictionaries, which templates read fastest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_compare, reverse_pair, reverse_slug
from comparisons.reading.records import (
    CorrectionRecord,
    FormerFact,
    FormerPrice,
    PairRecord,
    PlanRecord,
    PredictionRecord,
    ReviewRecord,
    ToolFields,
    ToolRecord,
)
from comparisons.shaping.estimates import BillablePlan, BillableTool
from comparisons.shaping.recent_prices import PastPrice, PricedPlan, describe_recent_change
from reviews.choices import Outcome
from reviews.panel import Panel, PanelNumbers
from tools import logos, monograms
from tools.brief_names import choose_brief_name, choose_distinct_names
from tools.presets import read_presets
from tools.prices import UNKNOWN, Price, format_entry_price
from tools.sourcing import describe_verification, is_stale, site_name
from votes.community import Community
from web import clock, markdown
from web.fragments import render_cached
from web.words import format_day

if TYPE_CHECKING:
    from reviews.models import Prediction
    from tools.models import Plan, Tool

LOGO_SIZE, CARD_LOGO_SIZE, TILE_SIZE = 56, 40, 36  # width and height in CSS pixels
LONG_NAMES = 36  # characters; a headline with longer names is set smaller


class Column(ToolFields):
    """One tool with everything that its column shows. Its description is rendered as HTML."""

    brief_name: str
    """The name after its first mention."""
    logo: SafeString
    url: str
    vote_url: str
    ledger_url: str
    compare_url: str
    category: str
    category_url: str
    website_name: str
    panel: Panel
    marks: SafeString
    entry: str
    price_change: str
    """How a price changed lately; "" if none did."""
    prices: list[Price]
    priced: BillableTool
    """Its plans, for the question what it would cost."""
    price_lines: list[SafeString]
    predictions: list[SafeString]
    corrections: list[SafeString]
    """All corrections as list items, newest first."""
    corrected: SafeString | None
    """The newest correction in short, with a link to the others."""
    newest_review_on: date | None


@dataclass(frozen=True, slots=True)
class Card:
    """One tool as lists show it."""

    tool: "Tool"
    logo: SafeString
    tile: SafeString
    """The logo, or else a monogram."""
    url: str
    compare_url: str
    panel: Panel
    marks: SafeString
    judged_on: date | None
    """The day of the newest review that the panel's numbers count."""
    community: Community
    entry: str
    price_change: str
    """How a price changed lately; "" if none did."""
    measure: str
    """The number by which the list is sorted, in words; "" if it is not sorted by one."""
    open_needs: tuple[str, ...]
    """Which of the reader's must-haves it meets only in part, and of which nobody knows, in words."""

    @property
    def has_price(self) -> bool:
        return self.entry != UNKNOWN


def render_pair_link(pair: PairRecord) -> SafeString:
    """Render a comparison as an item of a list of links."""
    return render_cached(
        "comparisons/_pair_link.html",
        url=reverse_pair(pair["first_slug"], pair["second_slug"]),
        first=pair["first_name"],
        second=pair["second_name"],
        category=pair["category"],
    )


def render_marks(panel: Panel) -> SafeString:
    """Render the marks of a panel's seats."""
    return render_cached("comparisons/_marks.html", marks=panel.marks)


def render_logo(stem: str, *, size: int = LOGO_SIZE, lazy: bool = False) -> SafeString:
    """Render a logo in a square of `size` CSS pixels; "" for a tool without a logo (an empty `stem`)."""
    if not stem:
        return SafeString()
    webp, png = logos.file_url(stem, "webp"), logos.file_url(stem, "png")
    return render_cached("comparisons/_logo.html", webp=webp, png=png, size=size, lazy=lazy)


def render_tile(stem: str, *, name: str, slug: str) -> SafeString:
    """Render the logo of a tool in a list, or a monogram if it has none."""
    if stem:
        return render_logo(stem, size=TILE_SIZE, lazy=True)
    letters, hue = monograms.write_monogram(name), monograms.choose_hue(slug)
    return render_cached("comparisons/_monogram.html", letters=letters, hue=hue)


def build_card(tool: "Tool", *, measure: str = "", open_needs: tuple[str, ...] = ()) -> Card:
    """Shape a tool for a list. The tool must come from `with_numbers().with_plans()`."""
    numbers: PanelNumbers | None = tool.panel  # type: ignore[attr-defined] # annotated
    panel = Panel.of(numbers)
    recent: list[Plan] = tool.recent_plans  # type: ignore[attr-defined] # prefetched
    plans = [plan for plan in recent if plan.superseded_at is None]
    return Card(
        tool=tool,
        logo=render_logo(tool.logo, size=CARD_LOGO_SIZE, lazy=True),
        tile=render_tile(tool.logo, name=tool.name, slug=tool.slug),
        url=reverse_slug("tool", tool.slug),
        compare_url=reverse_compare(tool.slug),
        panel=panel,
        marks=render_marks(panel),
        judged_on=datetime.fromisoformat(numbers["judged_at"]).date() if numbers else None,
        community=Community.of(tool.community),  # type: ignore[attr-defined] # annotated
        entry=format_entry_price([Price.of(plan) for plan in plans]),
        price_change=describe_recent_change(
            (PricedPlan(plan.name, Price.of(plan), _list_past_prices(plan, recent, tool)) for plan in plans),
            today=clock.today(),
        ),
        measure=measure,
        open_needs=open_needs,
    )


def _list_past_prices(plan: "Plan", recent: Sequence["Plan"], tool: "Tool") -> list[PastPrice]:
    """Return the recent prices of a plan that readers have been told, also under its former name."""
    return [
        PastPrice(Price.of(old), old.superseded_at, old.correction)
        for old in recent
        if old.superseded_at and tool.published_at and old.superseded_at > tool.published_at
        if old.name in (plan.name, plan.renamed_from)
    ]


def read_panel(tool: ToolRecord) -> Panel:
    """Return the panel of a tool. Reviews that a seat filter leaves out have no mark."""
    marks = tuple((review["name"], review["verdict"]) for review in tool["reviews"] or [] if review["counted"])
    return Panel(ship=tool["ship"], seats=tool["seats"], percent=tool["percent"], marks=marks)


def build_column(tool: ToolRecord, *, today: date, earlier: int | None = 1) -> Column:
    """Shape one tool for its column, with at most `earlier` superseded prices per plan (None: all)."""
    plans, reviews, corrections = tool["plans"] or [], tool["reviews"] or [], tool["corrections"] or []
    prices = [Price.of_record(plan) for plan in plans]
    panel = read_panel(tool)
    own_fields = cast("ToolFields", {name: tool[name] for name in ToolFields.__annotations__})  # type: ignore[literal-required]
    return {
        **own_fields,
        "brief_name": choose_brief_name(tool["name"], tool["short_name"]),
        "description": markdown.render(tool["description"]),
        "logo": render_logo(tool["logo"]),
        "url": reverse_slug("tool", tool["slug"]),
        "vote_url": reverse_slug("vote", tool["slug"]),
        "ledger_url": reverse_slug("ledger", tool["slug"]),
        "compare_url": reverse_compare(tool["slug"]),
        "category": tool["category_name"],
        "category_url": reverse_slug("category", tool["category_slug"]),
        "website_name": site_name(tool["website"]),
        "panel": panel,
        "marks": render_marks(panel),
        "entry": format_entry_price(prices),
        "price_change": describe_recent_change(
            (
                PricedPlan(plan["name"], price, [_read_past_price(old) for old in plan["was"] or []])
                for plan, price in zip(plans, prices, strict=True)
            ),
            today=today,
        ),
        "prices": prices,
        "priced": BillableTool(
            tool["name"],
            tuple(
                BillablePlan(plan["name"], price, _describe_doubt(plan["verified_on"], today=today))
                for plan, price in zip(plans, prices, strict=True)
            ),
            read_presets(tool["presets"]),
        ),
        "price_lines": [
            _render_price(plan, price, earlier=earlier, today=today) for plan, price in zip(plans, prices, strict=True)
        ],
        "predictions": [
            render_prediction(prediction, review["name"], today=today)
            for review in reviews
            for prediction in review["predictions"] or []
        ],
        "corrections": [
            render_cached("comparisons/_correction.html", note=correction["note"], made_on=_correction_day(correction))
            for correction in corrections
        ],
        "corrected": _render_corrected(corrections, tool["slug"]) if corrections else None,
        "newest_review_on": max((find_publication_day(review) for review in reviews), default=None),
    }


def _render_price(plan: PlanRecord, price: Price, *, earlier: int | None, today: date) -> SafeString:
    return render_cached(
        "comparisons/_price.html",
        name=plan["name"],
        price=price.words,
        details=price.details,
        was=tuple(format_former_prices(plan["was"] or [], current=price)[:earlier]),
        **describe_source(plan["source"], plan["verified_on"], today=today),
    )


def _render_corrected(corrections: Sequence[CorrectionRecord], slug: str) -> SafeString:
    """Render the newest correction in short, with a link to the others."""
    return render_cached(
        "comparisons/_corrected.html",
        note=corrections[0]["note"],
        made_on=_correction_day(corrections[0]),
        earlier=len(corrections) - 1,
        url=f"{reverse_slug('tool', slug)}#corrections",
    )


def build_columns(tools: Sequence[ToolRecord], *, today: date) -> list[Column]:
    """Shape several tools for their columns. Tools that would have the same brief name keep their full names."""
    columns = [build_column(tool, today=today) for tool in tools]
    names = choose_distinct_names([(column["name"], column["brief_name"]) for column in columns])
    for column, name in zip(columns, names, strict=True):
        column["brief_name"] = name
    return columns


def _read_past_price(old: FormerPrice) -> PastPrice:
    return PastPrice(Price.of_record(old), datetime.fromisoformat(old["until"]), old["correction"])


def describe_source(source: str, verified_on: str | None, *, today: date) -> dict[str, object]:
    """Return what the template of a price or fact takes about its source."""
    on = date.fromisoformat(verified_on) if verified_on else None
    return {
        "source": source,
        "site": site_name(source),
        "words": describe_verification(on, today=today),
        "doubtful": on is None or is_stale(on, today=today),
    }


def _describe_doubt(verified_on: str | None, *, today: date) -> str:
    """Return a sentence on a price that was not verified recently; "" for one that was."""
    on = date.fromisoformat(verified_on) if verified_on else None
    if on is not None and not is_stale(on, today=today):
        return ""
    return f"Its price {'was ' if on else 'is '}{describe_verification(on, today=today)}."


def _correction_day(correction: CorrectionRecord) -> str:
    return format_day(datetime.fromisoformat(correction["made_at"]).date())


def find_publication_day(review: ReviewRecord) -> date:
    return datetime.fromisoformat(review["published_at"]).date()


class FormerValue(NamedTuple):
    """What a price or fact was: the words, the last day, and whether we were wrong; otherwise it changed."""

    words: str
    until: str
    was_wrong: bool


def format_former_prices(was: Sequence[FormerPrice], *, current: Price | None = None) -> list[FormerValue]:
    """Return the superseded prices of a plan, in the order given: newest first.

    A price whose words are those of its successor differs in its details, so they are stated too.
    """
    lines, successor = [], current
    for old in was:
        price = Price.of_record(old)
        is_alike = successor is not None and price.words == successor.words
        words = ", ".join([price.words, *price.details]) if is_alike else price.words
        lines.append(FormerValue(words, _last_day(old), old["correction"]))
        successor = price
    return lines


def format_former_facts(was: Sequence[FormerFact]) -> list[FormerValue]:
    """Return the superseded values of a fact, in the order given."""
    return [FormerValue(_add_note(old["words"], old["note"]), _last_day(old), old["correction"]) for old in was]


def _add_note(words: str, note: str) -> str:
    return f"{words} ({note})" if note else words


def _last_day(old: FormerPrice | FormerFact) -> str:
    return format_day(datetime.fromisoformat(old["until"]).date())


def render_listed_prediction(prediction: "Prediction", *, today: date) -> SafeString:
    """Render a prediction for a list that spans tools. It must come with its review's tool and reviewer."""
    review = prediction.review
    record: PredictionRecord = {
        "claim": prediction.claim,
        "due_on": prediction.due_on.isoformat(),
        "outcome": prediction.outcome,
        "note": prediction.note,
        "source": prediction.source,
    }
    return render_prediction(
        record, review.reviewer.name, today=today, tool=review.tool.name, url=reverse_slug("tool", review.tool.slug)
    )


def render_prediction(
    prediction: PredictionRecord, by: str, *, today: date, tool: str = "", url: str = ""
) -> SafeString:
    """Render a prediction by a reviewer (`by`) with its state, and with its tool where the page does not imply it."""
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


def has_long_names(tools: Sequence[ToolRecord]) -> bool:
    return sum(len(tool["name"]) for tool in tools) > LONG_NAMES
