"""The tool page of the desk: the tool's own fields, who may change what, and what the page costs."""

import pytest
from django.db import IntegrityError

from reviews.models import Review
from tests import factories as make
from tests.desk.tool_forms import ADD, change, errors_of, filled
from tools.models import Tool


def test_add_page_saves_a_tool_with_slug_from_its_name(admin_client):
    kind = make.category()
    response = admin_client.post(ADD, filled(admin_client.get(ADD), name="This vs That 2", category=kind.pk))
    assert response.status_code == 302
    tool = Tool.objects.get()
    assert (tool.slug, tool.name, tool.published_at) == ("this-versus-that-2", "This vs That 2", None)


def test_only_category_is_chosen_already(admin_client):
    kind = make.category()
    assert filled(admin_client.get(ADD))["category"] == str(kind.pk)
    make.category()
    assert filled(admin_client.get(ADD))["category"] == ""


def test_slug_is_made_free_of_tools_and_their_former_slugs(admin_client):
    kind = make.category()
    make.tool(slug="aider")
    moved = make.tool(slug="aider-2")
    moved.slug = "elsewhere"
    moved.save()
    admin_client.post(ADD, filled(admin_client.get(ADD), name="Aider", category=kind.pk))
    assert Tool.objects.get(name="Aider").slug == "aider-3"
    assert admin_client.get("/admin/tools/tool/slug/", {"name": "Aider"}).json() == {"slug": "aider-4"}


def test_slug_that_cannot_be_made_is_asked_for(admin_client):
    make.category()
    response = admin_client.post(ADD, filled(admin_client.get(ADD), name="通义"))
    assert errors_of(response) == ["Slug: The name has no Latin letter or digit to make a slug from. Enter a slug."]
    assert "通义" in response.content.decode()


def test_slug_of_a_draft_can_be_edited(admin_client):
    tool = make.tool(slug="one", published_at=None)
    admin_client.post(change(tool), filled(admin_client.get(change(tool)), slug="two"))
    tool.refresh_from_db()
    assert tool.slug == "two"


def test_published_slug_is_renamed_by_name_only_and_old_links_redirect(admin_client, client):
    tool = make.tool(slug="one")
    page = admin_client.get(change(tool))
    admin_client.post(change(tool), {**filled(page), "slug": "sneaked-in"})
    tool.refresh_from_db()
    assert tool.slug == "one"
    admin_client.post(change(tool), filled(page, rename_to="two"))
    tool.refresh_from_db()
    assert tool.slug == "two"
    assert client.get("/tools/one/").headers["Location"] == "/tools/two/"


@pytest.mark.parametrize("taken", ["other", "before"])
def test_rename_to_a_taken_slug_says_so(admin_client, taken):
    other = make.tool(slug="before")
    other.slug = "other"
    other.save()
    tool = make.tool()
    said = errors_of(admin_client.post(change(tool), filled(admin_client.get(change(tool)), rename_to=taken)))
    expected = {
        "other": "Another tool has this slug.",
        "before": "Old links to something else use this slug; choose another.",
    }
    assert said == [f"Rename the address: {expected[taken]}"]


def test_aliases_are_one_a_line_trimmed_and_once(admin_client):
    tool = make.tool(name="Aider")
    lines = "  Aider  AI \r\n\r\naider ai\r\nAIDER\r\nA, with a comma"
    admin_client.post(change(tool), filled(admin_client.get(change(tool)), aliases=lines))
    tool.refresh_from_db()
    assert tool.aliases == ["Aider AI", "A, with a comma"]


def test_bad_input_anywhere_keeps_all_that_was_typed_and_saves_nothing(admin_client):
    make.category()
    seat = make.reviewer()
    page = admin_client.get(ADD)
    typed = {
        "name": "Typed name",
        "website": "javascript:alert(1)",
        "plans-0-name": "Typed plan",
        "plans-0-kind": "paid",
        f"scorecard-{seat.pk}-quote": "Typed quote",
    }
    response = admin_client.post(ADD, filled(page, **typed))
    assert errors_of(response) == [
        "Website: Enter a valid URL.",
        f"{seat.name}, Verdict: Choose ship or skip. There is no third answer.",
        "Plan “Typed plan”, Amount: A paid plan needs an amount.",
        "Plan “Typed plan”, Currency: A paid plan needs a currency, such as USD.",
        "Plan “Typed plan”, Period: A paid plan needs a period.",
    ]
    again = filled(response)
    assert {name: again[name] for name in typed} == typed
    assert Tool.objects.count() == 0


def test_markdown_preview_is_made_by_our_own_renderer(admin_client, client):
    text = "A **b** [x](javascript:alert(1)) <script>alert(1)</script>"
    response = admin_client.post("/admin/tools/tool/markdown/", {"text": text})
    assert response.content.decode() == (
        "<p>A <strong>b</strong> [x](javascript:alert(1)) &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert admin_client.get("/admin/tools/tool/markdown/").status_code == 405
    assert client.post("/admin/tools/tool/markdown/", {"text": text}).status_code == 302


def test_tool_saved_while_another_took_its_slug_is_told(admin_client, monkeypatch):
    make.category()
    page = admin_client.get(ADD)
    save = Tool.save_base
    raced = []

    def overtaken(self, *args, **kwargs):
        if not raced:
            raced.append(True)
            raise IntegrityError("duplicate key value violates unique constraint")
        return save(self, *args, **kwargs)

    monkeypatch.setattr(Tool, "save_base", overtaken)
    assert admin_client.post(ADD, filled(page, name="Twice")).status_code == 302
    assert Tool.objects.get().slug == "twice"


@pytest.mark.parametrize(("seats", "facts"), [(1, 3), (4, 3), (1, 30), (4, 30)])
def test_change_page_costs_the_same_whatever_it_holds(admin_client, django_assert_num_queries, seats, facts):
    tool = make.tool()
    for _ in range(seats):
        make.prediction(of=make.review(of=tool, by=make.reviewer()))
    for _ in range(facts):
        attribute = make.attribute()
        attribute.categories.add(tool.category)
        make.fact(of=tool, attribute=attribute)
        make.plan(of=tool)
    with django_assert_num_queries(13):
        assert admin_client.get(change(tool)).status_code == 200


def test_a_page_of_50_plans_and_100_facts_can_be_saved(admin_client):
    tool = make.tool()
    for _ in range(50):
        make.plan(of=tool)
    for _ in range(100):
        make.fact(of=tool)
    page = admin_client.get(change(tool))
    assert admin_client.post(change(tool), filled(page, tagline="Saved")).status_code == 302
    tool.refresh_from_db()
    assert tool.tagline == "Saved"


def test_old_reviews_are_looked_through_for_a_new_name(admin_client):
    tool = make.tool(name="Zed")
    seat = make.reviewer()
    other = make.review(of=make.tool(), by=seat, quote="Use Zed or the Nova Editor instead.")
    page = admin_client.get(change(tool))
    admin_client.post(change(tool), filled(page, aliases="Nova Editor"))
    assert list(other.mentions.values_list("tool", flat=True)) == [tool.pk]
    page = admin_client.get(change(tool))
    admin_client.post(change(tool), filled(page, name="Other Thing", aliases=""))
    assert list(other.mentions.values_list("tool", flat=True)) == []
    assert Review.objects.count() == 1
