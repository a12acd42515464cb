"""“Pick A if, pick B if” on the page of a pair and in its JSON document."""

import re
from typing import Any

import html5lib
import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Attribute

pytestmark = pytest.mark.django_db
PAGE = "/compare/alpha-vs-beta/"


def make_pair() -> Attribute:
    """Make Alpha, which can be hosted, and Beta, which a seat would ship instead. Return the attribute."""
    alpha, beta = make.tool(slug="alpha", name="Alpha"), make.tool(slug="beta", name="Beta")
    hosting = make.attribute(slug="hosting", name="Hosting", kind="grade", decides=True, need="you must host it")
    make.fact(of=alpha, attribute=hosting, value="yes")
    make.fact(of=beta, attribute=hosting, value="no")
    seat = make.reviewer(slug="founder", name="The Founder", lens="Who pays?")
    make.review(of=alpha, by=seat, verdict="skip", flips_if="It runs as `alpha serve` & is < 1 GB.")
    make.review(of=beta, by=seat, verdict="ship")
    make.plan(of=alpha, kind="paid", amount=9, currency="USD", period="month")
    make.plan(of=beta, kind="free")
    both = make.attribute(slug="offline", name="Works offline", kind="grade", decides=True)
    for tool in (alpha, beta):
        make.fact(of=tool, attribute=both, value="no")
    return hosting


def read_lines(client: Client, url: str = PAGE) -> list[str]:
    """Return what stands under the sentence, line by line."""
    page = html5lib.parse(client.get(url).content, namespaceHTMLElements=False)
    found = page.find(".//section[@class='picks']")
    if found is None:
        return []
    parts = [element for element in found.iter() if element.tag in ("h2", "li", "p")]
    return [re.sub(r"\s+", " ", "".join(part.itertext())).strip() for part in parts]


def test_lines_say_what_speaks_for_either_tool_and_link_to_it(client):
    make_pair()
    assert read_lines(client) == [
        "Pick Alpha if",
        "You must host it, which Beta does not offer. Hosting",
        "The Founder’s condition to ship it holds: “It runs as alpha serve & is < 1 GB.” The Founder",
        "Pick Beta if",
        "You want to start for free: Alpha starts at $9/mo. Prices",
        "You agree with The Founder: “Gist of The Founder.” The Founder",
        "Neither if “Works offline” matters to you (Works offline).",
    ]
    page = html5lib.parse(client.get(PAGE).content, namespaceHTMLElements=False)
    links = [link.attrib["href"] for link in page.find(".//section[@class='picks']").iter("a")]
    assert links == ["#fact-hosting", "#seat-founder", "#pricing", "#seat-founder", "#fact-offline"]
    ids = {element.attrib.get("id") for element in page.iter()}
    assert {link.removeprefix("#") for link in links} <= ids


def test_links_lead_to_the_whole_page_from_one_that_shows_differences_only(client):
    make_pair()
    page = text(client, f"{PAGE}?only=differences&lens=founder")
    assert f'href="{PAGE}#fact-offline"' in page  # the only seat is the whole panel
    assert 'id="fact-offline"' not in page


def test_document_has_the_same_lines(client):
    make_pair()
    assert client.get("/compare/alpha-vs-beta.json").json()["picks"] == [
        {"for": side, "text": words, "source": source, "url": f"http://127.0.0.1:8000{PAGE}{url}"}
        for side, words, source, url in [
            ("first", "You must host it, which Beta does not offer.", "Hosting", "#fact-hosting"),
            ("first", "The Founder’s condition to ship it holds: “It runs as `alpha serve` & is < 1 GB.”",
             "The Founder", "#seat-founder"),
            ("second", "You want to start for free: Alpha starts at $9/mo.", "Prices", "#pricing"),
            ("second", "You agree with The Founder: “Gist of The Founder.”", "The Founder", "#seat-founder"),
            ("neither", "“Works offline” matters to you.", "Works offline", "#fact-offline"),
        ]
    ]  # fmt: skip


def test_nothing_known_leaves_no_trace(client):
    make.tool(slug="alpha"), make.tool(slug="beta")
    assert read_lines(client) == []
    assert "Neither if" not in text(client, PAGE)
    assert client.get("/compare/alpha-vs-beta.json").json()["picks"] == []


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}])
def test_drafts_of_seats_say_nothing(client, fields):
    alpha, beta = make.tool(slug="alpha"), make.tool(slug="beta")
    seat = make.reviewer()
    make.review(of=alpha, by=seat, verdict="ship")
    make.review(of=beta, by=seat, verdict="skip", flips_if="Secret", **fields)
    assert read_lines(client) == []


def test_only_selected_seats_speak(client):
    alpha, beta = make.tool(slug="alpha"), make.tool(slug="beta")
    seats = [make.reviewer(slug=slug, lens=f"{slug}?") for slug in ("one", "two")]
    for tool, verdicts in ((alpha, "++"), (beta, "--")):
        make.panel(of=tool, seats=seats, verdicts=verdicts)
    assert read_lines(client)[3:] == [f"Pick {beta} if", "Nothing we know of speaks for it alone."]
    assert [line.partition(":")[2] for line in read_lines(client, f"{PAGE}?lens=two")[1:2]] == [
        f" “Gist of {seats[1].name}.” {seats[1].name}"
    ]


@pytest.mark.parametrize("change", [{"need": "you must run it"}, {"decides": False}, {"name": "Running it"}])
def test_etag_changes_with_the_words_of_an_attribute(client, change: dict[str, Any]):
    hosting = make_pair()
    before = client.get(PAGE)
    assert client.get(PAGE, headers={"if-none-match": before.headers["ETag"]}).status_code == 304
    Attribute.objects.filter(pk=hosting.pk).update(**change)
    after = client.get(PAGE, headers={"if-none-match": before.headers["ETag"]})
    assert (after.status_code, after.headers["ETag"] != before.headers["ETag"]) == (200, True)
