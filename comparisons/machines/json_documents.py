"""What the pages show, for programs: plain dictionaries that become JSON. Records in, dictionaries out; no queries.

The shape is documented in docs/json.md, and a test holds the two together. Keys are never removed and never change
their meaning under the same `schema`; new ones may come.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from comparisons.addresses import absolute, reverse_pair, reverse_pair_image, reverse_slug, reverse_tool_image
from comparisons.reading.pairs import Pair
from comparisons.reading.records import FactRecord, PairRecord, PlanRecord, ReviewRecord, ToolRecord
from comparisons.shaping.sentences import describe_split, write_like_for_like_notice, write_pricing_read, write_verdict
from comparisons.shaping.tool_columns import Column, SeatRow
from tools import logos
from tools.prices import Price
from tools.sourcing import is_stale
from votes.community import Community
from votes.preference import Preference

COMPARISON = "shipside-comparison/1"
TOOL = "shipside-tool/1"


def json_address(page: str) -> str:
    """The path of the twin of a page, given the page's path."""
    return page.removesuffix("/") + ".json"


def comparison_twin(
    pair: Pair,
    tools: Sequence[ToolRecord],
    columns: Sequence[Column],
    seats: Sequence[SeatRow],
    *,
    today: date,
) -> dict[str, Any]:
    """Two tools side by side."""
    page, communities = reverse_pair(*pair.slugs), pair.communities
    return {
        "schema": COMPARISON,
        "url": absolute(page),
        "json": absolute(json_address(page)),
        "image": absolute(reverse_pair_image(*pair.slugs)),
        "is_editorial": pair.is_editorial,
        "introduction": pair.introduction,
        "sentence": write_verdict(columns, communities, seats),
        "notice": write_like_for_like_notice(*columns),
        "pricing_read": write_pricing_read(*columns),
        "split": {
            "sentence": describe_split(seats),
            "seats": [{"slug": row["slug"], "name": row["name"]} for row in seats if row["differs"]],
        },
        "pair_votes": _pair_votes(pair.preference),
        "tools": [
            _tool(tool, column, community, today=today)
            for tool, column, community in zip(tools, columns, communities, strict=True)
        ],
    }


def tool_twin(
    tool: ToolRecord, column: Column, community: Community, comparisons: Sequence[PairRecord], *, today: date
) -> dict[str, Any]:
    """One tool, and the newest comparisons that it is part of."""
    return {
        "schema": TOOL,
        **_tool(tool, column, community, today=today),
        "comparisons": [
            {
                "first": pair["first_name"],
                "second": pair["second_name"],
                "url": absolute(page),
                "json": absolute(json_address(page)),
            }
            for pair in comparisons
            for page in [reverse_pair(pair["first_slug"], pair["second_slug"])]
        ],
    }


def _tool(tool: ToolRecord, column: Column, community: Community, *, today: date) -> dict[str, Any]:
    panel, shown = column["panel"], community.has_number
    return {
        "slug": tool["slug"],
        "name": tool["name"],
        "url": absolute(column["url"]),
        "json": absolute(json_address(column["url"])),
        "image": absolute(reverse_tool_image(tool["slug"])),
        "category": {
            "slug": tool["category_slug"],
            "name": tool["category_name"],
            "url": absolute(reverse_slug("category", tool["category_slug"])),
        },
        "tagline": tool["tagline"],
        "description": tool["description"],
        "website": tool["website"],
        "logo": absolute(logos.file_url(tool["logo"], "png")) if tool["logo"] else None,
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
        "plans": [
            _plan(plan, price, today=today) for plan, price in zip(tool["plans"] or [], column["prices"], strict=True)
        ],
        "facts": [_fact(fact, today=today) for fact in tool["facts"] or []],
        "reviews": [_review(review) for review in tool["reviews"] or []],
        "corrections": [
            {"note": correction["note"], "made_at": correction["made_at"]} for correction in tool["corrections"] or []
        ],
    }


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
        "amount": _digits(price.amount),
        "currency": plan["currency"],
        "period": plan["period"],
        "unit": plan["unit"],
        "words": price.words,
        **_founded(plan["source"], plan["verified_on"], today=today),
    }


def _fact(fact: FactRecord, *, today: date) -> dict[str, Any]:
    return {
        "name": fact["name"],
        "value": fact["value"],
        **_founded(fact["source"], fact["verified_on"], today=today),
    }


def _founded(source: str, verified_on: str | None, *, today: date) -> dict[str, Any]:
    """Where a statement was found and when somebody last looked; `stale` is None where nobody ever did."""
    stale = is_stale(date.fromisoformat(verified_on), today=today) if verified_on else None
    return {"source": source, "verified_on": verified_on, "stale": stale}


def _digits(amount: Decimal | None) -> str | None:
    """An amount as exact decimal digits: a JSON number would become a binary fraction in most readers."""
    return None if amount is None else f"{amount.normalize():f}"


def _review(review: ReviewRecord) -> dict[str, Any]:
    return {
        "reviewer": {"slug": review["slug"], "name": review["name"], "lens": review["lens"], "seat": review["seat"]},
        "verdict": review["verdict"],
        "quote": review["quote"],
        "flips_if": review["flips_if"],
        "published_at": review["published_at"],
        "predictions": [
            {key: prediction[key] for key in ("claim", "due_on", "outcome", "note", "source")}
            for prediction in review["predictions"] or []
        ],
    }
