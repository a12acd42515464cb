"""The content of pages as JSON documents for programs. No queries.

docs/json.md describes the documents, and a test compares the two. Under the same `schema`, keys are never removed and
never change their meaning; new keys may be added.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from comparisons.addresses import absolute_url, reverse_pair, reverse_pair_image, reverse_slug, reverse_tool_image
from comparisons.editor_lines import read_lines
from comparisons.reading.pairs import Pair
from comparisons.reading.records import (
    EditionRecord,
    FactRecord,
    FormerFact,
    FormerPrice,
    HistoryRecord,
    PairRecord,
    PlanRecord,
    ReviewRecord,
    ToolRecord,
)
from comparisons.shaping.estimates import (
    Estimate,
    ToolEstimate,
    Typed,
    build_estimate,
    describe_for_programs,
)
from comparisons.shaping.needs import Fit, Need, judge, list_needs, read_values
from comparisons.shaping.peers import Peers
from comparisons.shaping.picks import Picks, choose_lines, find_lines, list_sources
from comparisons.shaping.pricing_read import write_pricing_read
from comparisons.shaping.seat_rows import SeatRow, describe_basis_of
from comparisons.shaping.sentences import describe_split, write_like_for_like_notice, write_verdict
from comparisons.shaping.tool_columns import Column
from tools import logos
from tools.prices import Price
from tools.sourcing import is_stale
from votes.community import Community
from votes.preference import Preference

COMPARISON_SCHEMA = "shipside-comparison/1"
TOOL_SCHEMA = "shipside-tool/1"


def json_address(page: str) -> str:
    """Return the path of a page's JSON document, given the path of the page."""
    return page.removesuffix("/") + ".json"


def build_comparison(
    pair: Pair,
    tools: Sequence[ToolRecord],
    columns: Sequence[Column],
    seats: Sequence[SeatRow],
    *,
    usage: Typed = (),
    today: date,
) -> dict[str, Any]:
    """Return the document of a comparison."""
    page, communities = reverse_pair(*pair.slugs), pair.communities
    estimate = build_estimate(tuple(column["priced"] for column in columns), usage)
    verdict = write_verdict(columns, communities, seats, preference=pair.preference)
    return {
        "schema": COMPARISON_SCHEMA,
        "votes_are_made_up": pair.revision.has_made_up_votes,
        "url": absolute_url(page),
        "json": absolute_url(json_address(page)),
        "image": absolute_url(reverse_pair_image(*pair.slugs)),
        "is_editorial": pair.is_editorial,
        "introduction": pair.introduction,
        "headline": verdict.headline,
        "reason": verdict.reason,
        "sentence": verdict.sentence,
        "picks": _picks(page, _choose_lines(pair, tools, columns)),
        "must_haves": [_must_have(need, tools) for need in list_needs(tools)],
        "notice": write_like_for_like_notice(*columns),
        "pricing_read": write_pricing_read(*((column["name"], column["prices"]) for column in columns)),
        "split": {
            "sentence": describe_split(seats),
            "seats": [{"slug": row["slug"], "name": row["name"]} for row in seats if row["differs"]],
        },
        "pair_votes": _pair_votes(pair.preference),
        "tools": [
            _tool(tool, column, community, _find_answer(estimate, place), today=today)
            for place, (tool, column, community) in enumerate(zip(tools, columns, communities, strict=True))
        ],
    }


