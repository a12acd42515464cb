"""What a page says, in the vocabulary of schema.org, as one JSON-LD graph. Shapes in, dictionaries out.

It says only what the page shows. The seats are personas, so a review's author is an Organization and never a Person;
ship is 1 and skip is 0 on a scale from 0 to 1; and a rating by the community is given only while its percent is shown.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from comparisons.addresses import absolute
from comparisons.reading.records import ToolRecord
from comparisons.shaping.tool_columns import Card, Column
from reviews.choices import Verdict
from tools.choices import Period, PlanKind
from tools.prices import Price
from votes.community import Community
from web import markdown

type Node = dict[str, Any]

_SCALE = {"bestRating": 1, "worstRating": 0}
# The characters with which a name could end the script element that it stands in; JSON reads them the same.
_ESCAPES = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def graph(*nodes: Node) -> SafeString:
    """Nodes as the text of a `<script type="application/ld+json">`."""
    text = json.dumps({"@context": "https://schema.org", "@graph": nodes}, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308 (nothing is left that HTML would read)


def breadcrumbs(*steps: tuple[str, str]) -> Node:
    """The way to a page: (name, path) of each step after the front page."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": absolute(path)}
            for place, (name, path) in enumerate([(settings.SITE_NAME, reverse("home")), *steps], start=1)
        ],
    }


def website() -> Node:
    """The site itself."""
    return {"@type": "WebSite", "name": settings.SITE_NAME, "url": absolute(reverse("home"))}


def software(tool: ToolRecord, column: Column, *, quotes: bool) -> Node:
    """A tool with its prices and what each seat says of it; with `quotes` in full, else by verdict and day."""
    node: Node = {
        "@type": "SoftwareApplication",
        "name": tool["name"],
        "url": absolute(column["url"]),
        "applicationCategory": tool["category_name"],
    }
    if tool["tagline"]:
        node["description"] = tool["tagline"]
    if tool["website"]:
        node["sameAs"] = tool["website"]
    if offers := [
        _offer(plan["name"], price)
        for plan, price in zip(tool["plans"] or [], column["prices"], strict=True)
        if price.kind != PlanKind.CONTACT
    ]:
        node["offers"] = offers
    if tool["reviews"]:
        node["review"] = [
            {
                "@type": "Review",
                "author": {"@type": "Organization", "name": review["name"]},
                "datePublished": review["published_at"][:10],
                "reviewRating": {
                    "@type": "Rating",
                    "ratingValue": int(review["verdict"] == Verdict.SHIP),
                    **_SCALE,
                },
                **({"reviewBody": markdown.to_plain_text(review["quote"])} if quotes else {}),
            }
            for review in tool["reviews"]
        ]
    return node


def _offer(plan: str, price: Price) -> Node:
    if price.amount is None:
        return {"@type": "Offer", "name": plan, "price": 0}
    amount = {"price": f"{price.amount.normalize():f}", "priceCurrency": price.currency}
    offer: Node = {"@type": "Offer", "name": plan, **amount}
    if price.period != Period.ONCE:  # what the amount buys is part of what the page says: "1M tokens", "month"
        unit = price.unit or price.period
        offer["priceSpecification"] = {"@type": "UnitPriceSpecification", **amount, "unitText": unit}
    return offer


def rated(node: Node, community: Community) -> Node:
    """A tool's node with the community's rating, which is there only while the page shows a percent."""
    if not community.has_number or community.percent is None:
        return node
    rating = {
        "@type": "AggregateRating",
        "ratingValue": community.percent / 100,
        "ratingCount": community.votes,
        **_SCALE,
    }
    return {**node, "aggregateRating": rating}


def comparison_graph(
    columns: Sequence[Column], tools: Sequence[Node], communities: Sequence[Community], *, url: str, sentence: str
) -> SafeString:
    """A page with two tools side by side. `tools` are their nodes without ratings; `url` is the page's path."""
    first, second = columns
    name = f"{first['name']} vs {second['name']}"
    return graph(
        breadcrumbs((first["category"], first["category_url"]), (name, url)),
        {
            "@type": "WebPage",
            "name": name,
            "url": absolute(url),
            "description": sentence,
            "mainEntity": {
                "@type": "ItemList",
                "numberOfItems": len(tools),
                "itemListElement": [
                    {"@type": "ListItem", "position": place, "item": rated(node, community)}
                    for place, (node, community) in enumerate(zip(tools, communities, strict=True), start=1)
                ],
            },
        },
    )


def tool_graph(tool: ToolRecord, column: Column, community: Community) -> SafeString:
    """A tool's own page."""
    return graph(
        breadcrumbs((column["category"], column["category_url"]), (column["name"], column["url"])),
        rated(software(tool, column, quotes=True), community),
    )


def category_graph(name: str, url: str, cards: Sequence[Card], *, first: int) -> SafeString:
    """A category with its tools in the order of the ranking, from the place `first` on."""
    return graph(
        breadcrumbs((name, url)),
        {
            "@type": "ItemList",
            "name": name,
            "numberOfItems": len(cards),
            "itemListElement": [
                {"@type": "ListItem", "position": place, "name": card.tool.name, "url": absolute(card.url)}
                for place, card in enumerate(cards, start=first)
            ],
        },
    )
