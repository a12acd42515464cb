"""Publishing, scheduling, and withdrawing many objects by an action of their list."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comparisons.models import Comparison
from desk.publishing.transitions import TRANSITIONS, compute_effects
from reviews.models import Review
from tests import factories as make
from tests.desk.confirming import (
    LONG,
    make_complete_tool,
    read_messages,
    read_text,
    run_bulk,
)
from tests.desk.people import CHIEF, EDITOR, WRITER, make_user, sign_in
from tools.models import Tool
from tools.publishing import PublicationState

pytestmark = pytest.mark.django_db


def test_bulk_action_announces_applies_and_reports():
    client = sign_in(make_user(*EDITOR))
    good, bad, out = make_complete_tool(name="Good"), make.tool(name="Bad", published_at=None), make.tool(name="Out")
    page = run_bulk(client, Tool, "publish", [good, bad, out])
    text = read_text(page)
    assert re.search(
        r"Will be published now Good These reviews .* The gate blocks these Bad Missing: There is no tag", text
    )
    assert "Not possible Out : It is published." in text
    assert Tool.objects.filter(published_at=None).count() == 2
    response = run_bulk(client, Tool, "publish", [good, bad, out], go=True)
    done, not_done = read_messages(response)
    assert done == "Published: Good (with two reviews)."
    assert not_done.startswith("Not published: Bad (There is no tagline.")
    assert not_done.endswith("Out (It is published).")
    for content, state in (
        (good, PublicationState.PUBLISHED),
        (bad, PublicationState.DRAFT),
        (out, PublicationState.PUBLISHED),
    ):
        content.refresh_from_db()
        assert content.state == state
    assert out.history.count() == 1


def test_bulk_action_schedules_and_withdraws_every_model():
    client = sign_in(make_user(*CHIEF))
    reviews = [make.review(of=make.tool(), by=make.reviewer(), quote=LONG, published_at=None) for _ in range(2)]
    run_bulk(client, Review, "schedule", reviews, at="2099-01-01T09:00")
    assert {review.published_at for review in Review.objects.all()} == {datetime(2099, 1, 1, 9, tzinfo=UTC)}
    pairs = [make.comparison() for _ in range(2)]
    response = run_bulk(client, Comparison, "withdraw", pairs, reason="Both were wrong.")
    assert read_messages(response) == [f"Withdrawn: {pairs[1]}; {pairs[0]}."]
    assert {pair.state for pair in Comparison.objects.all()} == {PublicationState.WITHDRAWN}
    assert {pair.history.latest().history_change_reason for pair in pairs} == {"Withdrawn: Both were wrong."}


def test_bulk_action_overrides_the_gate_for_all_with_one_reason():
    client, tools = sign_in(make_user(*CHIEF)), [make.tool(published_at=None) for _ in range(2)]
    run_bulk(client, Tool, "publish", tools, override="on", reason="An empty site.")
    assert {tool.state for tool in Tool.objects.all()} == {PublicationState.PUBLISHED}


def test_bulk_action_needs_the_permission():
    writer, tool = sign_in(make_user(*WRITER)), make_complete_tool()
    address = reverse("admin:tools_tool_changelist")
    page = writer.get(address).content.decode()
    assert "publish_selected" not in page
    writer.post(address, {"action": "publish_selected", "_selected_action": [tool.pk], "confirmed": "yes", "seen": "x"})
    tool.refresh_from_db()
    assert tool.state == PublicationState.DRAFT
    assert "publish_selected" in sign_in(make_user(*EDITOR)).get(address).content.decode()


@pytest.mark.parametrize(
    ("model", "make_content", "queries"),
    [
        (Tool, make_complete_tool, 6),
        (Review, lambda: make.review(of=make.tool(), by=make.reviewer(), published_at=None), 2),
        (Comparison, lambda: make.comparison(published_at=None), 3),
    ],
)
def test_computing_effects_makes_a_constant_number_of_queries(model, make_content, queries, django_assert_num_queries):
    user = make_user(*EDITOR)
    user.has_perm("reviews.publish_review")  # cached on the user object
    pages = []
    for number in (1, 3):
        objects = [make_content() for _ in range(number)]
        rows = model.objects.filter(pk__in=[content.pk for content in objects])
        with django_assert_num_queries(queries):
            assert len(compute_effects(rows, TRANSITIONS["publish"], at=None, user=user)) == number
        with CaptureQueriesContext(connection) as captured:
            run_bulk(sign_in(user), model, "publish", objects)
        pages.append(len(captured))
    assert pages[0] == pages[1]


def test_applying_makes_a_constant_number_of_queries_per_object():
    client = sign_in(make_user(*EDITOR))
    costs = []
    for number in (1, 2, 3):
        objects = [make.comparison() for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            run_bulk(client, Comparison, "withdraw", objects, reason="Gone.")
        costs.append(len(captured))
    assert costs[2] - costs[1] == costs[1] - costs[0]


def test_bulk_action_applies_each_object_wholly_or_not_at_all():
    client = sign_in(make_user(*EDITOR))
    seat = make.reviewer()
    tool, other = make.tool(), make.tool()
    make.review(of=tool, by=seat, published_at=datetime(2099, 1, 1, 9, tzinfo=UTC))
    clashing = make.review(of=tool, by=seat, quote=LONG, published_at=None)
    fine = make.review(of=other, by=seat, quote=LONG, published_at=None)
    response = run_bulk(client, Review, "schedule", [clashing, fine], at="2099-01-01T09:00")
    assert read_messages(response) == [
        f"Scheduled: {fine}.",
        f"Not scheduled: {clashing} (This seat already has an edition for this tool at that time).",
    ]
