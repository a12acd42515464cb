"""The tool page of the desk: the tool's own fields, permissions, and query counts."""

import pytest
from django.db import IntegrityError

from reviews.models import Review
from tests import factories as make
from tests.desk.tool_forms import ADD, CONFLICT, fill_tool_form, read_errors, tool_url
from tools.models import Tool


def test_add_page_makes_the_slug_from_the_name(admin_client):
    kind = make.category()
    response = admin_client.post(ADD, fill_tool_form(admin_client.get(ADD), name="This vs That 2", category=kind.pk))
    assert response.status_code == 302
    tool = Tool.objects.get()
    assert (tool.slug, tool.name, tool.published_at) == ("this-versus-that-2", "This vs That 2", None)


def test_only_category_is_preselected(admin_client):
    kind = make.category()
    assert fill_tool_form(admin_client.get(ADD))["category"] == str(kind.pk)
    make.category()
    assert fill_tool_form(admin_client.get(ADD))["category"] == ""


def test_slug_avoids_those_of_tools_and_their_former_ones(admin_client):
    kind = make.category()
    make.tool(slug="aider")
    moved = make.tool(slug="aider-2")
    moved.slug = "elsewhere"
    moved.save()
    admin_client.post(ADD, fill_tool_form(admin_client.get(ADD), name="Aider", category=kind.pk))
    assert Tool.objects.get(name="Aider").slug == "aider-3"
    assert admin_client.get("/admin/tools/tool/slug/", {"name": "Aider"}).json() == {"slug": "aider-4"}


def test_slug_that_cannot_be_made_is_required(admin_client):
    make.category()
    response = admin_client.post(ADD, fill_tool_form(admin_client.get(ADD), name="通义"))
    assert read_errors(response) == ["Slug: The name has no Latin letter or digit to make a slug from. Enter a slug."]
    assert "通义" in response.content.decode()


def test_draft_slug_can_be_edited(admin_client):
    tool = make.tool(slug="one", published_at=None)
    admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), slug="two"))
    tool.refresh_from_db()
    assert tool.slug == "two"


def test_published_slug_is_renamed_on_purpose_only_and_old_links_redirect(admin_client, client):
    tool = make.tool(slug="one")
    page = admin_client.get(tool_url(tool))
    admin_client.post(tool_url(tool), {**fill_tool_form(page), "slug": "sneaked-in"})
    tool.refresh_from_db()
    assert tool.slug == "one"
    admin_client.post(tool_url(tool), fill_tool_form(page, rename_to="two"))
    tool.refresh_from_db()
    assert tool.slug == "two"
    assert client.get("/tools/one/").headers["Location"] == "/tools/two/"


@pytest.mark.parametrize("taken", ["other", "before"])
def test_rename_to_a_taken_slug_is_refused(admin_client, taken):
    other = make.tool(slug="before")
    other.slug = "other"
    other.save()
    tool = make.tool()
    errors = read_errors(
        admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), rename_to=taken))
    )
    expected = {
        "other": "Another tool has this slug.",
        "before": "Old links to something else use this slug; choose another.",
    }
    assert errors == [f"Rename the address: {expected[taken]}"]


def test_aliases_are_one_per_line_trimmed_and_unique(admin_client):
    tool = make.tool(name="Aider")
    lines = "  Aider  AI \r\n\r\naider ai\r\nAIDER\r\nA, with a comma"
    admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), aliases=lines))
    tool.refresh_from_db()
    assert tool.aliases == ["Aider AI", "A, with a comma"]


def test_invalid_input_saves_nothing_and_keeps_everything_typed(admin_client):
    make.category()
    seat = make.reviewer()
    page = admin_client.get(ADD)
    typed = {
        "name": "Typed name",
        "website": "javascript:alert(1)",
        "plans-0-name": "Typed plan",
        "plans-0-kind": "paid",
        f"scorecard-{seat.pk}-verdict": "ship",
        f"scorecard-{seat.pk}-quote": "Typed quote",
    }
    response = admin_client.post(ADD, fill_tool_form(page, **typed))
    assert read_errors(response) == [
        "Website: Enter a valid URL.",
        f"{seat.name}, How this seat knows: Choose what stands behind the verdict.",
        "Plan “Typed plan”, Amount: A paid plan needs an amount.",
        "Plan “Typed plan”, Currency: A paid plan needs a currency, such as USD.",
        "Plan “Typed plan”, Period: A paid plan needs a period.",
    ]
    again = fill_tool_form(response)
    assert {name: again[name] for name in typed} == typed
    assert Tool.objects.count() == 0


