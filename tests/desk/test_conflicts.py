"""Two editors in one form: the second to save is told what the first one changed, and loses nothing typed."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest
from django.contrib import admin
from django.db import connections
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from desk.base import DeskAdmin
from desk.history.conflicts import follow_rows
from desk.history.events import kinds_of, version_of
from tests import factories as make
from tests.desk.forms import change_address, fields_of, filled, saved
from tools.models import Category, Fact, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    """The other editor."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada", password="p"))
    return client


def posted(client: Client, obj, form: dict, status: int) -> str:
    response = client.post(change_address(obj), {**form, "_save": "Save"})
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def notice(page: str) -> str:
    """What the form says of the conflict, as a reader reads it."""
    [found] = re.findall(r'<div class="conflict" role="alert">.*?conflict__ways', page, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def test_second_to_save_is_told_and_loses_nothing(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.")
    mine = filled(admin_client, tool, tagline="Mine.", description="Long words of mine.")
    saved(ada, tool, tagline="Theirs.", change_reason="The maker wrote to us.")
    page = posted(admin_client, tool, mine, 409)
    said = notice(page)
    assert re.match(
        r"Ada saved this at \d\d:\d\d:\d\d UTC \(.*\), while you were writing\. Nothing that you typed", said
    )
    assert "Their reason: The maker wrote to us." in said
    assert "Tagline Theirs: Old. → Theirs. Yours: Mine." in said
    again = fields_of(page)
    kept = {name: value for name, value in mine.items() if name not in ("seen_version", "csrfmiddlewaretoken")}
    assert {name: again[name] for name in kept} == kept
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == ("Theirs.", "")
    assert tool.history.count() == 2


def test_long_texts_are_set_against_each_other(admin_client, ada):
    words = "A line that stays as it was.\n" * 8
    tool = make.tool(description=words)
    mine = filled(admin_client, tool, description=f"{words}Mine.")
    saved(ada, tool, description=f"{words}Theirs.")
    page = posted(admin_client, tool, mine, 409)
    assert "Yours: with yours, theirs would become: …" in notice(page)
    assert "<del>Theirs</del><ins>Mine</ins>." in page


def test_line_ends_of_browsers_change_nothing(admin_client):
    tool = make.tool(description="One line.\n\nAnother.")
    saved(admin_client, tool, description="One line.\r\n\r\nAnother.")
    tool.refresh_from_db()
    assert tool.description == "One line.\n\nAnother."


def test_mine_is_saved_anyway_when_asked_again(admin_client, ada):
    tool = make.tool(tagline="Old.")
    mine = filled(admin_client, tool, tagline="Mine.")
    saved(ada, tool, tagline="Theirs.")
    posted(admin_client, tool, fields_of(posted(admin_client, tool, mine, 409)), 302)
    assert [entry.tagline for entry in tool.history.all()] == ["Mine.", "Theirs.", "Old."]


def test_third_editor_in_between_is_told_too(admin_client, ada):
    tool = make.tool(tagline="Old.")
    mine = filled(admin_client, tool, tagline="Mine.")
    saved(ada, tool, tagline="Theirs.")
    again = fields_of(posted(admin_client, tool, mine, 409))
    saved(ada, tool, tagline="Theirs again.")
    said = notice(posted(admin_client, tool, again, 409))
    assert ("Theirs. → Theirs again." in said, "Old." in said) == (True, False)


def test_other_mistakes_are_told_at_the_same_time(admin_client, ada):
    tool = make.tool(name="Alpha")
    mine = filled(admin_client, tool, name="")
    saved(ada, tool, tagline="Theirs.")
    page = posted(admin_client, tool, mine, 409)
    assert "Tagline" in notice(page)
    assert "This field is required." in page


def test_ordinary_mistake_is_no_conflict(admin_client):
    tool = make.tool()
    form = filled(admin_client, tool, name="")
    page = posted(admin_client, tool, form, 200)
    assert fields_of(page)["seen_version"] == form["seen_version"]
    assert "conflict__" not in page


def test_form_that_somebody_saved_as_it_was_is_no_conflict(admin_client, ada):
    tool = make.tool()
    mine = filled(admin_client, tool, tagline="Mine.")
    saved(ada, tool)
    posted(admin_client, tool, mine, 302)
    tool.refresh_from_db()
    assert tool.tagline == "Mine."


def test_plan_changed_by_somebody_else_is_a_conflict(admin_client, ada):
    tool = make.tool(published_at=None)
    plan = make.plan(of=tool, name="Pro", kind="contact")
    mine = filled(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    saved(ada, tool, **{"plans-0-kind": "free"})
    page = posted(admin_client, tool, mine, 409)
    assert "Plan “Pro”: Kind Theirs: Contact sales → Free Yours: Contact sales" in notice(page)
    posted(admin_client, tool, fields_of(page), 302)
    plan.refresh_from_db()
    assert (plan.kind, plan.source) == ("contact", "https://example.com/mine")


def test_fact_superseded_by_somebody_else_keeps_what_was_typed(admin_client, ada):
    tool = make.tool()
    fact = make.fact(of=tool, attribute=make.attribute(name="License"), value="MIT")
    mine = filled(admin_client, tool, **{"facts-0-source": "https://example.com/mine"})
    fact.superseded_at = make.PAST
    fact.save()
    newer = make.fact(of=tool, attribute=fact.attribute, value="GPL")
    page = posted(admin_client, tool, mine, 409)
    again = fields_of(page)
    assert (again["facts-0-id"], again["facts-0-value"], again["facts-INITIAL_FORMS"]) == (str(newer.pk), "MIT", "1")
    posted(admin_client, tool, again, 302)
    mine_again = Fact.objects.current().get()
    assert (mine_again.value, mine_again.source, Fact.objects.count()) == ("MIT", "https://example.com/mine", 3)


def test_plan_deleted_by_somebody_else_comes_back_as_typed(admin_client, ada):
    tool = make.tool(published_at=None)
    make.plan(of=tool, name="Pro")
    make.plan(of=tool, name="Team")
    mine = filled(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    saved(ada, tool, **{"plans-0-DELETE": "on"})
    page = posted(admin_client, tool, mine, 409)
    assert "Plan “Pro”: Name" in notice(page)
    posted(admin_client, tool, fields_of(page), 302)
    assert list(Plan.objects.values_list("name", "source")) == [("Team", ""), ("Pro", "https://example.com/mine")]


def test_review_of_the_tool_counts(admin_client):
    tool, seat = make.tool(), make.reviewer(name="The Skeptic")
    mine = filled(admin_client, tool)
    make.review(of=tool, by=seat, quote="New words.", published_at=None)
    assert "Review “The Skeptic”: Quote Theirs: New words." in notice(posted(admin_client, tool, mine, 409))


def test_another_tool_does_not_count(admin_client, ada):
    tool, other = make.tool(), make.tool()
    mine = filled(admin_client, tool)
    saved(ada, other, tagline="Theirs.")
    posted(admin_client, tool, mine, 302)


@pytest.mark.parametrize("seen", ["x", "1.2", "1.2.3.4.5.6.7", "1.2.3.4.5.-6", "9" * 400])
def test_version_that_nobody_saw_is_refused(admin_client, seen):
    tool = make.tool()
    assert admin_client.post(change_address(tool), {"seen_version": seen, "_save": "1"}).status_code == 400


def test_form_without_a_version_is_saved(admin_client):
    category = make.category()
    fields = {
        name: value for name, value in filled(admin_client, category, name="New").items() if name != "seen_version"
    }
    posted(admin_client, category, fields, 302)
    assert Category.objects.get().name == "New"


def test_every_form_of_something_with_a_history_carries_a_version(admin_client):
    review = make.review(of=make.tool(published_at=None), by=make.reviewer(), published_at=None)
    rows = [review, review.tool, review.reviewer, review.tool.category, make.attribute(), make.comparison(),
            make.plan(of=review.tool), make.fact(of=review.tool),
            make.prediction(of=make.review(of=make.tool(), by=review.reviewer))]  # fmt: skip
    for row in rows:
        if isinstance(admin.site._registry.get(type(row)), DeskAdmin):
            form = filled(admin_client, row)
            assert form["seen_version"] == version_of(kinds_of(type(row)), row.pk)
    tracked = [model for model in admin.site._registry if kinds_of(model)]
    assert [model for model in tracked if not isinstance(admin.site._registry[model], DeskAdmin)] == []


def test_version_costs_one_query(django_assert_num_queries):
    tool = make.tool()
    with django_assert_num_queries(1):
        version_of(kinds_of(Tool), tool.pk)


def test_rows_are_followed_whatever_their_order():
    tool = make.tool()
    gone, kept, newer = (make.plan(of=tool, name=name, **fields) for name, fields in (
        ("A", {"superseded_at": make.PAST}), ("B", {}), ("A", {}),
    ))  # fmt: skip
    typed = QueryDict(mutable=True)
    typed.update({"plans-TOTAL_FORMS": "4", "plans-INITIAL_FORMS": "3", "other": "x"})
    for number, (pk, name) in enumerate([(10**12, "gone"), (gone.pk, "A"), (kept.pk, "B"), ("", "new")]):
        typed.update({f"plans-{number}-id": str(pk), f"plans-{number}-name": name})
    follow_rows(typed, "plans", Plan, {kept.pk, newer.pk})
    assert typed.dict() == {
        "plans-TOTAL_FORMS": "4", "plans-INITIAL_FORMS": "2", "other": "x",
        "plans-0-id": str(newer.pk), "plans-0-name": "A", "plans-1-id": str(kept.pk), "plans-1-name": "B",
        "plans-2-id": "", "plans-2-name": "gone", "plans-3-id": "", "plans-3-name": "new",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_exactly_one_is_saved():
    """The version is looked at under a lock: without it all would find what they saw still standing."""
    tool = make.tool(tagline="Old.")
    editors = []
    for name in ("ada", "bea", "cleo", "dora"):
        client = Client()
        client.force_login(User.objects.create_superuser(name, password="p"))
        editors.append((client, filled(client, tool, tagline=f"Of {name}.")))
    start = Barrier(len(editors))

    def save(client: Client, form: dict) -> int:
        try:
            start.wait(timeout=30)
            return client.post(change_address(tool), {**form, "_save": "Save"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(editors)) as pool:
        statuses = list(pool.map(lambda editor: save(*editor), editors))
    assert sorted(statuses) == [302, 409, 409, 409]
    tool.refresh_from_db()
    winner = editors[statuses.index(302)][1]
    assert (tool.tagline, tool.history.count()) == (winner["tagline"], 2)
