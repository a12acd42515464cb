"""“Mark as verified today” asks, marks what it announced, and reports what it left unchanged."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import BulkChange
from desk.lists import verifying
from tests import factories as make
from tools.models import Fact, Plan
from tools.sourcing import site_name

pytestmark = pytest.mark.django_db
PLANS, FACTS, TOOLS = (reverse(f"admin:tools_{name}_changelist") for name in ("plan", "fact", "tool"))
SOURCE = "https://example.com/pricing"


def today():
    return timezone.now().date()


def post_action(client, url, action, rows, *, confirmed=True, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(url, data | ({"confirmed": "yes"} if confirmed else {}))


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def read_days(model) -> list:
    return list(model.objects.order_by("pk").values_list("verified_on", flat=True))


@pytest.fixture
def plans():
    tool = make.tool(name="T")
    old = today() - timedelta(days=200)
    return [
        make.plan(of=tool, name="Old", source=SOURCE, verified_on=old),
        make.plan(of=tool, name="Never", source=SOURCE),
        make.plan(of=tool, name="No source", verified_on=old),
        make.plan(of=tool, name="Gone", source=SOURCE, verified_on=old, superseded_at=make.PAST),
        make.plan(of=tool, name="Today", source=SOURCE, verified_on=today()),
    ]


def test_page_asks_and_changes_nothing(admin_client, plans):
    before = read_days(Plan)
    response = post_action(admin_client, f"{PLANS}?version=all", "verify_today", plans, confirmed=False)
    assert response.status_code == 200
    link = f'<a href="{SOURCE}" target="_blank" rel="noopener noreferrer">{site_name(SOURCE)}</a>'
    assert response.context["to_change"] == [f"T: Old · {link}", f"T: Never · {link}"]
    assert f"<li>T: Old · {link}</li>" in response.text
    assert response.context["unchanged"] == [
        ("superseded", ["T: Gone"], 0),
        ("without a source to check", ["T: No source"], 0),
        ("already verified today", ["T: Today"], 0),
    ]
    assert read_days(Plan) == before


def test_current_rows_with_a_source_are_marked_and_the_rest_reported(admin_client, plans):
    old, before = plans[2].verified_on, read_days(Plan)
    response = post_action(admin_client, f"{PLANS}?version=all", "verify_today", plans)
    assert (response.status_code, response["location"]) == (302, f"{PLANS}?version=all")
    assert read_days(Plan) == [today(), today(), old, old, today()]
    *report, offer = messages_of(response)
    assert offer.startswith("Marked by mistake? <a href=")
    undo = f"/admin/changes/{BulkChange.objects.get().pk}/undo/"
    admin_client.post(undo, {"seal": admin_client.get(undo).context["seal"]})
    assert read_days(Plan) == before
    assert report == [
        "2 prices and facts marked as verified today (“T: Old”, “T: Never”).",
        "1 price or fact left unchanged, superseded (“T: Gone”).",
        "1 price or fact left unchanged, without a source to check (“T: No source”).",
        "1 price or fact left unchanged, already verified today (“T: Today”).",
    ]


def test_history_shows_who_verified_and_why(admin_client, admin_user, plans):
    post_action(admin_client, PLANS, "verify_today", plans[:1])
    newest = Plan.history.filter(id=plans[0].pk).latest()
    assert (newest.history_user, newest.history_change_reason, newest.verified_on) == (
        admin_user,
        "verified today",
        today(),
    )
    assert Plan.history.filter(id=plans[1].pk, history_change_reason="verified today").count() == 0


def test_row_superseded_after_the_question_is_left_unchanged(admin_client, plans):
    post_action(admin_client, PLANS, "verify_today", plans[:1], confirmed=False)
    Plan.objects.filter(pk=plans[0].pk).update(superseded_at=timezone.now())
    response = post_action(admin_client, f"{PLANS}?version=all", "verify_today", plans[:1])
    assert read_days(Plan)[0] == plans[0].verified_on
    assert messages_of(response)[0] == "Nothing was marked."


def test_facts_are_marked_too(admin_client):
    fact = make.fact(of=make.tool(), source=SOURCE)
    post_action(admin_client, FACTS, "verify_today", [fact])
    assert read_days(Fact) == [today()]


def test_everything_of_selected_tools_is_marked_at_once(admin_client, plans):
    other = make.tool()
    fact = make.fact(of=other, source=SOURCE)
    make.fact(of=make.tool(), source=SOURCE)
    response = post_action(admin_client, TOOLS, "verify_statements", [plans[0].tool, other])
    assert read_days(Plan) == [today(), today(), plans[2].verified_on, plans[3].verified_on, today()]
    assert read_days(Fact) == [today(), None]
    assert messages_of(response)[0] == (
        f"3 prices and facts marked as verified today (“{other}: {fact}”, “T: Old”, “T: Never”)."
    )


def test_tool_is_marked_from_its_form(admin_client, plans):
    tool = plans[0].tool
    url = reverse("admin:tools_tool_change", args=[tool.pk])
    data = {"CHANGE_FORM-action": "verify_statements", "_selected_action": tool.pk}
    question = admin_client.post(url, data)
    assert question.context["action"] == "verify_statements"
    done = admin_client.post(url, data | {"confirmed": "yes"})
    assert (done.status_code, done["location"]) == (302, url)
    assert read_days(Plan)[:2] == [today(), today()]


def test_all_rows_of_a_filtered_list_are_marked_across_pages(admin_client, plans):
    post_action(admin_client, f"{PLANS}?checked=unverified", "verify_today", plans[1:2], select_across="1")
    assert read_days(Plan)[:2] == [plans[0].verified_on, today()]


def test_too_many_rows_are_refused(admin_client, plans, monkeypatch):
    monkeypatch.setattr(verifying, "MAX_ROWS", 1)
    for url, rows, action in ((PLANS, plans[:2], "verify_today"), (TOOLS, [plans[0].tool], "verify_statements")):
        response = post_action(admin_client, url, action, rows)
        assert messages_of(response)[-1] == "Nothing was marked. Select at most 1 prices and facts at once."
    assert read_days(Plan)[1] is None


@pytest.mark.parametrize(
    ("permissions", "url", "action"),
    [(["view_plan"], PLANS, "verify_today"), (["change_tool", "change_plan"], TOOLS, "verify_statements")],
)
def test_action_needs_its_permission(client, plans, permissions, url, action):
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    rows = plans[:1] if url == PLANS else [plans[0].tool]
    post_action(client, url, action, rows)
    assert read_days(Plan)[:2] == [plans[0].verified_on, None]


def test_marking_makes_a_constant_number_of_queries(admin_user, django_assert_num_queries):
    tool = make.tool()
    for number in (1, 3):
        rows = [make.plan(of=tool, source=SOURCE) for _ in range(number)]
        with django_assert_num_queries(6):  # savepoint and its release, revision, lock, update, history
            verifying.verify(rows, by=admin_user)


def test_superseded_row_cannot_be_changed(admin_client, plans):
    url = reverse("admin:tools_plan_change", args=[plans[3].pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"source": "", "verified_on": ""}).status_code == 403


def test_values_cannot_be_changed_here(admin_client, plans):
    url = reverse("admin:tools_plan_change", args=[plans[0].pk])
    data = {"name": "Other", "kind": "contact", "source": "https://example.com/new", "verified_on": str(today())}
    assert admin_client.post(url, data).status_code == 302
    plan = Plan.objects.get(pk=plans[0].pk)
    assert (plan.name, plan.kind, plan.source, plan.verified_on) == ("Old", "free", "https://example.com/new", today())
    assert admin_client.get(reverse("admin:tools_plan_add")).status_code == 403
