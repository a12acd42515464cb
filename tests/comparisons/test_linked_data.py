"""Linked data in the head of pages."""

import json
from typing import Any

import html5lib
import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.contents import SECRET, add_hidden_content, make_site

pytestmark = pytest.mark.django_db
SITE = "http://127.0.0.1:8000"
PUBLISHER = {"@id": f"{SITE}/#publisher"}

# The terms of schema.org that our pages may use: each type with its properties (its own and its ancestors').
TERMS = {
    "AggregateRating": {"ratingValue", "ratingCount", "bestRating", "worstRating"},
    "BreadcrumbList": {"itemListElement"},
    "ItemList": {"name", "numberOfItems", "itemListElement"},
    "ListItem": {"position", "name", "url", "item"},
    "Offer": {"name", "price", "priceCurrency", "priceSpecification"},
    "Organization": {"@id", "name", "url"},
    "Person": {"name"},
    "Rating": {"ratingValue", "bestRating", "worstRating"},
    "Review": {"author", "datePublished", "reviewRating", "reviewBody"},
    "SoftwareApplication": {
        "@id", "name", "url", "description", "sameAs", "applicationCategory", "offers", "review", "aggregateRating",
    },
    "UnitPriceSpecification": {"price", "priceCurrency", "unitText"},
    "WebPage": {"name", "url", "description", "mainEntity", "publisher", "dateModified"},
    "WebSite": {"name", "url", "publisher"},
}  # fmt: skip


def get_graph(client: Client, url: str) -> dict[str, Any]:
    """Return the top nodes of a page's only block of linked data by type. Each type must occur once."""
    document = html5lib.parse(client.get(url).content, namespaceHTMLElements=False)
    [block] = [script for script in document.iter("script") if script.get("type") == "application/ld+json"]
    data = json.loads(block.text)
    assert data.keys() == {"@context", "@graph"}
    assert data["@context"] == "https://schema.org"
    described = {node.get("@id") for node in data["@graph"]}
    for node in data["@graph"]:
        assert_terms(node, described)
    by_type = {node["@type"]: node for node in data["@graph"]}
    assert len(by_type) == len(data["@graph"])
    return by_type


def assert_terms(value: Any, described: set[str]) -> None:
    """Assert that each object has a known type, known properties, and no empty value, or refers to a node by its id."""
    match value:
        case {"@id": reference} if len(value) == 1:
            assert reference in described
        case dict():
            assert value["@type"] != "Offer" or "price" not in value or value["priceCurrency"]
            assert value.keys() - {"@type"} <= TERMS[value["@type"]]
            for inner in value.values():
                assert inner not in (None, "", [])
                assert_terms(inner, described)
        case list():
            for inner in value:
                assert_terms(inner, described)


def test_tool_equals_its_page(client, settings):
    settings.SITE_OPERATOR = "Ada & Co."
    tool = make.tool(slug="alpha", name="Alpha", tagline="A line", website="https://alpha.example/")
    seats = [make.reviewer(name="The Builder"), make.reviewer(name="The Skeptic", behind="person")]
    make.panel(of=tool, seats=seats, verdicts="+-")
    make.plan(of=tool, name="Open", kind="free")
    make.plan(of=tool, name="Pro", kind="paid", amount="20", currency="USD", period="month")
    make.plan(of=tool, name="API", kind="paid", amount="0.25", currency="USD", period="usage", unit="1M tokens")
    make.plan(of=tool, name="For life", kind="paid", amount="99", currency="EUR", period="once")
    make.plan(of=tool, name="Enterprise", kind="contact")
    make.votes(on=tool, ship=18, skip=13)
    scale = {"bestRating": 1, "worstRating": 0}
    pro, api = ({"price": price, "priceCurrency": "USD"} for price in ("20", "0.25"))
    graph = get_graph(client, "/tools/alpha/")
    assert graph["Organization"] == {"@type": "Organization", **PUBLISHER, "name": "Ada & Co.", "url": f"{SITE}/about/"}
    itself = {"@id": f"{SITE}/tools/alpha/#tool"}
    assert graph["WebPage"] == {
        "@type": "WebPage",
        "name": "Alpha",
        "url": f"{SITE}/tools/alpha/",
        "publisher": PUBLISHER,
        "dateModified": "2026-01-05",
        "mainEntity": itself,
    }
    assert graph["SoftwareApplication"] == {
        "@type": "SoftwareApplication",
        **itself,
        "name": "Alpha",
        "url": f"{SITE}/tools/alpha/",
        "applicationCategory": tool.category.name,
        "description": "A line",
        "sameAs": "https://alpha.example/",
        "offers": [
            {"@type": "Offer", "name": "Open", "price": 0, "priceCurrency": "USD"},
            {
                "@type": "Offer",
                "name": "Pro",
                **pro,
                "priceSpecification": {"@type": "UnitPriceSpecification", **pro, "unitText": "month"},
            },
            {
                "@type": "Offer",
                "name": "API",
                **api,
                "priceSpecification": {"@type": "UnitPriceSpecification", **api, "unitText": "1M tokens"},
            },
            {"@type": "Offer", "name": "For life", "price": "99", "priceCurrency": "EUR"},
        ],
        "review": [
            {
                "@type": "Review",
                "author": author,
                "datePublished": "2026-01-05",
                "reviewRating": {"@type": "Rating", "ratingValue": value, **scale},
                "reviewBody": f"Reasons of {name}.",
            }
            for name, value, author in (
                ("The Builder", 1, PUBLISHER),
                ("The Skeptic", 0, {"@type": "Person", "name": "The Skeptic"}),
            )
        ],
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": 0.58, "ratingCount": 31, **scale},
    }


