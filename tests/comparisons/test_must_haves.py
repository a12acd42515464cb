"""A reader's must-haves in the address: on a comparison and on the page of columns."""

import re
from typing import Any

import html5lib
import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Attribute, Fact

pytestmark = pytest.mark.django_db
PAIR = "/compare/alpha-vs-beta/"
COLUMNS = "/compare/custom/?t=alpha&t=beta&t=gamma"


@pytest.fixture(autouse=True)
def _tools():
    """Make Alpha (hosted, MIT), Beta (not hosted, Apache), and Gamma, of which little is known."""
    category = make.category()
    tools = [make.tool(slug=name.lower(), name=name, category=category) for name in ("Alpha", "Beta", "Gamma")]
    make.comparison(first=tools[0], second=tools[1])
    hosting = make.attribute(slug="hosting", name="Hosting", kind="grade", decides=True)
    choices = [{"slug": slug, "name": slug.upper()} for slug in ("mit", "apache", "gpl")]
    license_ = make.attribute(slug="license", name="License", kind="choice", choices=choices)
    context = make.attribute(
        slug="context", name="Context", kind="number", better="higher", unit="tokens", decides=True
    )
    make.attribute(slug="agents", name="Agents", kind="grade")
    values = [("yes", "mit", "128000"), ("no", "apache", "32000"), (None, None, "64000")]
    for tool, of_tool in zip(tools, values, strict=True):
        for attribute, value in zip((hosting, license_, context), of_tool, strict=True):
            if value:
                make.fact(of=tool, attribute=attribute, value=value)


def read(client: Client, url: str) -> dict[str, Any]:
    """Return what a page says about must-haves."""
    response = client.get(url)
    page = html5lib.parse(response.content, namespaceHTMLElements=False)
    sentence = "".join(page.find(".//*[@id='verdict']/p").itertext())
    boxes = [box for box in page.iter("input") if box.attrib.get("name") == "need"]
    remark = page.find(".//details[@class='needs']/p[@class='note']")
    return {
        "left": re.split(r"(?<=\.) (?:The panel|None of|Neither)", sentence)[0] if sentence.startswith("By") else "",
        "out": [out.text for out in page.iter("span") if out.attrib.get("class") == "board__out"],
        "boxes": [box.attrib["value"] for box in boxes],
        "ticked": [box.attrib["value"] for box in boxes if "checked" in box.attrib],
        "remark": remark.text if remark is not None else "",
        "noindex": '<meta name="robots" content="noindex">' in response.content.decode(),
        "canonical": page.find(".//link[@rel='canonical']").attrib["href"].removeprefix("http://127.0.0.1:8000"),
    }


OFFERED = ["hosting", "context:128000"]


def test_page_without_must_haves_offers_boxes(client):
    assert read(client, PAIR) == {
        "left": "", "out": [], "boxes": OFFERED, "ticked": [], "remark": "", "noindex": False, "canonical": PAIR,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "left", "out"),
    [
        ("need=hosting", "By your must-have only Alpha is left.", ["Out: fails “Hosting”."]),
        ("need=hosting,license:mit", "By your two must-haves only Alpha is left.",
         ["Out: fails “Hosting” and “License: MIT”."]),
        ("need=hosting&need=license%3Amit", "By your two must-haves only Alpha is left.",
         ["Out: fails “Hosting” and “License: MIT”."]),
        ("need=context:32k", "By your must-have both are left.", []),
        ("need=license:gpl", "By your must-have neither is left.", ["Out: fails “License: GPL”."] * 2),
        ("need=agents", "By your must-have both are left. Nobody knows whether Alpha or Beta meets “Agents”.", []),
    ],
)  # fmt: skip
def test_must_haves_say_what_is_left_and_strike_what_fails(client, query, left, out):
    said = read(client, f"{PAIR}?{query}")
    assert (said["left"], said["out"]) == (left, out)
    assert (said["noindex"], said["canonical"], said["remark"]) == (True, PAIR, "")


def test_boxes_stay_ticked_and_asked_ones_are_added(client):
    said = read(client, f"{PAIR}?need=license:mit,hosting")
    assert said["boxes"] == [*OFFERED, "license:mit"]
    assert said["ticked"] == ["hosting", "license:mit"]


