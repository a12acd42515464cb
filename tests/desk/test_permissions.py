"""Every page of the admin for every group, and for anonymous users.

A new page fails `test_every_page_is_in_the_table` until it has its line in PAGES; the failure prints the line with what
the page answers today, to be judged and not just copied. Where a page takes more than an object, say so in ARGUMENTS; a
new model wants a line in OBJECTS.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.groups import GROUPS
from catalog.bulk_changes import record_bulk_change
from catalog.models import BulkChange
from newsletter.models import Delivery, Issue, Outbox, Subscriber, Suppression, Worker
from tests import factories as make
from tests.accounts.people import person
from tools.models import Correction, Tool
from web import clock

pytestmark = pytest.mark.django_db

# The status of GET for a Reviewer, an Editor, a Moderator, and an Administrator. 302 is how Django reports an object
# that does not exist or that the user may not see; 405 is a page that takes forms only.
ALL = (200, 200, 200, 200)
READERS = (200, 200, 403, 200)
CONTENT = (403, 200, 403, 200)
ADMINISTRATORS = (403, 403, 403, 200)
CONTENT_FORMS = (403, 405, 403, 405)
MODERATORS = (403, 403, 200, 200)
NONE = (403, 403, 403, 403)
PAGES: dict[str, tuple[int, int, int, int]] = {
    "index": ALL,
    "jsi18n": ALL,
    "login": (302, 302, 302, 302),  # to the desk: they are signed in
    "logout": (405, 405, 405, 405),
    "session": ALL,
    "waiting_read": (405, 405, 405, 405),
    "calendar": ALL,
    "handbook": ALL,
    "session_renewed": ALL,
    "presence": (405, 405, 405, 405),
    "search": ALL,
    "search_hits": ALL,
    "password_change": (302, 302, 302, 302),  # to the page of the account
    "password_change_done": ALL,
    "view_on_site": (302, 302, 403, 302),
    "app_list": (200, 200, 404, 200),
    "autocomplete": READERS,
    "accounts_user_changelist": ADMINISTRATORS,
    "accounts_user_add": ADMINISTRATORS,
    "accounts_user_change": ADMINISTRATORS,
    "accounts_user_delete": ADMINISTRATORS,
    "accounts_user_history": ADMINISTRATORS,
    "auth_user_password_change": ADMINISTRATORS,
    "auth_group_changelist": ADMINISTRATORS,
    "auth_group_add": ADMINISTRATORS,
    "auth_group_change": ADMINISTRATORS,
    "auth_group_delete": ADMINISTRATORS,
    "auth_group_history": ADMINISTRATORS,
    "comparisons_comparison_changelist": READERS,
    "comparisons_comparison_add": CONTENT,
    "comparisons_comparison_change": READERS,
    "comparisons_comparison_delete": (403, 302, 403, 302),  # it is public: it can be withdrawn, not deleted
    "comparisons_comparison_hand_over": READERS,
    "comparisons_comparison_history": READERS,
    "newsletter_subscriber_changelist": CONTENT,
    "newsletter_subscriber_add": NONE,
    "newsletter_subscriber_change": CONTENT,
    "newsletter_subscriber_delete": ADMINISTRATORS,
    "newsletter_subscriber_history": CONTENT,
    # A draft of another seat, for a Reviewer without a seat. Their own drafts: tests/desk/test_own_drafts.py.
    "reviews_review_changelist": READERS,
    "reviews_review_add": CONTENT,
    "reviews_review_change": (302, 200, 403, 200),
    "reviews_review_delete": (302, 200, 403, 200),
    "reviews_review_hand_over": (302, 200, 403, 200),
    "reviews_review_history": (404, 200, 404, 200),
    "reviews_reviewer_changelist": READERS,
    "reviews_reviewer_add": CONTENT,
    "reviews_reviewer_change": READERS,
    "reviews_reviewer_delete": CONTENT,
    "reviews_reviewer_history": READERS,
    "tools_attribute_changelist": READERS,
    "tools_attribute_add": CONTENT,
    "tools_attribute_change": READERS,
    "tools_attribute_convert": CONTENT,
    "tools_attribute_delete": CONTENT,
    "tools_attribute_export": READERS,
    "tools_attribute_import": CONTENT,
    "tools_attribute_import_template": CONTENT,
    "tools_attribute_history": READERS,
    "tools_category_changelist": READERS,
    "tools_category_add": CONTENT,
    "tools_category_change": READERS,
    "tools_category_delete": CONTENT,
    "tools_category_history": READERS,
    "tools_tool_hand_over": READERS,
    "tools_tool_changelist": READERS,
    "tools_tool_copy_plans": CONTENT,
    "tools_tool_add": CONTENT,
    "tools_tool_change": READERS,
    "tools_tool_delete": (403, 302, 403, 302),
    "tools_tool_history": READERS,
    "bulk_changes": CONTENT,
    "bulk_change": CONTENT,
    "bulk_change_go": (405, 405, 405, 405),
    "bulk_change_undo": CONTENT,
    "catalog_download": CONTENT,
    "catalog_example": CONTENT,
    "catalog_file": CONTENT,
    "catalog_prices": CONTENT_FORMS,
    "comparisons_comparison_check": (403, 400, 403, 400),  # it asks for two tools
    "comparisons_comparison_deleted": READERS,
    # A transition that the state does not allow redirects with a message.
    "comparisons_comparison_publish": (403, 302, 403, 302),
    "comparisons_comparison_put_back": (403, 302, 403, 302),
    "comparisons_comparison_restore": CONTENT,
    "comparisons_comparison_schedule": (403, 302, 403, 302),
    "comparisons_comparison_unschedule": (403, 302, 403, 302),
    "comparisons_comparison_withdraw": CONTENT,
    # There is none, so they lead back to the form.
    "comparisons_comparison_pending": (403, 302, 403, 302),
    "comparisons_comparison_pending_edit": (403, 302, 403, 302),
    "tools_tool_pending": (403, 302, 403, 302),
    "tools_tool_pending_edit": (403, 302, 403, 302),
    "reviews_prediction_add": NONE,  # they are made in reviews
    "reviews_prediction_change": (302, 200, 403, 200),
    "reviews_prediction_changelist": READERS,
    "reviews_prediction_delete": CONTENT,
    "reviews_prediction_deleted": CONTENT,
    "reviews_prediction_history": (404, 200, 404, 200),
    "reviews_prediction_restore": (404, 403, 404, 403),  # a prediction is judged once its review is published
    "reviews_review_deleted": CONTENT,
    "reviews_review_publish": CONTENT,
    "reviews_review_put_back": (403, 302, 403, 302),
    "reviews_review_restore": (404, 200, 404, 200),
    "reviews_review_schedule": CONTENT,
    "reviews_review_unschedule": (403, 302, 403, 302),
    "reviews_review_withdraw": (403, 302, 403, 302),
    "reviews_reviewer_deleted": READERS,
    "reviews_reviewer_restore": CONTENT,
    "reviews_reviewer_usual": CONTENT,
    "tools_attribute_deleted": READERS,
    "tools_attribute_restore": CONTENT,
    "tools_category_deleted": READERS,
    "tools_category_restore": CONTENT,
    "tools_correction_add": CONTENT,
    "tools_correction_change": CONTENT,
    "tools_correction_changelist": CONTENT,
    "tools_correction_delete": NONE,
    "tools_correction_deleted": CONTENT,
    "tools_correction_history": CONTENT,
    "tools_correction_restore": NONE,
    "tools_fact_add": NONE,  # on the page of the tool
    "tools_fact_change": READERS,
    "tools_fact_changelist": READERS,
    "tools_fact_delete": (403, 302, 403, 302),
    "tools_fact_deleted": READERS,
    "tools_fact_export": READERS,
    "tools_fact_history": READERS,
    "tools_fact_import": CONTENT,
    "tools_fact_import_template": CONTENT,
    "tools_fact_restore": CONTENT,
    "tools_plan_add": NONE,
    "tools_plan_change": READERS,
    "tools_plan_changelist": READERS,
    "tools_plan_delete": (403, 302, 403, 302),
    "tools_plan_deleted": READERS,
    "tools_plan_export": READERS,
    "tools_plan_history": READERS,
    "tools_plan_import": CONTENT,
    "tools_plan_import_template": CONTENT,
    "tools_plan_restore": CONTENT,
    "tools_tool_as_of": (403, 303, 403, 303),  # it asks for a time
    "tools_tool_deleted": READERS,
    "tools_tool_export": READERS,
    "tools_tool_import": CONTENT,
    "tools_tool_import_template": CONTENT,
    "tools_tool_markdown": (405, 405, 405, 405),
    "tools_tool_publish": (403, 302, 403, 302),
    "tools_tool_put_back": (403, 302, 403, 302),
    "tools_tool_restore": CONTENT,
    "tools_tool_schedule": (403, 302, 403, 302),
    "tools_tool_slug": CONTENT,
    "tools_tool_unschedule": (403, 302, 403, 302),
    "tools_tool_withdraw": CONTENT,
    "newsletter_delivery_add": NONE,
    "newsletter_delivery_change": CONTENT,
    "newsletter_delivery_changelist": CONTENT,
    "newsletter_delivery_delete": NONE,
    "newsletter_delivery_history": CONTENT,
    "newsletter_outbox_add": NONE,
    "newsletter_outbox_change": CONTENT,
    "newsletter_outbox_changelist": CONTENT,
    "newsletter_outbox_delete": NONE,
    "newsletter_outbox_history": CONTENT,
    "newsletter_worker_add": NONE,
    "newsletter_worker_change": CONTENT,
    "newsletter_worker_changelist": CONTENT,
    "newsletter_worker_delete": NONE,
    "newsletter_worker_history": CONTENT,
    "newsletter_issue_act": CONTENT_FORMS,
    "newsletter_issue_add": NONE,  # they are composed
    "newsletter_issue_change": CONTENT,
    "newsletter_issue_changelist": CONTENT,
    "newsletter_issue_compose": CONTENT_FORMS,
    "newsletter_issue_delete": CONTENT,
    "newsletter_issue_deleted": CONTENT,
    "newsletter_issue_history": CONTENT,
    "newsletter_issue_restore": CONTENT,
    "newsletter_issue_duplicate": CONTENT_FORMS,
    "newsletter_issue_frame": CONTENT,
    "newsletter_issue_html": CONTENT,
    "newsletter_issue_numbers": CONTENT,
    "newsletter_issue_piece": CONTENT,
    "newsletter_issue_preview": CONTENT,
    "newsletter_issue_progress": (403, 303, 403, 303),  # to the form, unless a script asks
    "newsletter_issue_schedule": CONTENT_FORMS,
    "newsletter_issue_test": CONTENT_FORMS,
    "newsletter_issue_text": CONTENT,
    "newsletter_issue_write": CONTENT_FORMS,
    "newsletter_suppression_add": NONE,
    "newsletter_suppression_change": CONTENT,
    "newsletter_suppression_changelist": CONTENT,
    "newsletter_suppression_delete": ADMINISTRATORS,
    "newsletter_suppression_history": CONTENT,
    "votes_decision_add": NONE,  # the log is written by decisions
    "votes_decision_change": MODERATORS,
    "votes_decision_changelist": MODERATORS,
    "votes_decision_delete": NONE,
    "votes_decision_history": MODERATORS,
    "votes_pairvote_changelist": MODERATORS,
    "votes_pairvote_decide": MODERATORS,
    "votes_pairvote_pair": MODERATORS,
    "votes_pairvote_reopen": MODERATORS,
    "votes_vote_changelist": MODERATORS,
    "votes_vote_decide": MODERATORS,
    "votes_vote_freeze": MODERATORS,
    "votes_vote_network": MODERATORS,
    "votes_vote_reopen": MODERATORS,
    "votes_vote_tool": MODERATORS,
}

OBJECTS: dict[str, Callable[[], Model]] = {
    "accounts_user": lambda: person(),
    "auth_group": lambda: Group.objects.get_or_create(name="Guests")[0],
    "tools_tool": make.tool,
    "tools_category": make.category,
    "tools_attribute": make.attribute,
    "reviews_reviewer": make.reviewer,
    "reviews_review": lambda: make.review(of=make.tool(), by=make.reviewer(), published_at=None),
    "reviews_prediction": lambda: make.prediction(
        of=make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    ),
    "tools_plan": lambda: make.plan(of=make.tool()),
    "tools_fact": lambda: make.fact(of=make.tool()),
    "tools_correction": lambda: Correction.objects.create(tool=make.tool(), note="It costs less."),
    "comparisons_comparison": make.comparison,
    "newsletter_subscriber": lambda: Subscriber.objects.get_or_create(email="a@example.org")[0],
    "newsletter_issue": lambda: get_draft_issue(),
    "newsletter_delivery": lambda: Delivery.objects.create(issue=get_draft_issue(), subscriber=make.subscriber()),
    "newsletter_outbox": lambda: Outbox.objects.create(kind="sign-up", subscriber=make.subscriber()),
    "newsletter_worker": lambda: Worker.objects.get_or_create(name="worker", beat_at=make.PAST)[0],
    "newsletter_suppression": lambda: Suppression.objects.get_or_create(digest="0" * 64, reason="bounced")[0],
    "votes_decision": lambda: make.decision(on=make.tool()),
}

ARGUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "app_list": lambda: {"app_label": "tools"},
    "view_on_site": lambda: {
        "content_type_id": ContentType.objects.get(app_label="tools", model="tool").pk,
        "object_id": make.tool().pk,
    },
    "presence": lambda: ARGUMENTS["view_on_site"](),
    "auth_user_password_change": lambda: {"id": person().pk},
    "bulk_change": lambda: {"pk": record_change().pk},
    "bulk_change_go": lambda: {"pk": record_change().pk},
    "bulk_change_undo": lambda: {"pk": record_change().pk},
    "tools_tool_as_of": lambda: {"pk": make.tool().pk},
    "tools_attribute_convert": lambda: {"pk": make.attribute().pk},
    "newsletter_issue_act": lambda: {"object_id": get_draft_issue().pk, "act": "ready"},
    "newsletter_issue_piece": lambda: {
        "object_id": get_draft_issue().pk,
        "key": "watch-1",
    },
    "votes_vote_tool": lambda: {"tool_id": make.tool().pk},
    "votes_vote_decide": lambda: {"tool_id": make.tool().pk},
    "votes_vote_freeze": lambda: {"tool_id": make.tool().pk},
    "votes_vote_network": lambda: _vote_from_network(make.tool()),
    "votes_vote_reopen": lambda: _decide(make.tool()),
    "votes_pairvote_pair": lambda: {"first_id": make.tool().pk, "second_id": make.tool().pk},
    "votes_pairvote_decide": lambda: {"first_id": make.tool().pk, "second_id": make.tool().pk},
    "votes_pairvote_reopen": lambda: _decide_pair(make.tool(), make.tool()),
}


def record_change() -> BulkChange:
    """Return an import of a tool, as recorded."""
    with record_bulk_change(BulkChange(kind="import", title="tools.csv")) as change:
        make.tool()
    return change


def get_draft_issue() -> Issue:
    """Return the draft issue. There is at most one."""
    return Issue.objects.first() or make.issue(make.entry(object=1))


def _decide_pair(first: Tool, second: Tool) -> dict[str, Any]:
    decision = make.decision(on=None, first=first, second=second)
    return {"first_id": first.pk, "second_id": second.pk, "decision_id": decision.pk}


def _decide(tool: Tool) -> dict[str, Any]:
    return {"tool_id": tool.pk, "decision_id": make.decision(on=tool).pk}


def _vote_from_network(tool: Tool) -> dict[str, Any]:
    network = uuid.uuid4()
    make.votes(on=tool, ship=1, network=network)
    return {"day": clock.today().isoformat(), "network": network}


@cache
def list_pages() -> dict[str, list[str]]:
    """Return the name of each admin page, with the names of its arguments."""
    return dict(_list_pages())


def _list_pages() -> Iterator[tuple[str, list[str]]]:
    patterns: list[URLPattern | URLResolver] = list(admin.site.get_urls())
    while patterns:
        pattern = patterns.pop(0)
        if isinstance(pattern, URLResolver):
            patterns += pattern.url_patterns
        elif pattern.name:
            yield pattern.name, list(pattern.pattern.converters) or list(pattern.pattern.regex.groupindex)


def build_url(name: str) -> str:
    """Create what a page needs, and return the address of the page."""
    arguments = list_pages()[name]
    if name in ARGUMENTS:
        return reverse(f"admin:{name}", kwargs=ARGUMENTS[name]())
    model = next((model for model in OBJECTS if name.startswith(f"{model}_")), "")
    if arguments == ["object_id"]:
        return reverse(f"admin:{name}", args=[OBJECTS[model]().pk])
    if arguments == ["object_id", "kind", "version"]:  # of an object's history
        obj: Any = OBJECTS[model]()
        return reverse(f"admin:{name}", args=[obj.pk, obj._meta.model_name, obj.history.get().pk])
    if arguments == ["extension"]:
        return reverse(f"admin:{name}", args=["csv"])
    return reverse(f"admin:{name}")


def sign_in_each_group() -> list[Client]:
    """Return a client for each group, in the order of GROUPS."""
    clients = [Client(raise_request_exception=False) for _ in GROUPS]
    for client, group in zip(clients, GROUPS, strict=True):
        client.force_login(person(group))
    return clients


def read_statuses(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return what each page answers each group."""
    clients = sign_in_each_group()
    statuses = {}
    for name in names:
        savepoint = transaction.savepoint_create()  # pages such as “The usual panel” depend on what there is
        url = build_url(name)
        statuses[name] = tuple(client.get(url, QUERY.get(name)).status_code for client in clients)
        transaction.savepoint_rollback(savepoint)
    return statuses


