"""The first steps on a site without content; adding the panel, and the attributes of a category, in one step."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.groups import GROUPS
from accounts.models import User
from desk.front import front_page
from desk.front.usual_panel import DISCLOSURE
from reviews.models import Reviewer
from tests import factories as make
from tests.accounts.people import person
from tools.models import Attribute, Category

pytestmark = pytest.mark.django_db
USUAL = reverse("admin:reviews_reviewer_usual")
ADD_CATEGORY = reverse("admin:tools_category_add")
YES = {"confirmed": "yes"}


def steps_for(user: User) -> list[tuple[str, bool]]:
    lists = front_page.build_lists(user)
    return [(item.text, item.is_done) for found in lists if found.slug == "first-steps" for item in found.items]


def test_first_steps_are_ticked_until_all_are_done():
    editor = person("Editor")
    texts = [
        "Seat the panel",
        "Add a category",
        "Have 3 attributes or more",
        "Add a tool",
        "Publish it",
        "Add another tool",
        "Put two tools side by side",
    ]
    assert steps_for(editor) == [(text, False) for text in texts]
    make.reviewer()
    for _ in range(2):
        make.attribute()
    tool = make.tool(published_at=None)  # with its category
    done = {"Seat the panel", "Add a category", "Add a tool"}
    assert steps_for(editor) == [(text, text in done) for text in texts]
    make.attribute()
    tool.publish()
    other = make.tool()
    assert steps_for(editor) == [(text, text != texts[-1]) for text in texts]
    make.comparison(first=tool, second=other, published_at=None)
    assert steps_for(editor) == []


def test_each_step_leads_to_the_next(client):
    client.force_login(person("Editor"))

    def read_next(response) -> str:
        shown = [str(message) for message in response.context["messages"]]
        return "".join(re.findall(r'Next: <a href="([^"]+)">', " ".join(shown)))

    assert read_next(client.post(USUAL, YES, follow=True)) == ADD_CATEGORY
    form = {"name": "Agents", "slug": "agents", "new_attributes": "License\nContext\nHosting"}
    assert read_next(client.post(ADD_CATEGORY, form, follow=True)) == "/admin/tools/tool/add/"
    make.comparison(first=make.tool(), second=make.tool())
    form = {"name": "Chat", "slug": "chat"}
    assert read_next(client.post(ADD_CATEGORY, form, follow=True)) == ""


@pytest.mark.parametrize("group", ["Reviewer", "Moderator"])
def test_first_steps_are_hidden_from_users_who_may_not_take_them(group):
    assert steps_for(person(group)) == []


def test_front_page_of_an_empty_site_links_to_each_first_step(client):
    client.force_login(person("Editor"))
    page = client.get(reverse("admin:index"))
    [steps] = [found for found in page.context["front_lists"] if found.slug == "first-steps"]
    assert [client.get(item.url).status_code for item in steps.items] == [200] * 7
    assert page.content.decode().count('class="today__done"') == 0


def test_panel_is_seated_once_after_confirmation(client):
    ada = person("Editor", username="ada")
    client.force_login(ada)
    assert client.get(USUAL).status_code == 200
    assert client.post(USUAL).status_code == 200
    assert Reviewer.objects.count() == 0
    for _ in range(2):
        response = client.post(USUAL, YES)
        assert (response.status_code, response["Location"]) == (302, reverse("admin:reviews_reviewer_changelist"))
    assert list(Reviewer.objects.values_list("seat", "slug", "disclosure")) == [
        (place, slug, DISCLOSURE) for place, slug in enumerate(("builder", "skeptic", "futurist", "founder"), start=1)
    ]
    assert set(Reviewer.history.values_list("history_user__username", "history_type")) == {("ada", "+")}


def test_only_editors_and_administrators_seat_the_panel():
    seated = {}
    for group in GROUPS:
        client = Client()
        client.force_login(person(group))
        client.post(USUAL, YES)
        seated[group] = Reviewer.objects.count()
        Reviewer.objects.all().delete()
    assert seated == {"Reviewer": 0, "Editor": 4, "Moderator": 0, "Administrator": 4}
    Client().post(USUAL, YES)
    assert Reviewer.objects.count() == 0


def test_category_form_adds_attributes_and_shares_existing_ones(client):
    client.force_login(person("Editor"))
    other = make.category()
    license_attribute = make.attribute(name="License", slug="license")
    license_attribute.categories.add(other)
    make.attribute(name="Context", slug="context-window")
    lines = "license\n  Context   window \n\nSelf-hosting\r\nself-hosting"
    response = client.post(
        ADD_CATEGORY, {"name": "Coding Agents", "slug": "coding-agents", "description": "", "new_attributes": lines}
    )
    assert response.status_code == 302
    category = Category.objects.get(slug="coding-agents")
    assert list(category.attributes.values_list("name", "slug")) == [
        ("License", "license"),
        ("Context window", "context-window-2"),
        ("Self-hosting", "self-hosting"),
    ]
    assert list(license_attribute.categories.order_by("pk")) == [other, category]


@pytest.mark.parametrize(
    ("lines", "words"),
    [("License\n###", "###: needs a letter or a digit for its address."), ("x" * 101, "has 101 characters")],
)
def test_attribute_without_a_slug_is_refused_and_nothing_is_saved(client, lines, words):
    client.force_login(person("Editor"))
    response = client.post(ADD_CATEGORY, {"name": "A", "slug": "a", "new_attributes": lines})
    assert words in response.content.decode()
    assert (Category.objects.count(), Attribute.objects.count()) == (0, 0)


def test_existing_category_can_add_attributes(client):
    client.force_login(person("Editor"))
    category = make.category(name="Agents", slug="agents")
    url = reverse("admin:tools_category_change", args=[category.pk])
    client.post(url, {"name": "Agents", "slug": "agents", "description": "", "new_attributes": "License"})
    assert list(category.attributes.values_list("name", flat=True)) == ["License"]


def test_menu_starts_with_what_editors_write(client):
    client.force_login(person("Administrator"))
    menu = client.get(reverse("admin:index")).context["app_list"]
    assert [app["app_label"] for app in menu] == [
        "tools", "reviews", "comparisons", "votes", "newsletter", "accounts",
    ]  # fmt: skip
    assert [model["object_name"] for model in menu[0]["models"]] == [
        "Tool", "Category", "Attribute", "Plan", "Fact", "Correction", "CatalogFile", "BulkChange",
    ]  # fmt: skip
    assert [model["object_name"] for model in menu[-1]["models"]] == ["User", "Group"]