def test_empty_tool_claims_nothing(client):
    tool = make.tool(slug="alpha", name="Alpha")
    make.plan(of=tool, kind="contact")
    make.votes(on=tool, ship=9)
    graph = get_graph(client, "/tools/alpha/")
    assert graph["SoftwareApplication"].keys() == {"@type", "@id", "name", "url", "applicationCategory"}
    assert "dateModified" not in graph["WebPage"]
    assert "article:modified_time" not in client.get("/tools/alpha/").content.decode()


def test_quotes_are_plain_text(client):
    make.review(of=make.tool(slug="alpha"), by=make.reviewer(), quote="It *holds* & `a < b` [so](https://a.example/).")
    [review] = get_graph(client, "/tools/alpha/")["SoftwareApplication"]["review"]
    assert review["reviewBody"] == "It holds & a < b so."


def test_comparison_lists_its_two_tools(client):
    pair = make_site()
    graph = get_graph(client, "/compare/alpha-vs-beta/")
    page = graph["WebPage"]
    assert (page["name"], page["url"]) == ("Alpha 0 vs Beta 0", f"{SITE}/compare/alpha-vs-beta/")
    assert (page["publisher"], page["dateModified"]) == (PUBLISHER, "2026-01-06")
    assert page["description"] == client.get("/compare/alpha-vs-beta.json").json()["sentence"]
    items = page["mainEntity"]["itemListElement"]
    assert [(item["position"], item["item"]["name"]) for item in items] == [(1, "Alpha 0"), (2, "Beta 0")]
    for item, tool in zip(items, (pair.first, pair.second), strict=True):
        own = get_graph(client, tool.get_absolute_url())["SoftwareApplication"]
        for review in own["review"]:
            del review["reviewBody"]  # the page already shows the quotes; repeating them would make it too large
        del own["@id"]
        assert item["item"] == own
    crumbs = [(crumb["name"], crumb["item"]) for crumb in graph["BreadcrumbList"]["itemListElement"]]
    assert crumbs == [
        ("Shipside", f"{SITE}/"),
        (pair.first.category.name, f"{SITE}/categories/{pair.first.category.slug}/"),
        ("Alpha 0 vs Beta 0", f"{SITE}/compare/alpha-vs-beta/"),
    ]


def test_rating_depends_on_the_votes(client):
    pair = make_site()

    def rating():
        page = get_graph(client, "/compare/alpha-vs-beta/")["WebPage"]
        return page["mainEntity"]["itemListElement"][0]["item"].get("aggregateRating", {}).get("ratingValue")

    assert rating() == 0.58  # 7 of 12
    make.votes(on=pair.first, ship=8)
    assert rating() == 0.75
    pair.first.votes.all().delete()
    assert rating() is None


def test_category_lists_its_tools_ranked(client):
    pair = make_site()
    make.tool(category=pair.first.category, name="Aardvark")
    graph = get_graph(client, pair.first.category.get_absolute_url())["ItemList"]["itemListElement"]
    assert [(item["position"], item["name"]) for item in graph] == [(1, "Beta 0"), (2, "Alpha 0"), (3, "Aardvark")]


def test_home_page_describes_the_site(client):
    assert get_graph(client, "/") == {
        "WebSite": {"@type": "WebSite", "name": "Shipside", "url": f"{SITE}/", "publisher": PUBLISHER},
        "Organization": {"@type": "Organization", **PUBLISHER, "name": "Shipside", "url": f"{SITE}/about/"},
    }


def test_free_plan_has_the_currency_of_the_others(client):
    tool = make.tool(slug="alpha")
    make.plan(of=tool, name="Open", kind="free")
    make.plan(of=tool, name="Pro", kind="paid", amount="20", currency="EUR", period="month")
    offers = get_graph(client, "/tools/alpha/")["SoftwareApplication"]["offers"]
    assert [(offer["price"], offer["priceCurrency"]) for offer in offers] == [(0, "EUR"), ("20", "EUR")]


def test_shared_links_say_when_an_article_changed(client):
    make_site()
    for url in ("/compare/alpha-vs-beta/", "/tools/alpha/"):
        page = client.get(url).content.decode()
        assert page.count('<meta property="article:modified_time" content="2026-01-06">') == 1
        assert get_graph(client, url)["WebPage"]["dateModified"] == "2026-01-06"
    assert "article:modified_time" not in client.get("/").content.decode()


def test_name_cannot_close_the_script_element(client):
    name = "</script><script>alert(1)</script><!-- & \u2028 \"'\\"
    tool = make.tool(slug="alpha", name=name, tagline=name)
    make.review(of=tool, by=make.reviewer(name=name[:90]), quote=name)
    make.comparison(first=tool, second=make.tool(slug="beta"))
    for url in ("/tools/alpha/", "/compare/alpha-vs-beta/", f"/categories/{tool.category.slug}/"):
        graph = get_graph(client, url)
        assert "<script>alert" not in client.get(url).content.decode()
        assert json.dumps(name) in json.dumps(graph)


def test_unpublished_content_is_not_described(client):
    pair = make_site()
    urls = ("/compare/alpha-vs-beta/", "/tools/alpha/", "/tools/beta/", pair.first.category.get_absolute_url(), "/")
    before = [get_graph(client, url) for url in urls]
    add_hidden_content(pair)
    assert [get_graph(client, url) for url in urls] == before
    for url in urls:
        assert SECRET.lower() not in client.get(url).content.decode().lower()


def test_other_pages_have_no_linked_data(client):
    assert "ld+json" not in client.get("/newsletter/").content.decode()
