"""Putting two tools side by side at the desk: what is known of the pair before it is saved."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse

from comparisons.models import Comparison
from tests import factories as make
from tests.desk.people import EDITOR, WRITER, may, signed_in

pytestmark = pytest.mark.django_db
ADD = "/admin/comparisons/comparison/add/"
CHECK = "/admin/comparisons/comparison/check/"


def text(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def client():
    return signed_in(may(*EDITOR))


def two_tools():
    seats = [make.reviewer(name=name) for name in ("The Builder", "The Skeptic")]
    one, two = make.tool(name="Alpha", slug="alpha"), make.tool(name="Beta", slug="beta", published_at=None)
    make.panel(of=one, seats=seats, verdicts="++")
    make.review(of=two, by=seats[0], published_at=None)
    make.review(of=two, by=seats[1], verdict="skip", published_at=make.FUTURE)
    return one, two


def test_it_reads_out_what_the_page_will_say(client, django_assert_num_queries):
    one, two = two_tools()
    response = client.get(CHECK, {"first": one.pk, "second": two.pk})
    assert text(response) == (
        "Alpha leads with the panel by one seat: 2 of 2 ship it, against 1 of 2 for Beta. "
        "The Skeptic would ship only Alpha. "
        "2 seats reviewed both tools; unpublished reviews are counted. "
        "Beta is not public yet: it is a draft."
    )
    Comparison.objects.create(first=one, second=two)
    with django_assert_num_queries(10):  # session, user, permissions twice; two tools; drafts, pair, columns and votes
        client.get(CHECK, {"first": one.pk, "second": two.pk})


def test_the_sentence_is_the_one_of_the_page(client):
    one, two = two_tools()
    sentence = re.search(
        r'pair-check__sentence">(.*?)</p>', client.get(CHECK, {"first": one.pk, "second": two.pk}).text
    )
    for review in two.reviews.all():
        review.publish()
    two.publish()
    page = client.get("/compare/alpha-vs-beta/").content.decode()
    assert sentence[1] in page


def test_the_page_keeps_nothing_of_a_check(client):
    one, two = two_tools()
    two.publish()
    before = client.get("/compare/alpha-vs-beta/").content
    client.get(CHECK, {"first": one.pk, "second": two.pk})
    assert client.get("/compare/alpha-vs-beta/").content == before


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("fields", "state"),
    [({}, "published"), ({"published_at": None}, "draft"), ({"withdrawn_at": make.PAST}, "withdrawn")],
)
def test_a_pair_that_exists_is_named_while_picking_and_at_saving(client, is_reversed, fields, state):
    existing = make.comparison(**fields)
    tools = [existing.first, existing.second]
    first, second = reversed(tools) if is_reversed else tools
    link = f'<a href="/admin/comparisons/comparison/{existing.pk}/change/">{existing}</a>'
    picked = client.get(CHECK, {"first": first.pk, "second": second.pk}).content.decode()
    assert f"These tools already have a comparison: {link}." in picked
    saved = client.post(ADD, {"first": first.pk, "second": second.pk, "introduction": "Hm."})
    assert saved.status_code == 200
    assert f"These tools already have a comparison: {link} ({state})." in saved.content.decode()
    assert "This pair already has a comparison" not in saved.content.decode()
    assert Comparison.objects.count() == 1


def test_a_comparison_does_not_warn_of_itself(client):
    pair = make.comparison()
    assert "compared already" not in client.get(f"/admin/comparisons/comparison/{pair.pk}/change/").content.decode()
    found = client.get(CHECK, {"first": pair.first.pk, "second": pair.second.pk, "but": pair.pk})
    assert "compared already" not in found.content.decode()


def test_a_tool_is_not_compared_with_itself(client):
    tool = make.tool()
    assert text(client.get(CHECK, {"first": tool.pk, "second": tool.pk})) == "A tool cannot be compared with itself."
    assert "A tool cannot be compared with itself." in text(client.post(ADD, {"first": tool.pk, "second": tool.pk}))


@pytest.mark.parametrize("asked", [{}, {"first": "x", "second": "y"}, {"first": 10**9, "second": 1}])
def test_what_is_no_pair_of_tools_is_told_so(client, asked):
    response = client.get(CHECK, asked)
    assert (response.status_code, text(response)) == (400, "Choose two tools that exist.")


def test_without_javascript_names_are_typed_and_checked(client):
    two_tools()
    page = client.get(ADD).content.decode()
    assert f'formaction="{CHECK}" formtarget="_blank"' in page
    assert 'name="first-typed"' in page
    checked = client.post(CHECK, {"first-typed": "alpha", "second-typed": "BETA", "introduction": "Kept in its tab."})
    assert checked.status_code == 200
    assert "Alpha" in text(checked)
    assert Comparison.objects.count() == 0
    client.post(ADD, {"first-typed": "alpha", "second-typed": "BETA", "introduction": "Mine."})
    assert str(Comparison.objects.get()) == "Alpha vs Beta"


def test_a_typed_name_that_is_nobodys_or_several_tools_is_told_so_and_kept(client):
    make.tool(name="Twin")
    make.tool(name="Twin")
    response = client.post(ADD, {"first-typed": "twin", "second-typed": 'No "such"'})
    assert "Several tools have the name “twin”. Type the slug of one." in text(response)
    assert 'No tool has the name “No "such"”. Type the slug of one.' in text(response)
    assert 'value="No &quot;such&quot;"' in response.content.decode()


def test_a_comparison_that_readers_know_may_turn_round_but_not_change_tools(client):
    pair, other = make.comparison(introduction="Hm."), make.tool(name="Other")
    address = f"/admin/comparisons/comparison/{pair.pk}/change/"
    first, second = pair.first, pair.second
    assert client.post(address, {"first": second.pk, "second": first.pk, "introduction": "Hm."}).status_code == 302
    response = client.post(address, {"first": first.pk, "second": other.pk, "introduction": "Hm."})
    assert "Readers have seen this comparison." in text(response)
    pair.refresh_from_db()
    assert (pair.first, pair.second) == (second, first)
    draft = make.comparison(published_at=None)
    address = f"/admin/comparisons/comparison/{draft.pk}/change/"
    assert client.post(address, {"first": first.pk, "second": other.pk, "introduction": "Hm."}).status_code == 302


def test_a_new_comparison_is_a_draft(client):
    one, two = two_tools()
    client.post(ADD, {"first": one.pk, "second": two.pk, "introduction": "Hm.", "published_at": "2026-01-01 09:00"})
    assert Comparison.objects.get().state == "draft"


def test_unpublished_tools_are_suggested_to_who_may_see_tools(client):
    make.tool(name="Hidden gem", published_at=None)
    asked = {"app_label": "comparisons", "model_name": "comparison", "field_name": "first", "term": "hidden"}
    found = json.loads(client.get("/admin/autocomplete/", asked).content)["results"]
    assert [result["text"] for result in found] == ["Hidden gem"]
    blind = signed_in(may("comparisons.add_comparison"))
    assert blind.get("/admin/autocomplete/", asked).status_code == 403


def test_only_who_writes_comparisons_may_check(client):
    one, two = two_tools()
    asked = {"first": one.pk, "second": two.pk}
    assert signed_in(may(*WRITER)).get(CHECK, asked).status_code == 200
    assert signed_in(may("comparisons.add_comparison")).get(CHECK, asked).status_code == 403
    assert signed_in(may("comparisons.view_comparison", "tools.view_tool")).get(CHECK, asked).status_code == 403
    assert signed_in(may("tools.change_tool")).get(CHECK, asked).status_code == 403


def test_the_introduction_is_previewed(client):
    page = client.get(ADD).content.decode()
    [url] = re.findall(r'<textarea name="introduction"[^>]* data-preview="([^"]+)"', page)
    assert client.post(url, {"text": "**Teams**"}).content.decode() == "<p><strong>Teams</strong></p>"
    assert re.search(r'<script src="/static/desk/preview(\.\w+)?\.js"', page)


def test_who_may_only_look_sees_the_form_without_fields(client):
    pair = make.comparison()
    viewer = signed_in(may("comparisons.view_comparison"))
    response = viewer.get(reverse("admin:comparisons_comparison_change", args=[pair.pk]))
    assert response.status_code == 200
    assert "pair-check" not in response.content.decode()
