"""Two editors save the same form: what they changed is merged, and only what both changed is asked."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from desk.base import DeskAdmin
from desk.history.events import get_tracked_models, read_version
from tests import factories as make
from tests.desk.forms import change_url, fill_form, read_fields, save_form
from tests.desk.test_restore import restore
from tools.models import Category, Fact, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    """The other editor."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada", password="p"))
    return client


def post_form(client: Client, obj, form: dict, status: int) -> str:
    """Post a form, and return the page, or the messages of a redirect."""
    response = client.post(change_url(obj), {**form, "_save": "Save"})
    assert response.status_code == status, response.content.decode()
    if status == 302:
        return "\n".join(str(message) for message in get_messages(response.wsgi_request) if message.level_tag == "info")
    page = response.content.decode()
    links = re.findall(r'<legend><a href="#([^"]*)">', page)
    assert [link for link in links if f' id="{link}"' not in page] == [], "questions lead to their fields"
    return page


def report_text(page: str) -> str:
    """Return the visible text of the conflict report in a form."""
    [report] = re.findall(r'<div class="conflict" role="alert">.*?Discard mine', page, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", report)).split())


def read_asked(page: str) -> list[str]:
    return re.findall(r'name="asked" value="([^"]*)"', page)


def answer(page: str, keep: str) -> dict:
    """Return the fields of a form that asks, with the same answer to all questions."""
    asked = read_asked(page)
    return read_fields(page) | {"asked": asked} | {f"keep:{name}": keep for name in asked}


def test_fields_that_different_editors_changed_are_merged(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.", aliases=["one", "two"], published_at=None)
    mine = fill_form(admin_client, tool, description="Mine.", aliases="two\nof mine")
    save_form(ada, tool, tagline="Theirs.", aliases="one\ntwo\nof Ada")
    message = post_form(admin_client, tool, mine, 302)
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == ("Theirs.", "Mine.")
    assert tool.aliases == ["two", "of mine", "of Ada"]
    assert re.fullmatch(r"Ada changed the tagline and aliases at \d\d:\d\d UTC; both changes are kept\.", message)
    assert [version.description for version in tool.history.all()] == ["Mine.", "", ""]


def test_draft_that_was_deleted_and_restored_in_the_meantime_is_merged(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.", published_at=None)
    make.plan(of=tool, name="Pro", kind="free")
    mine, pk = fill_form(admin_client, tool, description="Mine."), tool.pk
    tool.delete()
    tool.pk = pk
    restore(ada, tool, tool.history.first())
    message = post_form(admin_client, tool, mine, 302)
    tool.refresh_from_db()
    assert (tool.tagline, tool.description, tool.plans.get().name) == ("Old.", "Mine.", "Pro")
    assert re.sub(r"\d\d:\d\d", "…", message).splitlines() == [
        "A program removed the plan “Pro” and deleted the tool at … UTC; both changes are kept.",
        "Ada restored the tool and added the plan “Pro” at … UTC; both changes are kept.",
    ]


def test_field_that_both_changed_is_asked_and_nothing_typed_is_lost(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.", description="Long words of mine.")
    save_form(ada, tool, tagline="Theirs.", website="https://theirs.example/", change_reason="The maker wrote to us.")
    page = post_form(admin_client, tool, mine, 409)
    report = report_text(page)
    assert re.match(r"Ada saved this at \d\d:\d\d:\d\d UTC \(.*\), while you were editing\. Both of you", report)
    assert "Their reason: The maker wrote to us." in report
    assert "Tagline Before: Old. Theirs: Theirs. Yours: Mine. Keep mine Keep theirs" in report
    assert read_asked(page) == [":tagline"]
    again = read_fields(page)
    typed = {name: value for name, value in mine.items() if name not in ("seen_version", "csrfmiddlewaretoken")}
    assert {name: again[name] for name in typed} == typed | {"website": "https://theirs.example/"}
    tool.refresh_from_db()
    assert (tool.tagline, tool.description, tool.history.count()) == ("Theirs.", "", 2)


def test_long_texts_are_compared_with_what_they_were(admin_client, ada):
    words = "A line that stays as it was.\n" * 8
    tool = make.tool(description=words)
    mine = fill_form(admin_client, tool, description=f"{words}Mine.")
    save_form(ada, tool, description=f"{words}Theirs.")
    page = post_form(admin_client, tool, mine, 409)
    assert "<ins>Theirs.</ins>" in page
    assert "<ins>Mine.</ins>" in page


@pytest.mark.parametrize(("keep", "tagline"), [("mine", "Mine."), ("theirs", "Theirs.")])
def test_answer_decides_and_a_plain_save_asks_again(admin_client, ada, keep, tagline):
    tool = make.tool(tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.", description="Mine, too.")
    save_form(ada, tool, tagline="Theirs.")
    page = post_form(admin_client, tool, mine, 409)
    page = post_form(admin_client, tool, read_fields(page), 409)  # without an answer
    assert "Ada saved this at" in report_text(page)
    post_form(admin_client, tool, answer(page, keep), 302)
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == (tagline, "Mine, too.")


def test_answer_to_an_older_question_does_not_overwrite_a_newer_save(admin_client, ada):
    tool = make.tool(tagline="Old.")
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool, tagline="Theirs.")
    answered = answer(post_form(admin_client, tool, mine, 409), "mine")
    save_form(ada, tool, tagline="Theirs again.")
    report = report_text(post_form(admin_client, tool, answered, 409))
    assert "Tagline Before: Theirs. Theirs: Theirs again. Yours: Mine." in report


def test_line_endings_of_browsers_are_no_change(admin_client):
    tool = make.tool(description="One line.\n\nAnother.")
    save_form(admin_client, tool, description="One line.\r\n\r\nAnother.")
    tool.refresh_from_db()
    assert tool.description == "One line.\n\nAnother."


def test_form_errors_are_shown_with_the_questions(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.")
    mine = fill_form(admin_client, tool, name="", tagline="Mine.")
    save_form(ada, tool, tagline="Theirs.")
    page = post_form(admin_client, tool, mine, 409)
    assert "Tagline" in report_text(page)
    assert "This field is required." in page


def test_what_others_saved_is_merged_although_the_form_has_an_error(admin_client, ada):
    tool = make.tool(name="Alpha", tagline="Old.")
    mine = fill_form(admin_client, tool, name="")
    save_form(ada, tool, tagline="Theirs.")
    page = post_form(admin_client, tool, mine, 200)
    assert read_fields(page)["tagline"] == "Theirs."
    post_form(admin_client, tool, read_fields(page) | {"name": "Beta"}, 302)
    tool.refresh_from_db()
    assert (tool.name, tool.tagline) == ("Beta", "Theirs.")


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


PAID = {"kind": "paid", "amount": 20, "currency": "USD", "period": "month"}


def make_price(tool: Tool, name: str = "Pro") -> Plan:
    return make.plan(of=tool, name=name, **PAID)


def test_fields_of_a_plan_are_merged_one_by_one(admin_client, ada):
    tool = make.tool(published_at=None)
    plan = make_price(tool)
    mine = fill_form(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    save_form(ada, tool, **{"plans-0-amount": "25", "plans-0-rates-0-meter": "request", "plans-0-rates-0-amount": "0.5",
                            "plans-0-rates-0-per": "1k", "plans-0-rates-0-beyond": "costs"})  # fmt: skip
    assert "Ada changed the plan “Pro” at" in post_form(admin_client, tool, mine, 302)
    plan.refresh_from_db()
    assert (plan.amount, plan.source, len(plan.rates)) == (25, "https://example.com/mine", 1)


def test_price_that_others_superseded_is_not_written_again(admin_client, ada):
    tool = make.tool()
    make_price(tool)
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool, **{"plans-0-amount": "25", "plans-0-name": "Plus"})
    post_form(admin_client, tool, mine, 302)
    rows = [(plan.name, plan.amount, plan.superseded_at is None) for plan in Plan.objects.order_by("pk")]
    assert rows == [("Pro", 20, False), ("Plus", 25, True)]
    assert [version.history_type for version in Plan.history.order_by("history_id")] == ["+", "~", "+"]
    tool.refresh_from_db()
    assert tool.tagline == "Mine."


def test_input_for_a_superseded_row_goes_to_its_successor(admin_client, ada):
    tool = make.tool()
    make_price(tool)
    mine = fill_form(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    save_form(ada, tool, **{"plans-0-amount": "25", "plans-0-name": "Plus"})
    post_form(admin_client, tool, mine, 302)
    current = Plan.objects.current().get()
    assert (current.name, current.amount, current.source) == ("Plus", 25, "https://example.com/mine")
    assert Plan.objects.count() == 2


def test_price_that_both_changed_is_asked(admin_client, ada):
    tool = make.tool()
    make_price(tool)
    mine = fill_form(admin_client, tool, **{"plans-0-amount": "30"})
    save_form(ada, tool, **{"plans-0-amount": "25"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Plan “Pro”: Amount Before: 20 Theirs: 25 Yours: 30" in report_text(page)
    post_form(admin_client, tool, answer(page, "theirs"), 302)
    assert list(Plan.objects.order_by("pk").values_list("amount", flat=True)) == [20, 25]
    mine = fill_form(admin_client, tool, **{"plans-0-amount": "40"})
    save_form(ada, tool, **{"plans-0-amount": "35"})
    post_form(admin_client, tool, answer(post_form(admin_client, tool, mine, 409), "mine"), 302)
    assert list(Plan.objects.order_by("pk").values_list("amount", flat=True)) == [20, 25, 35, 40]


def test_rows_that_either_added_or_removed_are_merged(admin_client, ada):
    tool = make.tool(published_at=None)
    for name in ("Pro", "Team", "Solo"):
        make_price(tool, name)
    mine = fill_form(admin_client, tool, **{"plans-0-DELETE": "on", "plans-3-name": "Mine", "plans-3-kind": "free"})
    save_form(ada, tool, **{"plans-1-DELETE": "on", "plans-4-name": "Theirs", "plans-4-kind": "free"})
    message = post_form(admin_client, tool, mine, 302)
    assert set(Plan.objects.values_list("name", flat=True)) == {"Solo", "Mine", "Theirs"}
    assert ("removed the plan “Team”" in message, "added the plan “Theirs”" in message) == (True, True)


@pytest.mark.parametrize(("keep", "sources"), [("mine", ["https://example.com/mine"]), ("theirs", [])])
def test_row_that_others_removed_and_i_changed_is_asked(admin_client, ada, keep, sources):
    tool = make.tool(published_at=None)
    make_price(tool)
    mine = fill_form(admin_client, tool, **{"plans-0-source": "https://example.com/mine"})
    save_form(ada, tool, **{"plans-0-DELETE": "on"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Plan “Pro” They removed it, and you changed it." in report_text(page)
    page = post_form(admin_client, tool, read_fields(page), 409)
    post_form(admin_client, tool, answer(page, keep), 302)
    assert list(Plan.objects.values_list("source", flat=True)) == sources


@pytest.mark.parametrize(("keep", "amounts"), [("mine", []), ("theirs", [25])])
def test_row_that_i_removed_and_others_changed_is_asked(admin_client, ada, keep, amounts):
    tool = make.tool(published_at=None)
    make_price(tool)
    mine = fill_form(admin_client, tool, **{"plans-0-DELETE": "on"})
    save_form(ada, tool, **{"plans-0-amount": "25"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Plan “Pro” You removed it, and they changed it." in report_text(page)
    page = post_form(admin_client, tool, read_fields(page), 409)
    post_form(admin_client, tool, answer(page, keep), 302)
    assert list(Plan.objects.values_list("amount", flat=True)) == amounts


def test_facts_are_merged_by_attribute(admin_client, ada):
    category = make.category()
    tool = make.tool(category=category)
    attributes = shared, other, third = [make.attribute(name=name) for name in ("License", "Engine", "Zone")]
    category.attributes.set(attributes)
    form = fill_form(admin_client, tool)
    by_attribute = {form[f"facts-{number}-attribute"]: number for number in range(3)}
    place = {one.name: by_attribute[str(one.pk)] for one in (shared, other, third)}
    mine = form | {f"facts-{place['License']}-value": "MIT", f"facts-{place['Zone']}-value": "UTC"}
    save_form(ada, tool, **{f"facts-{place['License']}-value": "GPL", f"facts-{place['Engine']}-value": "Rust"})
    page = post_form(admin_client, tool, mine, 409)
    assert "Fact “License”: Value Theirs: GPL Yours: MIT" in report_text(page)
    post_form(admin_client, tool, answer(page, "theirs"), 302)
    facts = dict(Fact.objects.values_list("attribute__name", "value"))
    assert facts == {"License": "GPL", "Engine": "Rust", "Zone": "UTC"}


def test_edition_and_predictions_of_a_seat_are_merged(admin_client, ada):
    tool, seat = make.tool(published_at=None), make.reviewer(name="The Skeptic")
    review = make.review(of=tool, by=seat, quote="Old words.", published_at=None)
    make.prediction(of=review, claim="It stays.")
    card = f"scorecard-{seat.pk}"
    mine = fill_form(admin_client, tool, **{f"{card}-gist": "Mine.", f"{card}-predictions-1-claim": "Mine.",
                                            f"{card}-predictions-1-due_on": "2099-01-01"})  # fmt: skip
    save_form(ada, tool, **{f"{card}-quote": "Their words.", f"{card}-predictions-1-claim": "Theirs.",
                            f"{card}-predictions-1-due_on": "2099-01-01"})  # fmt: skip
    post_form(admin_client, tool, mine, 302)
    review.refresh_from_db()
    claims = set(review.predictions.values_list("claim", flat=True))
    assert (review.gist, review.quote, claims) == ("Mine.", "Their words.", {"It stays.", "Mine.", "Theirs."})

    mine = fill_form(admin_client, tool, **{f"{card}-quote": "Mine."})
    save_form(ada, tool, **{f"{card}-quote": "Theirs."})
    page = post_form(admin_client, tool, mine, 409)
    assert "The Skeptic: Quote Before: Their words. Theirs: Theirs. Yours: Mine." in report_text(page)
    post_form(admin_client, tool, answer(page, "mine"), 302)
    review.refresh_from_db()
    assert review.quote == "Mine."


def test_draft_that_i_left_alone_stays_deleted(admin_client, ada):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, quote="Old words.", published_at=None)
    mine = fill_form(admin_client, tool, tagline="Mine.")
    save_form(ada, tool, **{f"scorecard-{seat.pk}-discard": "on"})
    post_form(admin_client, tool, mine, 302)
    assert not tool.reviews.exists()


def test_categories_of_an_attribute_are_merged(admin_client, ada):
    first, second, third = (make.category() for _ in range(3))
    attribute = make.attribute()
    save_form(ada, attribute, categories=[str(first.pk)])
    mine = fill_form(admin_client, attribute, categories=[str(first.pk), str(second.pk)])
    save_form(ada, attribute, categories=[str(first.pk), str(third.pk)])
    post_form(admin_client, attribute, mine, 302)
    assert set(attribute.categories.all()) == {first, second, third}


def test_new_review_by_another_road_is_merged(admin_client):
    tool, seat = make.tool(), make.reviewer(name="The Skeptic")
    mine = fill_form(admin_client, tool, tagline="Mine.")
    make.review(of=tool, by=seat, quote="New words.", published_at=None)
    assert "added the review “The Skeptic”" in post_form(admin_client, tool, mine, 302)
    assert [review.quote for review in tool.reviews.all()] == ["New words."]


def test_words_of_an_issue_are_merged(admin_client, ada):
    issue = make.issue()
    mine = fill_form(admin_client, issue, lead="My lead.")
    save_form(ada, issue, subject="Their subject")
    post_form(admin_client, issue, mine, 302)
    issue.refresh_from_db()
    assert (issue.subject, issue.lead) == ("Their subject", "My lead.")
    mine = fill_form(admin_client, issue, lead="Mine again.")
    save_form(ada, issue, lead="Theirs again.")
    response = admin_client.post(change_url(issue), mine | {"_ready": "Mark as ready"})  # asked, so nothing happens
    issue.refresh_from_db()
    assert (response.status_code, issue.lead, issue.state) == (409, "Theirs again.", "draft")


def test_tools_and_introduction_of_a_comparison_are_merged(admin_client, ada):
    comparison = make.comparison(published_at=None)
    other = make.tool(category=comparison.first.category)
    mine = fill_form(admin_client, comparison, introduction="Mine.")
    save_form(ada, comparison, second=str(other.pk))
    post_form(admin_client, comparison, mine, 302)
    comparison.refresh_from_db()
    assert (comparison.introduction, comparison.second) == ("Mine.", other)


def test_predictions_on_the_page_of_a_review_are_merged(admin_client, ada):
    review = make.review(of=make.tool(published_at=None), by=make.reviewer(), quote="Old.", published_at=None)
    for claim in ("First.", "Second."):
        make.prediction(of=review, claim=claim)
    form = fill_form(admin_client, review)
    place = {form[f"predictions-{number}-claim"]: number for number in (0, 1)}
    mine = form | {f"predictions-{place['First.']}-claim": "Mine."}
    save_form(ada, review, quote="Theirs.", **{f"predictions-{place['Second.']}-DELETE": "on"})
    post_form(admin_client, review, mine, 302)
    review.refresh_from_db()
    assert (review.quote, list(review.predictions.values_list("claim", flat=True))) == ("Theirs.", ["Mine."])


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


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_concurrent_saves_succeeds(settings):
    """The version is checked under a lock. Without the lock, all editors would find their version still current."""
    settings.LOCK_WAIT_SECONDS = 30  # each waits for the pages of all others
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


INPUTS = {
    "tagline": ["", "One.", "Two."],
    "website": ["", "https://one.example/", "https://two.example/"],
    "plans-0-amount": ["20", "25", "30"],
    "plans-0-source": ["", "https://one.example/", "https://two.example/"],
}
EDITS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in INPUTS.items()})


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=EDITS, theirs=EDITS)
def test_random_edits_of_two_editors_lead_to_what_a_merge_of_them_gives(admin_client, ada, mine, theirs):
    """Compare the saved tool and the rows of its history with a merge of the two posted forms, cell by cell."""
    tool = make.tool(tagline="", website="")
    make_price(tool)
    before = fill_form(admin_client, tool)
    was = {name: before[name] for name in INPUTS}
    save_form(ada, tool, **theirs)
    prices = Plan.objects.filter(tool=tool).count()
    ours, other = was | mine, was | theirs
    clash = {name for name in INPUTS if len({was[name], ours[name], other[name]}) == 3}
    page = post_form(admin_client, tool, before | mine, 409 if clash else 302)
    assert {name.replace(":", "-").lstrip("-") for name in read_asked(page)} == clash
    if clash:
        post_form(admin_client, tool, answer(page, "mine"), 302)
    merged = {name: ours[name] if ours[name] != was[name] else other[name] for name in INPUTS}
    tool.refresh_from_db()
    plan = Plan.objects.current().get(tool=tool)
    saved = (tool.tagline, tool.website, f"{plan.amount.normalize():f}", plan.source)
    assert saved == tuple(merged.values())
    is_new_price = merged["plans-0-amount"] != other["plans-0-amount"]
    assert Plan.objects.filter(tool=tool).count() == prices + is_new_price
