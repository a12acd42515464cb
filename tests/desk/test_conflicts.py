"""Two editors save the same form: the second gets a conflict report and loses no input."""

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
from desk.history.events import get_tracked_models, read_version
from tests import factories as make
from tests.desk.forms import change_url, fill_form, read_fields, save_form
from tools.models import Category, Fact, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    """The other editor."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada", password="p"))
    return client


def post_form(client: Client, obj, form: dict, status: int) -> str:
    response = client.post(change_url(obj), {**form, "_save": "Save"})
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def report_text(page: str) -> str:
    """Return the visible text of the conflict report in a form."""
    [report] = re.findall(r'<div class="conflict" role="alert">.*?conflict__ways', page, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", report)).split())


def test_second_to_save_gets_a_report_and_loses_nothing(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.", description="Long words of mine.")
    save_form(ada, tool, tagline="Theirs.", change_reason="The maker wrote to us.")
    page = post_form(admin_client, tool, mine, 409)
    report = report_text(page)
    assert re.match(r"Ada saved this at \d\d:\d\d:\d\d UTC \(.*\), while you were editing\. Nothing you typed", report)
    assert "Their reason: The maker wrote to us." in report
    assert "Tagline Theirs: Old. → Theirs. Yours: Mine." in report
    again = read_fields(page)
    typed = {name: value for name, value in mine.items() if name not in ("seen_version", "csrfmiddlewaretoken")}
    assert {name: again[name] for name in typed} == typed
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == ("Theirs.", "")
    assert tool.history.count() == 2


def test_report_compares_long_texts(admin_client, ada):
    words = "A line that stays as it was.\n" * 8
    tool = make.tool(description=words)
    mine = fill_form(admin_client, tool, description=f"{words}Mine.")
    save_form(ada, tool, description=f"{words}Theirs.")
    page = post_form(admin_client, tool, mine, 409)
    assert "Yours: your text would change theirs to: …" in report_text(page)
    assert "<del>Theirs</del><ins>Mine</ins>." in page


def test_line_endings_of_browsers_are_no_change(admin_client):
    tool = make.tool(description="One line.\n\nAnother.")
    save_form(admin_client, tool, description="One line.\r\n\r\nAnother.")
    tool.refresh_from_db()
    assert tool.description == "One line.\n\nAnother."


def test_second_save_overwrites_after_the_report(admin_client, ada):
    tool = make.tool(tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool, tagline="Theirs.")
    post_form(admin_client, tool, read_fields(post_form(admin_client, tool, mine, 409)), 302)
    assert [version.tagline for version in tool.history.all()] == ["Mine.", "Theirs.", "Old."]


def test_another_save_after_the_report_is_a_conflict_again(admin_client, ada):
    tool = make.tool(tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool, tagline="Theirs.")
    again = read_fields(post_form(admin_client, tool, mine, 409))
    save_form(ada, tool, tagline="Theirs again.")
    report = report_text(post_form(admin_client, tool, again, 409))
    assert ("Theirs. → Theirs again." in report, "Old." in report) == (True, False)


def test_form_errors_are_shown_with_the_conflict(admin_client, ada):
    tool = make.tool(name="Alpha")
    mine = fill_form(admin_client, tool, name="")
    save_form(ada, tool, tagline="Theirs.")
    page = post_form(admin_client, tool, mine, 409)
    assert "Tagline" in report_text(page)
    assert "This field is required." in page


def test_form_error_alone_is_no_conflict(admin_client):
    tool = make.tool()
    form = fill_form(admin_client, tool, name="")
    page = post_form(admin_client, tool, form, 200)
    assert read_fields(page)["seen_version"] == form["seen_version"]
    assert "conflict__" not in page


def test_save_without_changes_is_no_conflict(admin_client, ada):
    tool = make.tool()
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool)
    post_form(admin_client, tool, mine, 302)
    tool.refresh_from_db()
    assert tool.tagline == "Mine."


def test_plan_changed_by_another_editor_is_a_conflict(admin_client, ada):
    tool = make.tool(published_at=None)
    plan = make.plan(of=tool, name="Pro", kind="contact")
    mine = fill_form(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    save_form(ada, tool, **{"plans-0-kind": "free"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Plan “Pro”: Kind Theirs: Contact sales → Free Yours: Contact sales" in report_text(page)
    post_form(admin_client, tool, read_fields(page), 302)
    plan.refresh_from_db()
    assert (plan.kind, plan.source) == ("contact", "https://example.com/mine")


def test_input_for_a_superseded_fact_goes_to_its_successor(admin_client, ada):
    tool = make.tool()
    fact = make.fact(of=tool, attribute=make.attribute(name="License"), value="MIT")
    mine = fill_form(admin_client, tool, **{"facts-0-source": "https://example.com/mine"})
    fact.superseded_at = make.PAST
    fact.save()
    newer = make.fact(of=tool, attribute=fact.attribute, value="GPL")
    page = post_form(admin_client, tool, mine, 409)
    again = read_fields(page)
    assert (again["facts-0-id"], again["facts-0-value"], again["facts-INITIAL_FORMS"]) == (str(newer.pk), "MIT", "1")
    post_form(admin_client, tool, again, 302)
    mine_again = Fact.objects.current().get()
    assert (mine_again.value, mine_again.source, Fact.objects.count()) == ("MIT", "https://example.com/mine", 3)


def test_input_for_a_deleted_plan_becomes_a_new_plan(admin_client, ada):
    tool = make.tool(published_at=None)
    make.plan(of=tool, name="Pro")
    make.plan(of=tool, name="Team")
    mine = fill_form(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    save_form(ada, tool, **{"plans-0-DELETE": "on"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Plan “Pro”: Name" in report_text(page)
    post_form(admin_client, tool, read_fields(page), 302)
    assert list(Plan.objects.values_list("name", "source")) == [("Team", ""), ("Pro", "https://example.com/mine")]


def test_new_review_of_the_tool_is_a_conflict(admin_client):
    tool, seat = make.tool(), make.reviewer(name="The Skeptic")
    mine = fill_form(admin_client, tool)
    make.review(of=tool, by=seat, quote="New words.", published_at=None)
    assert "Review “The Skeptic”: Quote Theirs: New words." in report_text(post_form(admin_client, tool, mine, 409))


def test_change_of_another_tool_is_no_conflict(admin_client, ada):
    tool, other = make.tool(), make.tool()
    mine = fill_form(admin_client, tool)
    save_form(ada, other, tagline="Theirs.")
    post_form(admin_client, tool, mine, 302)


@pytest.mark.parametrize("seen", ["x", "1.2", "1.2.3.4.5.6.7", "1.2.3.4.5.-6", "9" * 400])
def test_malformed_version_is_refused(admin_client, seen):
    tool = make.tool()
    assert admin_client.post(change_url(tool), {"seen_version": seen, "_save": "1"}).status_code == 400


def test_form_without_a_version_is_saved(admin_client):
    category = make.category()
    fields = {
        name: value for name, value in fill_form(admin_client, category, name="New").items() if name != "seen_version"
    }
    post_form(admin_client, category, fields, 302)
    assert Category.objects.get().name == "New"


def test_every_form_of_a_tracked_model_carries_a_version(admin_client):
    review = make.review(of=make.tool(published_at=None), by=make.reviewer(), published_at=None)
    rows = [review, review.tool, review.reviewer, review.tool.category, make.attribute(), make.comparison(),
            make.plan(of=review.tool), make.fact(of=review.tool),
            make.prediction(of=make.review(of=make.tool(), by=review.reviewer))]  # fmt: skip
    for row in rows:
        if isinstance(admin.site._registry.get(type(row)), DeskAdmin):
            form = fill_form(admin_client, row)
            assert form["seen_version"] == read_version(get_tracked_models(type(row)), row.pk)
    tracked = [model for model in admin.site._registry if get_tracked_models(model)]
    assert [model for model in tracked if not isinstance(admin.site._registry[model], DeskAdmin)] == []


def test_reading_a_version_takes_one_query(django_assert_num_queries):
    tool = make.tool()
    with django_assert_num_queries(1):
        read_version(get_tracked_models(Tool), tool.pk)


def test_rows_are_followed_in_any_order():
    tool = make.tool()
    gone, kept, newer = (make.plan(of=tool, name=name, **fields) for name, fields in (
        ("A", {"superseded_at": make.PAST}), ("B", {}), ("A", {}),
    ))  # fmt: skip
    posted = QueryDict(mutable=True)
    posted.update({"plans-TOTAL_FORMS": "4", "plans-INITIAL_FORMS": "3", "other": "x"})
    for number, (pk, name) in enumerate([(10**12, "gone"), (gone.pk, "A"), (kept.pk, "B"), ("", "new")]):
        posted.update({f"plans-{number}-id": str(pk), f"plans-{number}-name": name})
    follow_rows(posted, "plans", Plan, {kept.pk, newer.pk})
    assert posted.dict() == {
        "plans-TOTAL_FORMS": "4", "plans-INITIAL_FORMS": "2", "other": "x",
        "plans-0-id": str(newer.pk), "plans-0-name": "A", "plans-1-id": str(kept.pk), "plans-1-name": "B",
        "plans-2-id": "", "plans-2-name": "gone", "plans-3-id": "", "plans-3-name": "new",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_concurrent_saves_succeeds():
    """The version is checked under a lock. Without the lock, all editors would find their version still current."""
    tool = make.tool(tagline="Old.")
    editors = []
    for name in ("ada", "bea", "cleo", "dora"):
        client = Client()
        client.force_login(User.objects.create_superuser(name, password="p"))
        editors.append((client, fill_form(client, tool, tagline=f"Of {name}.")))
    start = Barrier(len(editors))

    def save(client: Client, form: dict) -> int:
        try:
            start.wait(timeout=30)
            return client.post(change_url(tool), {**form, "_save": "Save"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(editors)) as pool:
        statuses = list(pool.map(lambda editor: save(*editor), editors))
    assert sorted(statuses) == [302, 409, 409, 409]
    tool.refresh_from_db()
    winner = editors[statuses.index(302)][1]
    assert (tool.tagline, tool.history.count()) == (winner["tagline"], 2)
