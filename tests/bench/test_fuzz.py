"""A short run of `make fuzz`, which must also fail where it should."""

import random
from urllib.parse import unquote

import pytest

from accounts.models import User
from bench.fuzz import ANONYMOUS, SUPERUSER, Fuzzer, PageForms, Route, add_users, list_routes, list_values
from tests import factories as make
from tools.choices import Meter

REQUESTS = 40  # per identity


def test_routes_are_addresses_of_every_part_of_the_site():
    routes = list_routes()
    assert len(routes) > 250
    assert [route for route in routes if set("".join(route.parts[::2])) & set("()[]^$?*|\\<>")] == []
    assert Route(("tools/", "slug", "/vote/")) in routes
    assert Route(("admin/tools/tool/", "object_id", "/change/")) in routes
    assert Route(("account/login/",)) in routes


@pytest.fixture
def site():
    tool = make.tool_with_every_kind_of_row()
    other = make.tool()
    make.comparison(first=tool, second=other)
    make.tool(published_at=None)
    make.votes(on=tool, ship=2)
    make.votes(on=tool, ship=2, state="held", held_for="burst")
    make.pair_votes(between=(tool, other), first=2)
    make.subscriber()
    make.issue_of_everything()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", [ANONYMOUS, "Reviewer", "Editor", "Moderator", "Administrator", SUPERUSER])
@pytest.mark.usefixtures("site")
def test_random_requests_are_no_errors(who, settings):
    settings.REQUIRE_MFA = False
    fuzzer = Fuzzer(who, add_users()[who], random.Random(who))  # noqa: S311 (reproducible)
    fuzzer.run(REQUESTS)
    assert "\n".join(map(str, fuzzer.failures)) == ""
    assert fuzzer.statuses.total() == REQUESTS
    assert fuzzer.statuses[200]


@pytest.mark.django_db
@pytest.mark.usefixtures("site")
def test_queries_have_the_parameters_of_the_page_and_those_that_the_vocabulary_makes(client):
    attribute = make.attribute(slug="window")
    fuzzer, values = Fuzzer(ANONYMOUS, None, random.Random(1)), list_values()  # noqa: S311
    queries = [fuzzer._make_query(client, "/tools/", values) for _ in range(2000)]
    names = {unquote(part.partition("=")[0]) for query in queries for part in query[1:].split("&")}
    page = PageForms.read(client.get("/tools/").text)
    assert {"category", "sort", "budget"} <= set(page.parameters) <= names
    assert {"need", "before", "t", *Meter.values, attribute.slug, "window.min", "window.max"} <= names
    post = '<form method="post"><input name="a"></form><form action="/"><input name="b"></form>'
    assert PageForms.read(post) == PageForms([("a", "on"), ("b", "on")], ["b"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("site")
def test_fuzzer_reports_an_error(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("on purpose")

    monkeypatch.setattr("bench.fuzz.list_routes", lambda: [Route(("tools/",))])
    monkeypatch.setattr("comparisons.views.tools.parse_tool_filter", fail)
    fuzzer = Fuzzer(ANONYMOUS, None, random.Random(1))  # noqa: S311
    fuzzer.run(20)
    assert "on purpose" in str(fuzzer.failures[0])


@pytest.mark.django_db
@pytest.mark.usefixtures("site")
def test_account_that_was_deleted_or_whose_name_was_taken_is_made_again(monkeypatch):
    monkeypatch.setattr("bench.fuzz.list_routes", lambda: [Route(("tools/",)), Route(("admin/",))])
    editor = add_users()["Editor"]
    User.objects.filter(username="fuzz-Editor").update(username="renamed")
    make.user(username="fuzz-Editor")
    Fuzzer("Editor", editor, random.Random(1)).run(1)  # noqa: S311
    User.objects.filter(pk=editor.pk).delete()
    Fuzzer("Editor", editor, random.Random(1)).run(1)  # noqa: S311
    assert [user.pk for user in User.objects.filter(username="fuzz-Editor")] == [editor.pk]