@pytest.mark.parametrize(
    "query",
    ["need=licence:mit", "need=license", "need=license:bsd", "need=hosting:yes", "need=context:many",
     "need=%3Cscript%3E", "need=a%00b"],
)  # fmt: skip
def test_invalid_must_haves_are_left_out_and_named(client, query):
    said = read(client, f"{PAIR}?{query}")
    assert (said["left"], said["out"], said["ticked"], said["noindex"]) == ("", [], [], True)
    assert said["remark"].endswith("is not a must-have that we know, so it was left out.")


def test_too_many_must_haves_are_cut(client):
    said = read(client, f"{PAIR}?need=hosting,{','.join(f'x{n}' for n in range(400))}")
    assert said["left"] == "By your must-have only Alpha is left."
    assert said["remark"].endswith("Only the first ten must-haves count.")
    assert len(said["remark"]) < 300


@pytest.mark.parametrize("query", ["need=", "need=,,", "needs=hosting"])
def test_empty_must_haves_are_none(client, query):
    assert read(client, f"{PAIR}?{query}") == read(client, PAIR)


def test_etags_differ_by_must_haves_and_follow_the_facts(client):
    address = f"{PAIR}?need=hosting"
    etag = client.get(address).headers["ETag"]
    assert etag != client.get(PAIR).headers["ETag"]
    assert client.get(address, headers={"if-none-match": etag}).status_code == 304
    Fact.objects.get(tool__slug="beta", attribute__slug="hosting").supersede(value="yes")
    after = client.get(address, headers={"if-none-match": etag})
    assert after.status_code == 200
    assert read(client, address)["left"] == "By your must-have both are left."
    Attribute.objects.filter(slug="hosting").update(name="Running it")
    assert client.get(address, headers={"if-none-match": after.headers["ETag"]}).status_code == 200


def test_number_of_queries_does_not_depend_on_must_haves(client, django_assert_num_queries):
    client.get(f"{PAIR}?need=hosting")
    for query in ("need=agents", "need=hosting,license:mit,agents,nothing"):
        with django_assert_num_queries(2):
            client.get(f"{PAIR}?{query}")


def test_links_and_forms_of_the_page_keep_the_selection(client):
    for slug in ("one", "two", "three"):
        seat = make.reviewer(slug=slug)
        for tool in ("alpha", "beta"):
            make.review(of=make.Tool.objects.get(slug=tool), by=seat)
    page = text(client, f"{PAIR}?lens=one&only=differences&need=hosting")
    query = f"{PAIR}?lens=one&amp;only=differences"
    assert f'data-hx-get="{query}&amp;need=hosting"' in page
    assert f'<a href="{query}">Clear</a>' in page
    assert f'href="{PAIR}?lens=one&amp;need=hosting#facts"' in page
    assert f'<a href="{PAIR}?only=differences&amp;need=hosting">Back to the whole panel</a>' in page
    assert f'href="{PAIR}?lens=one,two&amp;only=differences&amp;need=hosting"' in page
    for name, value in (("lens", "one"), ("only", "differences")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page


def test_document_says_how_both_tools_stand(client):
    assert client.get("/compare/alpha-vs-gamma.json").json()["must_haves"] == [
        {"need": "hosting", "label": "Hosting", "first": "yes", "second": None},
        {"need": "context:128000", "label": "Context: at least 128,000 tokens", "first": "yes", "second": "no"},
    ]


def test_columns_are_struck_and_unknown_is_said(client):
    said = read(client, f"{COLUMNS}&need=hosting")
    assert said["left"].startswith("By your must-have Alpha and Gamma are left. Nobody knows whether Gamma meets")
    assert said["out"] == ["Out: fails “Hosting”."]
    assert (said["ticked"], said["noindex"], said["canonical"]) == (["hosting"], True, COLUMNS)
    assert read(client, f"{COLUMNS}&need=nothing")["remark"]


def test_number_of_queries_of_columns_does_not_depend_on_must_haves(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(4) as one:
        client.get(f"{COLUMNS}&need=hosting")
    with django_assert_max_num_queries(len(one)):
        client.get(f"{COLUMNS}&need=hosting,license:mit,agents,context:1,nothing")


def test_typed_names_keep_must_haves_on_the_way(client):
    typed = client.get("/compare/custom/?t=Alpha&t=Beta&t=Gamma&need=hosting,license:mit")
    assert typed.url == f"{COLUMNS}&need=hosting,license:mit"
    assert client.get("/compare/custom/?t=Alpha&t=Beta&need=hosting").url == f"{PAIR}?need=hosting"
