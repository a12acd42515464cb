"""Comparisons at the desk: the check of a pair before it is saved."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse

from comparisons.models import Comparison
from tests import factories as make
from tests.desk.people import EDITOR, WRITER, make_user, sign_in

pytestmark = pytest.mark.django_db
ADD = "/admin/comparisons/comparison/add/"
CHECK = "/admin/comparisons/comparison/check/"


def read_text(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def client():
    return sign_in(make_user(*EDITOR))


def two_tools():
    seats = [make.reviewer(name=name) for name in ("The Builder", "The Skeptic")]
    one, two = make.tool(name="Alpha", slug="alpha"), make.tool(name="Beta", slug="beta", published_at=None)
    make.panel(of=one, seats=seats, verdicts="++")
    make.review(of=two, by=seats[0], published_at=None)
    make.review(of=two, by=seats[1], verdict="skip", published_at=make.FUTURE)
    return one, two


def test_check_shows_what_the_page_will_say(client, django_assert_num_queries):
    one, two = two_tools()
    response = client.get(CHECK, {"first": one.pk, "second": two.pk})
    assert read_text(response) == (
        "Alpha leads the panel, 2 to 1. Only The Skeptic separates them, skipping Beta: “Gist of The Skeptic.” "
        "2 seats reviewed both tools; unpublished reviews are counted. "
        "Beta is not public yet: it is a draft."
    )
    Comparison.objects.create(first=one, second=two)
    with django_assert_num_queries(10):  # session, user, permissions twice; two tools; drafts, pair, columns, and votes
        client.get(CHECK, {"first": one.pk, "second": two.pk})


def test_check_has_the_sentence_of_the_page(client):
    one, two = two_tools()
    sentence = re.search(
        r'pair-check__sentence">(.*?)</p>', client.get(CHECK, {"first": one.pk, "second": two.pk}).text
    )
    for review in two.reviews.all():
        review.publish()
    two.publish()
    page = client.get("/compare/alpha-vs-beta/").content.decode()
    assert sentence[1] in page


def test_check_leaves_nothing_in_the_caches_of_the_page(client):
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
def test_existing_comparison_is_reported_by_the_check_and_on_save(client, is_reversed, fields, state):
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


def test_comparison_does_not_warn_about_itself(client):
    pair = make.comparison()
    assert "compared already" not in client.get(f"/admin/comparisons/comparison/{pair.pk}/change/").content.decode()
    found = client.get(CHECK, {"first": pair.first.pk, "second": pair.second.pk, "but": pair.pk})
    assert "compared already" not in found.content.decode()


def test_tool_cannot_be_compared_with_itself(client):
    tool = make.tool()
    assert (
        read_text(client.get(CHECK, {"first": tool.pk, "second": tool.pk})) == "A tool cannot be compared with itself."
    )
    assert "A tool cannot be compared with itself." in read_text(
        client.post(ADD, {"first": tool.pk, "second": tool.pk})
    )


@pytest.mark.parametrize("asked", [{}, {"first": "x", "second": "y"}, {"first": 10**9, "second": 1}])
def test_check_of_anything_but_two_tools_is_refused(client, asked):
    response = client.get(CHECK, asked)
    assert (response.status_code, read_text(response)) == (400, "Choose two tools that exist.")


def test_typed_names_work_without_javascript(client):
    two_tools()
    page = client.get(ADD).content.decode()
    assert f'formaction="{CHECK}" formtarget="_blank"' in page
    assert 'name="first-typed"' in page
    checked = client.post(CHECK, {"first-typed": "alpha", "second-typed": "BETA", "introduction": "Kept in its tab."})
    assert checked.status_code == 200
    assert "Alpha" in read_text(checked)
    assert Comparison.objects.count() == 0
    client.post(ADD, {"first-typed": "alpha", "second-typed": "BETA", "introduction": "Mine."})
    assert str(Comparison.objects.get()) == "Alpha vs Beta"


def test_unknown_or_ambiguous_typed_name_is_reported_and_kept(client):
    make.tool(name="Twin")
    make.tool(name="Twin")
    response = client.post(ADD, {"first-typed": "twin", "second-typed": 'No "such"'})
    assert "Several tools have the name “twin”. Type the slug of one." in read_text(response)
    assert 'No tool has the name “No "such"”. Type the slug of one.' in read_text(response)
    assert 'value="No &quot;such&quot;"' in response.content.decode()


def test_published_comparison_may_swap_but_not_change_its_tools(client):
    pair, other = make.comparison(introduction="Hm."), make.tool(name="Other")
    address = f"/admin/comparisons/comparison/{pair.pk}/change/"
    first, second = pair.first, pair.second
    assert client.post(address, {"first": second.pk, "second": first.pk, "introduction": "Hm."}).status_code == 302
    response = client.post(address, {"first": first.pk, "second": other.pk, "introduction": "Hm."})
    assert "Readers have seen this comparison." in read_text(response)
    pair.refresh_from_db()
    assert (pair.first, pair.second) == (second, first)
    draft = make.comparison(published_at=None)
    address = f"/admin/comparisons/comparison/{draft.pk}/change/"
    assert client.post(address, {"first": first.pk, "second": other.pk, "introduction": "Hm."}).status_code == 302


def test_new_comparison_is_a_draft(client):
    one, two = two_tools()
    client.post(ADD, {"first": one.pk, "second": two.pk, "introduction": "Hm.", "published_at": "2026-01-01 09:00"})
    assert Comparison.objects.get().state == "draft"


def test_unpublished_tools_are_suggested_to_users_who_may_see_tools(client):
    make.tool(name="Hidden gem", published_at=None)
    asked = {"app_label": "comparisons", "model_name": "comparison", "field_name": "first", "term": "hidden"}
    found = json.loads(client.get("/admin/autocomplete/", asked).content)["results"]
    assert [result["text"] for result in found] == ["Hidden gem"]
    blind = sign_in(make_user("comparisons.add_comparison"))
    assert blind.get("/admin/autocomplete/", asked).status_code == 403


def test_check_needs_permission_to_write_comparisons(client):
    one, two = two_tools()
    asked = {"first": one.pk, "second": two.pk}
    assert sign_in(make_user(*WRITER)).get(CHECK, asked).status_code == 200
    assert sign_in(make_user("comparisons.add_comparison")).get(CHECK, asked).status_code == 403
    assert sign_in(make_user("comparisons.view_comparison", "tools.view_tool")).get(CHECK, asked).status_code == 403
    assert sign_in(make_user("tools.change_tool")).get(CHECK, asked).status_code == 403


def test_introduction_has_a_markdown_preview(client):
    page = client.get(ADD).content.decode()
    [url] = re.findall(r'<textarea name="introduction"[^>]* data-preview="([^"]+)"', page)
    assert client.post(url, {"text": "**Teams**"}).content.decode() == "<p><strong>Teams</strong></p>"
    assert re.search(r'<script src="/static/desk/preview(\.\w+)?\.js"', page)


def test_viewer_sees_the_form_without_fields(client):
    pair = make.comparison()
    viewer = sign_in(make_user("comparisons.view_comparison"))
    response = viewer.get(reverse("admin:comparisons_comparison_change", args=[pair.pk]))
    assert response.status_code == 200
    assert "pair-check" not in response.content.decode()