def test_markdown_preview_uses_our_own_renderer(admin_client, client):
    text = "A **b** [x](javascript:alert(1)) <script>alert(1)</script>"
    response = admin_client.post("/admin/tools/tool/markdown/", {"text": text})
    assert response.content.decode() == (
        "<p>A <strong>b</strong> [x](javascript:alert(1)) &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert admin_client.get("/admin/tools/tool/markdown/").status_code == 405
    assert client.post("/admin/tools/tool/markdown/", {"text": text}).status_code == 302


def test_slug_taken_while_saving_is_reported(admin_client, monkeypatch):
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
    assert admin_client.post(ADD, fill_tool_form(page, name="Twice")).status_code == 302
    assert Tool.objects.get().slug == "twice"


@pytest.mark.parametrize(("seats", "facts"), [(1, 3), (4, 3), (1, 30), (4, 30)])
def test_change_page_makes_a_constant_number_of_queries(admin_client, django_assert_num_queries, seats, facts):
    tool = make.tool()
    for _ in range(seats):
        make.prediction(of=make.review(of=tool, by=make.reviewer()))
    for _ in range(facts):
        attribute = make.attribute()
        attribute.categories.add(tool.category)
        make.fact(of=tool, attribute=attribute)
        make.plan(of=tool)
    with django_assert_num_queries(20):
        assert admin_client.get(tool_url(tool)).status_code == 200


def test_page_with_50_plans_and_100_facts_can_be_saved(admin_client):
    tool = make.tool()
    for _ in range(50):
        make.plan(of=tool)
    for _ in range(100):
        make.fact(of=tool)
    page = admin_client.get(tool_url(tool))
    assert admin_client.post(tool_url(tool), fill_tool_form(page, tagline="Saved")).status_code == 302
    tool.refresh_from_db()
    assert tool.tagline == "Saved"


def test_old_reviews_are_rescanned_for_a_new_name(admin_client):
    tool = make.tool(name="Zed")
    seat = make.reviewer()
    other = make.review(of=make.tool(), by=seat, quote="Use Zed or the Nova Editor instead.")
    page = admin_client.get(tool_url(tool))
    admin_client.post(tool_url(tool), fill_tool_form(page, aliases="Nova Editor"))
    assert list(other.mentions.values_list("tool", flat=True)) == [tool.pk]
    page = admin_client.get(tool_url(tool))
    admin_client.post(tool_url(tool), fill_tool_form(page, name="Other Thing", aliases=""))
    assert list(other.mentions.values_list("tool", flat=True)) == []
    page = admin_client.get(tool_url(tool))
    admin_client.post(tool_url(tool), fill_tool_form(page, short_name="Zed", aliases="zed"))
    assert list(other.mentions.values_list("tool", flat=True)) == [tool.pk]
    tool.refresh_from_db()
    assert (tool.short_name, tool.aliases) == ("Zed", [])  # the alias would say the same
    assert Review.objects.count() == 1


MISTAKES = {
    "website": ({"website": "not a url"}, "Website: Enter a valid URL."),
    "rename": (
        {"rename_to": "Forgeline Two!"},
        "Rename the address: Use lowercase letters, digits, and single hyphens.",
    ),
    "plan": ({"plans-0-verified_on": "x"}, None),
    "fact": ({"facts-0-source": "x"}, None),
    "correction": (
        {"corrections-TOTAL_FORMS": "2", "corrections-1-id": "", "corrections-1-note": "\0"},
        "Correction “new”, Note: Null characters are not allowed.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_on_a_tool_with_every_kind_of_row_is_named(admin_client, mistake):
    tool = make.tool_with_every_kind_of_row()
    typed, expected = MISTAKES[mistake]
    form = fill_tool_form(admin_client.get(tool_url(tool)))
    assert set(typed) - set(form) <= {"rename_to", "corrections-1-id", "corrections-1-note"}
    [error] = read_errors(admin_client.post(tool_url(tool), {**form, **typed, "tagline": "Typed."}))
    assert expected is None or error == expected


def test_first_correction_with_a_mistake_elsewhere_loses_nothing(admin_client):
    tool = make.tool()
    form = fill_tool_form(admin_client.get(tool_url(tool)), website="not a url")
    form |= {"corrections-TOTAL_FORMS": "1", "corrections-0-id": "", "corrections-0-note": "The price was wrong."}
    page = admin_client.post(tool_url(tool), form)
    assert read_errors(page) == ["Website: Enter a valid URL."]
    assert "The price was wrong." in page.text
    assert not tool.corrections.exists()


def test_conflict_on_a_tool_with_corrections_is_reported(admin_client):
    tool = make.tool_with_every_kind_of_row(tagline="Old.")
    mine = fill_tool_form(admin_client.get(tool_url(tool)), tagline="Mine.")
    admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), tagline="Theirs."))
    page = admin_client.post(tool_url(tool), mine)
    assert page.status_code == 409
    assert CONFLICT in page.text
    assert fill_tool_form(page)["tagline"] == "Mine."