def build_tool(
    tool: ToolRecord,
    column: Column,
    community: Community,
    comparisons: Sequence[PairRecord],
    peers: Mapping[int, Peers],
    history: HistoryRecord,
    *,
    published_at: datetime,
    has_made_up_votes: bool,
    usage: Typed = (),
    today: date,
) -> dict[str, Any]:
    """Return the document of a tool with its newest comparisons. `peers` are by attribute."""
    answer = _find_answer(build_estimate((column["priced"],), usage), 0)
    return {
        "schema": TOOL_SCHEMA,
        "votes_are_made_up": has_made_up_votes,
        **_tool(tool, column, community, answer, today=today),
        "peers": [
            {
                "slug": fact["slug"],
                "tools": found.total,
                "yes": found.yes,
                "partly": found.partly,
                "unknown": found.unknown,
                "words": found.words,
            }
            for fact in tool["facts"] or []
            if (found := peers.get(fact["attribute"]))
        ],
        "comparisons": [
            {
                "first": pair["first_name"],
                "second": pair["second_name"],
                "url": absolute_url(page),
                "json": absolute_url(json_address(page)),
            }
            for pair in comparisons
            for page in [reverse_pair(pair["first_slug"], pair["second_slug"])]
        ],
        "published_at": published_at.isoformat(),
        "editions": [_edition(edition) for edition in history["editions"] or []],
        "discontinued_plans": [
            {"name": plan["name"], "was": [_former(Price.of_record(old).words, old) for old in plan["was"]]}
            for plan in history["plans"] or []
        ],
        "discontinued_facts": [
            {"name": fact["name"], "was": [_former(old["words"], old) for old in fact["was"]]}
            for fact in history["facts"] or []
        ],
    }


def _find_answer(estimate: Estimate | None, place: int) -> ToolEstimate | None:
    """Return what an estimate says of one of the tools; None if nobody asked, or what was asked cannot be read."""
    return estimate.tools[place] if estimate and estimate.tools else None


def _tool(
    tool: ToolRecord, column: Column, community: Community, answer: ToolEstimate | None, *, today: date
) -> dict[str, Any]:
    panel, shown = column["panel"], community.has_number
    return {
        "slug": tool["slug"],
        "name": tool["name"],
        "short_name": column["brief_name"],
        "url": absolute_url(column["url"]),
        "json": absolute_url(json_address(column["url"])),
        "image": absolute_url(reverse_tool_image(tool["slug"])),
        "category": {
            "slug": tool["category_slug"],
            "name": tool["category_name"],
            "url": absolute_url(reverse_slug("category", tool["category_slug"])),
        },
        "tagline": tool["tagline"],
        "description": tool["description"],
        "website": tool["website"],
        "example": tool["example"],
        "logo": absolute_url(logos.file_url(tool["logo"], "png")) if tool["logo"] else None,
        "panel": {"ship": panel.ship, "seats": panel.seats, "percent": panel.percent, "words": panel.words},
        "community": {
            "votes": community.votes,
            "ship": community.ship,
            "skip": community.skip,
            "percent": community.percent if shown else None,
            "low": community.low if shown else None,
            "high": community.high if shown else None,
            "words": community.words,
            "held": community.held,
            "frozen": community.is_frozen,
        },
        "entry": column["entry"],
        "price_change": column["price_change"],
        "plans": [
            _plan(plan, price, today=today) for plan, price in zip(tool["plans"] or [], column["prices"], strict=True)
        ],
        "estimate": describe_for_programs(answer) if answer else None,
        "facts": [_fact(fact, today=today) for fact in tool["facts"] or []],
        "reviews": [_review(review) for review in tool["reviews"] or []],
        "corrections": [
            {"note": correction["note"], "made_at": correction["made_at"]} for correction in tool["corrections"] or []
        ],
    }


def _choose_lines(pair: Pair, tools: Sequence[ToolRecord], columns: Sequence[Column]) -> Picks:
    found = find_lines(tools, [column["prices"] for column in columns])
    return choose_lines(found, read_lines(json.loads(pair.lines)), list_sources(tools))


def _picks(page: str, picks: Picks) -> list[dict[str, Any]]:
    return [
        {
            "for": side,
            "text": line.text,
            "source": line.source,
            "url": absolute_url(page + line.url) if line.url else "",
        }
        for side, lines in picks._asdict().items()
        for line in lines
    ]