def group_pages() -> dict[str, list[str]]:
    """Return the pages by the first word of their names. One test per word: most of the time goes into signing in."""
    groups: dict[str, list[str]] = {}
    for name in PAGES:
        groups.setdefault(name.partition("_")[0], []).append(name)
    return groups


QUERY = {"autocomplete": {"app_label": "comparisons", "model_name": "comparison", "field_name": "first"}}


def test_every_page_is_in_the_table():
    names = list_pages().keys()
    statuses = read_statuses(sorted(names - PAGES.keys()))
    new = "".join(f'    "{name}": {answers},\n' for name, answers in statuses.items())
    assert not new, f"Pages without a line in PAGES, with what they answer today:\n{new}"
    assert PAGES.keys() - names == set()


@pytest.mark.parametrize("names", group_pages().values(), ids=group_pages())
def test_pages_open_for_the_right_groups(names):
    assert read_statuses(names) == {name: PAGES[name] for name in names}


@pytest.mark.parametrize("names", group_pages().values(), ids=group_pages())
def test_pages_redirect_anonymous_users_to_sign_in(client, names):
    for name in names:
        url = build_url(name)
        for response in (client.get(url), client.post(url)):
            home = response.headers["Location"].partition("?")[0]
            expected = "/admin/" if name == "logout" else "/account/login/" if name == "login" else "/admin/login/"
            assert (name, response.status_code, home) == (name, 302, expected)
