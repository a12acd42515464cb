"""The content of a page in the vocabulary of schema.org, as one JSON-LD graph.

The graph states only what the page shows. The author of a review is a Person only if a person holds the seat; what a
persona says is written by the publisher of the site, an Organization (SITE_OPERATOR), which each graph describes once
and refers to by its id. Ship is 1 and skip is 0 on a scale from 0 to 1.
The community's rating is included only if the page shows its percent.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from comparisons.addresses import absolute_url
from comparisons.reading.records import ReviewRecord, ToolRecord
from comparisons.shaping.tool_columns import Card, Column
from reviews.choices import Behind, Verdict
from tools.choices import Period, PlanKind
from tools.prices import Price
from tools.rates import Rate, format_count, name_meter
from votes.community import Community
from web import markdown

type Node = dict[str, Any]

_SCALE = {"bestRating": 1, "worstRating": 0}
# Characters with which a name could close the script element. JSON parsers read the escapes as the same characters.
_ESCAPES = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def build_graph(*nodes: Node) -> SafeString:
    """Return nodes as the content of a `<script type="application/ld+json">`."""
    text = json.dumps({"@context": "https://schema.org", "@graph": nodes}, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308 (every character that HTML would parse is escaped)


def build_breadcrumbs(*steps: tuple[str, str]) -> Node:
    """Return the breadcrumbs of a page, given the (name, path) of each step after the front page."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": absolute_url(path)}
            for place, (name, path) in enumerate([(settings.SITE_NAME, reverse("home")), *steps], start=1)
        ],
    }


def build_site_graph() -> SafeString:
    """Return the graph of the front page: the site and who publishes it."""
    site = {"@type": "WebSite", "name": settings.SITE_NAME, "url": absolute_url(reverse("home"))}
    return build_graph({**site, "publisher": _refer_to_publisher()}, _describe_publisher())


def _refer_to_publisher() -> Node:
    return {"@id": absolute_url(f"{reverse('home')}#publisher")}


def _describe_publisher() -> Node:
    name = settings.SITE_OPERATOR or settings.SITE_NAME
    return {"@type": "Organization", **_refer_to_publisher(), "name": name, "url": absolute_url(reverse("about"))}


def _describe_page(name: str, path: str, *, modified: date | None) -> Node:
    """Return the node of a page. `modified` is the day that it shows as that of the newest review."""
    page: Node = {"@type": "WebPage", "name": name, "url": absolute_url(path), "publisher": _refer_to_publisher()}
    return {**page, "dateModified": modified.isoformat()} if modified else page


def describe_tool(tool: ToolRecord, column: Column, *, quotes: bool) -> Node:
    """Return the node of a tool with its prices and reviews. Without `quotes`, a review is only its verdict and day."""
    node: Node = {
        "@type": "SoftwareApplication",
        "name": tool["name"],
        "url": absolute_url(column["url"]),
        "applicationCategory": tool["category_name"],
    }
    if tool["tagline"]:
        node["description"] = tool["tagline"]
    if tool["website"]:
        node["sameAs"] = tool["website"]
    # Nothing costs the same in any currency: the one of the other plans, or dollars.
    currency = next((price.currency for price in column["prices"] if price.currency), "USD")
    if offers := [
        _describe_offer(plan["name"], price, currency=currency)
        for plan, price in zip(tool["plans"] or [], column["prices"], strict=True)
        if price.kind != PlanKind.CONTACT
    ]:
        node["offers"] = offers
    if tool["reviews"]:
        node["review"] = [
            {
                "@type": "Review",
                "author": _describe_author(review),
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


def _describe_author(review: ReviewRecord) -> Node:
    if review["behind"] == Behind.PERSON:
        return {"@type": "Person", "name": review["name"]}
    return _refer_to_publisher()


def _describe_offer(plan: str, price: Price, *, currency: str) -> Node:
    if price.kind == PlanKind.FREE:
        return {"@type": "Offer", "name": plan, "price": 0, "priceCurrency": currency}
    if price.amount is None:
        rates = [_describe_rate(rate, price.currency) for rate in price.rates if rate.does_cost]
        return {"@type": "Offer", "name": plan, "priceSpecification": rates}
    amount = {"price": f"{price.amount.normalize():f}", "priceCurrency": price.currency}
    offer: Node = {"@type": "Offer", "name": plan, **amount}
    if price.period != Period.ONCE:  # the page shows what the amount buys: "1M tokens", "month"
        unit = price.unit or price.period
        offer["priceSpecification"] = {"@type": "UnitPriceSpecification", **amount, "unitText": unit}
    return offer


def _describe_rate(rate: Rate, currency: str | None) -> Node:
    size = "" if rate.per == 1 else f"{format_count(rate.per or 1)} "
    return {
        "@type": "UnitPriceSpecification",
        "price": f"{(rate.amount or 0):f}",
        "priceCurrency": currency,
        "unitText": size + name_meter(rate.meter, rate.per or 1),
    }


def add_rating(node: Node, community: Community) -> Node:
    """Return a tool's node with the community's rating, if the page shows a percent."""
    if not community.has_number or community.percent is None:
        return node
    rating = {
        "@type": "AggregateRating",
        "ratingValue": community.percent / 100,
        "ratingCount": community.votes,
        **_SCALE,
    }
    return {**node, "aggregateRating": rating}


def build_comparison_graph(
    columns: Sequence[Column],
    tools: Sequence[Node],
    communities: Sequence[Community],
    *,
    url: str,
    sentence: str,
    modified: date | None,
    has_made_up_votes: bool = False,
) -> SafeString:
    """Return the graph of a comparison page. `tools` are their nodes without ratings; `url` is the path of the page.

    `modified` is the day of the newest review. Made-up votes are no ratings: search engines would not say so.
    """
    if not has_made_up_votes:
        tools = [add_rating(node, community) for node, community in zip(tools, communities, strict=True)]
    first, second = columns
    name = f"{first['name']} vs {second['name']}"
    return build_graph(
        build_breadcrumbs((first["category"], first["category_url"]), (name, url)),
        {
            **_describe_page(name, url, modified=modified),
            "description": sentence,
            "mainEntity": {
                "@type": "ItemList",
                "numberOfItems": len(tools),
                "itemListElement": [
                    {"@type": "ListItem", "position": place, "item": node} for place, node in enumerate(tools, start=1)
                ],
            },
        },
        _describe_publisher(),
    )


def build_tool_graph(
    tool: ToolRecord, column: Column, community: Community, *, has_made_up_votes: bool = False
) -> SafeString:
    """Return the graph of a tool's page. Made-up votes are no rating."""
    page = _describe_page(column["name"], column["url"], modified=column["newest_review_on"])
    itself = {"@id": f"{page['url']}#tool"}
    node = {**describe_tool(tool, column, quotes=True), **itself}
    return build_graph(
        build_breadcrumbs((column["category"], column["category_url"]), (column["name"], column["url"])),
        {**page, "mainEntity": itself},
        node if has_made_up_votes else add_rating(node, community),
        _describe_publisher(),
    )


def build_category_graph(name: str, url: str, cards: Sequence[Card], *, first: int) -> SafeString:
    """Return the graph of a page of a category: its ranked tools, starting at place `first`."""
    return build_graph(
        build_breadcrumbs((name, url)),
        {
            "@type": "ItemList",
            "name": name,
            "numberOfItems": len(cards),
            "itemListElement": [
                {"@type": "ListItem", "position": place, "name": card.tool.name, "url": absolute_url(card.url)}
                for place, card in enumerate(cards, start=first)
            ],
        },
    )
