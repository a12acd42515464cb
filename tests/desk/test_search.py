"""The search over the whole desk finds what the lists would show the user, and nothing else."""

import pytest
from django.utils.html import escape

from tests import factories as make
from tests.accounts.people import person
from tests.desk.people import make_user, sign_in
from tools.models import Fact, Plan

pytestmark = pytest.mark.django_db
URL = "/admin/search/"


def search(client, text: str, *, path: str = URL) -> dict[str, list[str]]:
    """Return what was found: {kind: [texts]}."""
    response = client.get(path, {"q": text})
    assert response.status_code == 200
    return {group.title: [hit.text for hit in group.hits] for group in response.context["groups"]}


def test_rows_of_every_kind_are_found_and_lead_to_their_forms(admin_client):
    tool = make.tool(name="Quillbench", tagline="A quillbench for writers")
    rival = make.tool(name="Ollama")
    make.comparison(first=tool, second=rival)
    review = make.review(of=rival, by=make.reviewer(name="Quillbench fan"), quote="Better than Quillbench. Says much.")
    make.prediction(of=review, claim="Quillbench ships in May")
    make.plan(of=tool, name="Quillbench Pro")
    make.fact(of=rival, value="quillbench", attribute=make.attribute(name="Rival"))
    make.correction(of=tool, note="The name is Quillbench, not Quilbench")
    make.category(name="Quillbenches")
    make.subscriber(email="quillbench@example.com")
    make.issue(subject="Quillbench ships", state="sent")
    make.user(username="quillbench")
    found = search(admin_client, "quillbench")
    assert {kind: len(texts) for kind, texts in found.items()} == {
        "Tools": 1, "Categories": 1, "Plans": 1, "Facts": 1, "Corrections": 1, "Reviews": 1, "Reviewers": 1,
        "Predictions": 1, "Comparisons": 1, "Votes on a tool": 1, "Issues": 1, "Subscribers": 1, "Users": 1,
    }  # fmt: skip
    assert found["Subscribers"] == ["quillbench@example.com"]
    assert found["Plans"] == ["Quillbench: Quillbench Pro"]
    for group in admin_client.get(URL, {"q": "quillbench"}).context["groups"]:
        for hit in group.hits:
            assert admin_client.get(hit.url).status_code == 200, hit


def test_long_names_of_tools_leave_room_for_what_is_theirs(admin_client):
    tool = make.tool(name=("Quillbench " * 20).strip()[:200])
    make.plan(of=tool, name="Pro")
    make.fact(of=tool, attribute=make.attribute(name="Reads"), value="long " * 30)
    make.comparison(first=tool, second=make.tool(name="Ollama"))
    make.comparison(first=tool, second=make.tool(name=("Rival " * 33).strip()))
    found = search(admin_client, "quillbench")
    [plan], [fact] = found["Plans"], found["Facts"]
    assert (plan.startswith("Quillbench Quillbench"), plan.endswith("…: Pro")) == (True, True)
    assert fact.startswith("Quillbench Quillbench")
    assert "…: Reads: long long" in fact
    assert fact.endswith("long…")
    assert {name.partition("… vs ")[2][:12] for name in found["Comparisons"]} == {"Ollama", "Rival Rival "}
    assert all(80 < len(text) <= 120 for text in (plan, fact, *found["Comparisons"]))


def test_pages_of_the_menu_are_found(admin_client):
    assert search(admin_client, "catalog file")["Pages"] == ["Catalog file"]
    assert "Subscribers" in search(admin_client, "SUBSCRIB")["Pages"]
    assert search(admin_client, "calend")["Pages"] == ["Calendar"]


def test_words_may_stand_in_different_fields_in_any_order_and_names_come_first(admin_client):
    make.tool(name="Parser", description="It is built on tree-sitter, and is naïve.")
    make.tool(name="Tree-sitter")
    assert search(admin_client, "tree-sitter")["Tools"] == ["Tree-sitter", "Parser"]
    assert search(admin_client, "naive parser")["Tools"] == ["Parser"]
    assert search(admin_client, "naive tree-sitter absent") == {}


def test_superseded_prices_and_facts_are_not_found(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Hobby").supersede(kind="contact")
    make.fact(of=tool, value="mauve", attribute=make.attribute()).supersede(value="teal")
    assert len(search(admin_client, "hobby")["Plans"]) == 1
    assert Plan.objects.filter(name="Hobby").count() == 2
    assert search(admin_client, "mauve") == {}
    assert Fact.objects.filter(value="mauve").exists()


def test_many_rows_lead_to_their_list(admin_client):
    for number in range(6):
        make.tool(name=f"Mill {number}")
    response = admin_client.get("/admin/search/hits/", {"q": "mill"})
    [tools] = [group for group in response.context["groups"] if group.title == "Tools"]
    assert len(tools.hits) == 5
    assert tools.more == "/admin/tools/tool/?q=mill"
    assert b"More tools" in response.content


def test_nobody_finds_what_their_lists_hide(client):
    writer = person("Reviewer")
    seat, other = make.reviewer(held_by=writer), make.reviewer()
    tool = make.tool(name="Wrenchworks")
    make.review(of=tool, by=seat, published_at=None)
    make.review(of=tool, by=other, published_at=None, quote="Wrenchworks is secretly bought. More of that later.")
    make.subscriber(email="wrenchworks@example.com")
    client.force_login(writer)
    found = search(client, "wrenchworks")
    assert found == {"Tools": ["Wrenchworks"], "Reviews": [f"{seat}: ship Wrenchworks"]}
    assert search(client, "secretly bought") == {}


def test_moderators_find_tools_that_were_public(client):
    make.tool(name="Lathe Public")
    make.tool(name="Lathe Draft", published_at=None)
    client.force_login(person("Moderator"))
    assert search(client, "lathe") == {"Votes on a tool": ["Lathe Public"]}


def test_user_without_rights_finds_nothing():
    make.tool(name="Anvil")
    assert search(sign_in(make_user()), "anvil") == {}


@pytest.mark.parametrize("path", [URL, "/admin/search/hits/"])
@pytest.mark.parametrize(
    "text", ["", " ", "%", "_", "\\", "a" * 5000, "x " * 500, "\u200b", "<script>alert(1)</script>"]
)
def test_any_text_is_answered(admin_client, path, text):
    response = admin_client.get(path, {"q": text})
    assert response.status_code == 200
    assert b"<script>alert" not in response.content
    if text.startswith("<script>"):
        assert escape(text).encode() in response.content


def test_search_makes_a_constant_number_of_queries(admin_client, django_assert_max_num_queries):
    def count(number: int) -> int:
        for _ in range(number):
            tool = make.tool(name="Forge")
            make.review(of=tool, by=make.reviewer(), quote="Forge it. Then forge it again.")
            make.plan(of=tool, name="Forge")
            make.comparison(first=tool, second=make.tool())
        with django_assert_max_num_queries(25) as queries:
            search(admin_client, "forge")
        return len(queries)

    search(admin_client, "forge")
    assert count(1) == count(3)
