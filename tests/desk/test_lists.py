"""Every change list makes a constant number of queries, and its filters find the right rows."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from comparisons.models import Comparison
from newsletter.models import Delivery, Issue, Outbox, Subscriber, Suppression, Worker
from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tests.desk.people import WRITER, make_user, sign_in
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from votes.models import Decision, PairVote, Vote

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SEVERAL = 3


def make_review():
    return make.review(of=make.tool(), by=make.reviewer())


def make_tool():
    tool = make.tool()
    make.review(of=tool, by=make.reviewer())
    make.plan(of=tool)
    return tool


def make_attribute():
    attribute = make.attribute()
    attribute.categories.add(make.category())
    make.fact(of=make.tool(), attribute=attribute)
    return attribute


# For each registered model: a function that adds a row, and the number of queries of its list.
LISTS = {
    Tool: (make_tool, 9),
    Category: (lambda: make_tool().category, 6),
    Attribute: (make_attribute, 7),
    Plan: (lambda: make.plan(of=make.tool(), verified_on=timezone.now().date()), 7),
    Fact: (lambda: make.fact(of=make.tool(), verified_on=timezone.now().date()), 8),
    Reviewer: (lambda: make_review().reviewer, 4),
    Review: (make_review, 8),
    Prediction: (lambda: make.prediction(of=make_review()), 8),
    Comparison: (make.comparison, 7),
    Correction: (lambda: make.correction(of=make.tool()), 6),
    Vote: (lambda: make.votes(on=make.tool(), ship=1, state="held", held_for="tool"), 5),
    PairVote: (lambda: make.pair_votes(between=(make.tool(), make.tool()), first=1, state="held", held_for="pair"), 4),
    Decision: (lambda: make.decision(on=make.tool()), 6),
    Issue: (lambda: make.issue(state="sent"), 4),
    Delivery: (lambda: Delivery.objects.create(issue=make.issue(state="sent"), subscriber=make.subscriber()), 5),
    Outbox: (lambda: Outbox.objects.create(kind="sign-up", subscriber=make.subscriber()), 4),
    Worker: (lambda: Worker.objects.create(name=str(timezone.now().timestamp()), beat_at=timezone.now()), 4),
    Suppression: (lambda: Suppression.objects.create(digest=str(timezone.now().timestamp()), reason="bounced"), 6),
    Subscriber: (lambda: Subscriber.objects.create(email=f"{timezone.now().timestamp()}@example.com"), 6),
    User: (lambda: User.objects.create_user(f"user-{timezone.now().timestamp()}"), 7),
    Group: (lambda: Group.objects.create(name=str(timezone.now().timestamp())), 5),
}


def test_every_registered_model_is_tested():
    assert set(LISTS) == set(admin.site._registry)


def test_admins_are_built_from_few_classes():
    """What is a page of its own is an object of its own (desk/admin_pages.py), not one more base class."""
    ours = {
        type(model_admin).__name__: [
            base for base in type(model_admin).__mro__[1:] if base.__module__.startswith("desk.")
        ]
        for model_admin in admin.site._registry.values()
    }
    assert {name: len(bases) for name, bases in ours.items() if len(bases) > 5} == {}


def address(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("number", [1, SEVERAL])
def test_list_makes_a_constant_number_of_queries(admin_client, django_assert_num_queries, model, number):
    make_one, queries = LISTS[model]
    for _ in range(number):
        make_one()
    with django_assert_num_queries(queries):
        assert admin_client.get(address(model)).status_code == 200


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_list_can_be_searched_faceted_and_sorted(admin_client, model):
    make_one, _ = LISTS[model]
    make_one()
    columns = len(admin.site._registry[model].list_display)
    queries = ["q=x", "_facets=True", *(f"o={column}" for column in range(columns + 1))]
    answers = {query: admin_client.get(f"{address(model)}?{query}").status_code for query in queries}
    assert answers == dict.fromkeys(queries, 200)


def find_rows(client, model, **query) -> set[str]:
    """Return the names of the rows that a list shows for a query."""
    response = client.get(address(model), query)
    assert response.status_code == 200
    return {str(row) for row in response.context["cl"].result_list}


@pytest.mark.parametrize("typed", ["orsted", "Ørsted", "ØRSTED", "o\u0308rsted", "ＯＲＳＴＥＤ"])
def test_search_boxes_ignore_case_and_accents(admin_client, typed):
    tool = make.tool(name="Ørsted", slug="found-by-name")
    make.tool(name="Other", slug="found-by-alias", aliases=["Aliased", "The Örsted"])
    make.tool(name="Else")
    make.plan(of=tool, name="Plan of it")
    make.reviewer(name="Ørsted Seat")
    make.category(name="Ørsteds")
    comparison = make.comparison(second=tool)
    assert find_rows(admin_client, Tool, q=typed) == {"Ørsted", "Other"}
    assert find_rows(admin_client, Plan, q=typed) == {"Plan of it"}
    assert find_rows(admin_client, Reviewer, q=typed) == {"Ørsted Seat"}
    assert find_rows(admin_client, Category, q=typed) == {"Ørsteds"}
    assert find_rows(admin_client, Comparison, q=typed) == {str(comparison)}
    queue = admin_client.get("/admin/votes/vote/", {"q": typed}).content.decode()
    assert (queue.count(">Ørsted</a>"), queue.count("Else")) == (1, 0)
    suggested = admin_client.get(
        "/admin/autocomplete/",
        {"app_label": "comparisons", "model_name": "comparison", "field_name": "first", "term": typed},
    ).json()["results"]
    assert {row["text"] for row in suggested} == {"Ørsted", "Other"}


def test_accounts_are_found_regardless_of_accents(admin_client):
    make.user(username="zoe", first_name="Zoë")
    assert find_rows(admin_client, User, q="zoë") == find_rows(admin_client, User, q="ZOE") == {"zoe"}


def test_every_search_box_ignores_accents():
    searches = [one.search_fields and one.get_search_fields(None) for one in admin.site._registry.values()]
    assert {field.rpartition("__")[2] for fields in searches for field in fields} == {"folded_contains"}


def test_state_filter_finds_each_state(admin_client):
    make.tool(name="draft", published_at=None)
    make.tool(name="scheduled", published_at=make.FUTURE)
    make.tool(name="published")
    make.tool(name="withdrawn", withdrawn_at=make.PAST)
    for state in ("draft", "scheduled", "published", "withdrawn"):
        assert find_rows(admin_client, Tool, state=state) == {state}


def test_unknown_choice_of_a_filter_redirects_to_the_list(admin_client):
    response = admin_client.get(address(Tool), {"state": "gone"})
    assert (response.status_code, response["location"]) == (302, f"{address(Tool)}?e=1")


def test_facets_count_the_rows_of_each_choice(admin_client):
    make.tool(published_at=None)
    make.tool(published_at=None)
    make.tool()
    response = admin_client.get(address(Tool), {"_facets": "True"})
    [states, *_] = response.context["cl"].filter_specs
    labels = [str(choice["display"]) for choice in states.choices(response.context["cl"])]
    assert labels == ["All", "Draft (2)", "Scheduled (0)", "Published (1)", "Withdrawn (0)"]


def test_tools_missing_a_seat_are_found(admin_client):
    builder, skeptic = make.reviewer(slug="builder"), make.reviewer(slug="skeptic")
    whole, drafted, lacking = (make.tool(name=name) for name in ("whole", "drafted", "lacking"))
    gone = make.tool(name="withdrawn", withdrawn_at=make.PAST)
    make.panel(of=whole, seats=[builder, skeptic], verdicts="+-")
    make.review(of=drafted, by=builder)
    make.review(of=drafted, by=skeptic, published_at=None)
    make.review(of=lacking, by=builder)
    make.review(of=lacking, by=skeptic, withdrawn_at=make.PAST)
    make.review(of=gone, by=builder)
    assert find_rows(admin_client, Tool, unwritten="skeptic") == {"lacking"}
    assert find_rows(admin_client, Tool, unwritten="any") == {"lacking"}
    assert find_rows(admin_client, Tool, unwritten="builder") == set()


def test_reviewer_cannot_tell_that_another_seat_has_a_draft():
    holder = make_user(*WRITER)
    make.reviewer(slug="own", held_by=holder)
    other = make.reviewer(slug="other")
    make.tool(name="untouched")
    make.review(of=make.tool(name="judged"), by=other)
    make.review(of=make.tool(name="drafted"), by=other, published_at=None)
    client = sign_in(holder)
    page = client.get("/admin/tools/tool/")
    assert set(re.findall(r"unwritten=([a-z-]+)", page.text)) == {"own"}
    for hidden in ("other", "any"):
        assert client.get(f"/admin/tools/tool/?unwritten={hidden}").status_code != 200
    assert find_rows(client, Tool, unwritten="own") == {"judged", "drafted", "untouched"}


def test_people_groups_and_workers_are_in_the_order_of_their_names(admin_client):
    sorted_names = ["alpha", "Éclair", "plan9", "plan10", "Zeta"]
    for name in sorted(sorted_names):
        user = User.objects.create(username=name, is_staff=True)
        user.groups.set(Group.objects.get_or_create(name=group)[0] for group in sorted_names)
        Worker.objects.create(name=name, beat_at=timezone.now())
    assert [worker.name for worker in Worker.objects.all()] == sorted_names
    page = admin_client.get("/admin/accounts/user/")
    assert [user.username for user in page.context["cl"].result_list if user.username != "admin"] == sorted_names
    form = admin_client.get("/admin/reviews/reviewer/add/").context["adminform"].form
    assert [user.username for user in form.fields["held_by"].queryset if user.username != "admin"] == sorted_names
    assert "(alpha, Éclair, plan9, plan10, and Zeta)" in sign_in(user).get("/admin/accounts/user/").text


def test_last_check_filter_is_exact_to_the_day(admin_client, settings):
    settings.STALE_AFTER_DAYS = 90
    today, tool = timezone.now().date(), make.tool(name="T")
    make.plan(of=tool, name="90 days", verified_on=today - 90 * DAY)
    make.plan(of=tool, name="91 days", verified_on=today - 91 * DAY)
    make.plan(of=tool, name="never")
    make.plan(of=tool, name="superseded", superseded_at=make.PAST)
    assert find_rows(admin_client, Plan, checked="stale") == {"91 days"}
    assert find_rows(admin_client, Plan, checked="unverified") == {"never"}
    assert find_rows(admin_client, Plan, checked="fresh") == {"90 days"}
    assert find_rows(admin_client, Plan) == {"90 days", "91 days", "never"}
    assert find_rows(admin_client, Plan, version="superseded") == {"superseded"}
    assert find_rows(admin_client, Plan, version="all") == {"90 days", "91 days", "never", "superseded"}


def test_tools_with_prices_and_facts_to_check_are_found(admin_client):
    old = timezone.now().date() - 400 * DAY
    make.plan(of=make.tool(name="old price"), verified_on=old)
    make.fact(of=make.tool(name="old fact"), verified_on=old)
    make.fact(of=make.tool(name="never"))
    make.plan(of=make.tool(name="fresh"), verified_on=timezone.now().date())
    make.plan(of=make.tool(name="history"), verified_on=old, superseded_at=make.PAST)
    assert find_rows(admin_client, Tool, checked="stale") == {"old price", "old fact"}
    assert find_rows(admin_client, Tool, checked="unverified") == {"never"}


def test_flipped_reviews_are_found(admin_client):
    tool, seat = make.tool(name="T"), make.reviewer(name="Seat")
    make.review(of=tool, by=seat, verdict="ship")
    flip = make.review(of=tool, by=seat, verdict="skip", published_at=make.PAST + DAY)
    make.review(of=tool, by=seat, verdict="skip", published_at=make.PAST + 2 * DAY)
    make.review(of=tool, by=seat, verdict="ship", published_at=make.FUTURE)
    response = admin_client.get(address(Review), {"flipped": "yes"})
    assert list(response.context["cl"].result_list) == [flip]


def test_predictions_are_found_by_whether_they_can_be_judged(admin_client):
    out, draft = make_review(), make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    today = timezone.now().date()
    make.prediction(of=out, claim="due today", due_on=today)
    make.prediction(of=out, claim="later", due_on=today + DAY)
    make.prediction(of=out, claim="judged", due_on=today - DAY, outcome="wrong")
    make.prediction(of=draft, claim="of a draft", due_on=today - DAY)
    assert find_rows(admin_client, Prediction, due="due") == {"due today"}
    assert find_rows(admin_client, Prediction, due="later") == {"later"}
    assert find_rows(admin_client, Prediction, due="judged") == {"judged"}


def test_tool_list_shows_panel_ship(admin_client):
    seats = [make.reviewer() for _ in range(4)]
    make.panel(of=make.tool(name="A", category=(category := make.category())), seats=seats, verdicts="+++-")
    make.tool(name="B", category=category)
    page = admin_client.get(address(Tool)).content.decode()
    assert page.count('class="field-panel_ship">75%, 3 of 4 ship</td>') == 1
    assert page.count('class="field-panel_ship">Not reviewed yet</td>') == 1


def test_vocabulary_lists_count_current_rows(admin_client):
    category, attribute = make.category(), make.attribute()
    attribute.categories.add(category)
    tools = [make.tool(category=category) for _ in range(2)]
    make.fact(of=tools[0], attribute=attribute)
    make.fact(of=tools[1], attribute=attribute, superseded_at=make.PAST)
    [row] = admin_client.get(address(Category)).context["cl"].result_list
    assert (row.tool_count, row.attribute_count) == (2, 1)
    [row] = admin_client.get(address(Attribute)).context["cl"].result_list
    assert row.fact_count == 1


def test_list_offers_to_show_all_only_after_a_search_or_with_a_filter(admin_client):
    make.tool(name="Anvil")
    url = address(Tool)
    assert "show all" not in admin_client.get(url).text
    assert '1 found (<a href="?">show all</a>)' in admin_client.get(url, {"q": "anvil"}).text
    assert "show all" in admin_client.get(url, {"state": "published"}).text


@pytest.mark.parametrize("model", [Subscriber, Issue, User, Tool], ids=lambda model: model.__name__)
def test_list_bears_the_name_of_its_rows(admin_client, model):
    title = str(model._meta.verbose_name_plural).capitalize()
    assert admin_client.get(address(model)).context["title"] == title


def test_empty_list_says_whether_there_is_nothing_or_nothing_matches(admin_client):
    body = admin_client.get("/admin/tools/category/").content.decode()
    assert 'There are no categories yet. <a href="/admin/tools/category/add/">Add the first category</a>' in body
    body = admin_client.get("/admin/newsletter/issue/").content.decode()
    assert 'class="list-empty">There are no issues yet.</p>' in body
    make.category(name="Agents")
    body = admin_client.get("/admin/tools/category/?q=nothing").content.decode()
    assert 'class="list-empty">No categories match. <a href="?">Show all of them</a></p>' in body
    assert "list-empty" not in admin_client.get("/admin/tools/category/").content.decode()