def _must_have(need: Need, tools: Sequence[ToolRecord]) -> dict[str, Any]:
    first, second = (judge(need, read_values(tool).get(need.criterion.slug)) for tool in tools)
    return {"need": need.key, "label": need.label, "first": _fit(first), "second": _fit(second)}


def _fit(fit: Fit | None) -> str | None:
    return None if fit is None else fit.name.lower()


def _pair_votes(preference: Preference) -> dict[str, Any]:
    shown = preference.has_number
    return {
        "first": preference.first,
        "second": preference.second,
        "neither": preference.neither,
        "percent": preference.percent if shown else None,
        "low": preference.low if shown else None,
        "high": preference.high if shown else None,
        "words": preference.words,
    }


def _plan(plan: PlanRecord, price: Price, *, today: date) -> dict[str, Any]:
    return {
        "name": plan["name"],
        "kind": plan["kind"],
        "amount": _format_decimal(price.amount),
        "currency": plan["currency"],
        "period": plan["period"],
        "unit": plan["unit"],
        "per_seat": plan["per_seat"],
        "is_from": plan["is_from"],
        "billed_yearly": plan["billed_yearly"],
        "minimum_seats": plan["minimum_seats"],
        "maximum_seats": plan["maximum_seats"],
        "trial_days": plan["trial_days"],
        "rates": [rate.stored for rate in price.rates],
        "words": price.words,
        **_source(plan["source"], plan["verified_on"], today=today),
        "was": [_former(Price.of_record(old).words, old) for old in plan["was"] or []],
    }


def _fact(fact: FactRecord, *, today: date) -> dict[str, Any]:
    return {
        "slug": fact["slug"],
        "name": fact["name"],
        "kind": fact["kind"],
        "value": fact["words"],
        "canonical": fact["value"],
        "note": fact["note"],
        **_source(fact["source"], fact["verified_on"], today=today),
        "was": [_former(old["words"], old) for old in fact["was"] or []],
    }


def _former(words: str, old: FormerPrice | FormerFact) -> dict[str, Any]:
    """Return a superseded value. It changed, or, with `correction`, we were wrong."""
    return {"words": words, "until": old["until"], "correction": old["correction"]}


def _source(source: str, verified_on: str | None, *, today: date) -> dict[str, Any]:
    """Return the source of a value and when it was last verified; `stale` is None if it never was."""
    stale = is_stale(date.fromisoformat(verified_on), today=today) if verified_on else None
    return {"source": source, "verified_on": verified_on, "stale": stale}


def _format_decimal(amount: Decimal | None) -> str | None:
    """Return an amount as exact decimal digits. Most JSON parsers would turn a number into a binary fraction."""
    return None if amount is None else f"{amount.normalize():f}"


def _basis(review: ReviewRecord | EditionRecord) -> dict[str, Any]:
    """Return how a seat knows; `how` is empty if that is not recorded."""
    return {
        "how": review["basis"],
        "version": review["basis_version"],
        "days": review["basis_days"],
        "words": describe_basis_of(review),
    }


def _review(review: ReviewRecord) -> dict[str, Any]:
    return {"reviewer": {key: review[key] for key in ("slug", "name", "lens", "behind", "seat")}, **_words(review)}


def _edition(edition: EditionRecord) -> dict[str, Any]:
    return {"reviewer": {key: edition[key] for key in ("slug", "name", "seat")}, **_words(edition)}


def _words(review: ReviewRecord | EditionRecord) -> dict[str, Any]:
    return {
        "verdict": review["verdict"],
        "gist": review["gist"],
        "quote": review["quote"],
        "flips_if": review["flips_if"],
        "basis": _basis(review),
        "published_at": review["published_at"],
        "predictions": [
            {key: prediction[key] for key in ("claim", "due_on", "outcome", "note", "source")}
            for prediction in review["predictions"] or []
        ],
    }
