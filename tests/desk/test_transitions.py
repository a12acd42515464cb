"""The transitions between draft, scheduled, published, and withdrawn, and no others."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.actions import publish_tool, unschedule_tool
from tests import factories as make
from tools.models import Tool
from tools.publishing import PublicationState, TransitionError

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ACTIONS = ["publish", "schedule", "unschedule", "withdraw", "put_back", "wait"]
# The state after each action; others are refused. Waiting publishes what is scheduled.
LEADS_TO = {
    (PublicationState.DRAFT, "publish"): PublicationState.PUBLISHED,
    (PublicationState.DRAFT, "schedule"): PublicationState.SCHEDULED,
    (PublicationState.DRAFT, "wait"): PublicationState.DRAFT,
    (PublicationState.SCHEDULED, "publish"): PublicationState.PUBLISHED,
    (PublicationState.SCHEDULED, "schedule"): PublicationState.SCHEDULED,
    (PublicationState.SCHEDULED, "unschedule"): PublicationState.DRAFT,
    (PublicationState.SCHEDULED, "wait"): PublicationState.PUBLISHED,
    (PublicationState.PUBLISHED, "withdraw"): PublicationState.WITHDRAWN,
    (PublicationState.PUBLISHED, "wait"): PublicationState.PUBLISHED,
    (PublicationState.WITHDRAWN, "withdraw"): PublicationState.WITHDRAWN,
    (PublicationState.WITHDRAWN, "put_back"): PublicationState.PUBLISHED,
    (PublicationState.WITHDRAWN, "wait"): PublicationState.WITHDRAWN,
}


def apply(content, action: str) -> None:
    match action:
        case "publish":
            content.publish(reason="now")
        case "schedule":
            content.publish(at=timezone.now() + HOUR, reason="later")
        case "wait":
            pass
        case _:
            getattr(content, action)(reason=action)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_only_the_listed_transitions_are_possible(time_machine, actions):
    now = make.PAST
    time_machine.move_to(now, tick=False)
    tool = make.tool(published_at=None)
    state, first_published_at = PublicationState.DRAFT, None
    for action in actions:
        if action == "wait":
            now += 2 * HOUR
            time_machine.move_to(now, tick=False)
        expected = LEADS_TO.get((state, action))
        before = (tool.published_at, tool.withdrawn_at, tool.history.count())
        if expected is None:
            with pytest.raises(TransitionError):
                apply(tool, action)
            tool.refresh_from_db()
            assert (tool.published_at, tool.withdrawn_at, tool.history.count()) == before
        else:
            apply(tool, action)
            state = expected
        tool.refresh_from_db()
        assert tool.state == state
        assert Tool.objects.published().filter(pk=tool.pk).exists() == (state == PublicationState.PUBLISHED)
        if state == PublicationState.PUBLISHED:  # the time of first publication never changes
            first_published_at = first_published_at or tool.published_at
            assert tool.published_at == first_published_at


def test_past_time_is_refused():
    tool = make.tool(published_at=None)
    with pytest.raises(TransitionError, match="passed"):
        tool.publish(at=timezone.now())
    assert tool.published_at is None


def test_each_transition_is_in_the_history_with_its_reason():
    tool = make.tool(published_at=None)
    apply(tool, "publish")
    apply(tool, "withdraw")
    tool.name = "Another name"
    tool.save()
    apply(tool, "put_back")
    reasons = [row.history_change_reason for row in tool.history.order_by("history_id")]
    assert reasons == [None, "now", "withdraw", None, "put_back"]


def test_two_editions_of_a_seat_never_share_an_instant():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, published_at=make.FUTURE)
    second = make.review(of=tool, by=seat, published_at=None)
    with pytest.raises(TransitionError, match="already has an edition for this tool at that time"):
        second.publish(at=make.FUTURE)
    assert second.published_at is None
    second.refresh_from_db()
    assert second.state == PublicationState.DRAFT


def test_seat_has_at_most_one_draft():
    tool, seat = make.tool(), make.reviewer()
    scheduled = make.review(of=tool, by=seat, published_at=make.FUTURE)
    make.review(of=tool, by=seat, published_at=None)
    with pytest.raises(TransitionError, match="another draft"):
        scheduled.unschedule()


def make_draft_with_reviews():
    tool = make.tool(published_at=None)
    seats = [make.reviewer() for _ in range(4)]
    draft = make.review(of=tool, by=seats[0], published_at=None)
    out = make.review(of=tool, by=seats[1])
    later = make.review(of=tool, by=seats[2], published_at=make.FUTURE)
    gone = make.review(of=tool, by=seats[3], published_at=None, withdrawn_at=make.PAST)
    return tool, draft, out, later, gone


def test_tool_is_published_with_its_drafts_and_leaves_other_reviews_alone():
    tool, draft, *others = make_draft_with_reviews()
    before = [(review.published_at, review.withdrawn_at) for review in others]
    assert publish_tool(tool=tool, reason="Ready") == [draft]
    for content in (tool, draft, *others):
        content.refresh_from_db()
    assert tool.state == draft.state == PublicationState.PUBLISHED
    assert draft.published_at == tool.published_at
    assert [(review.published_at, review.withdrawn_at) for review in others] == before
    assert draft.history.latest().history_change_reason == "Ready"


def test_reviews_scheduled_with_their_tool_move_and_return_with_it(django_assert_num_queries):
    tool, draft, _, later, _ = make_draft_with_reviews()
    first, second = timezone.now() + HOUR, timezone.now() + 2 * HOUR
    publish_tool(tool=tool, at=first)
    with django_assert_num_queries(11):  # the reviews; a row and its history for both; three savepoints
        assert publish_tool(tool=tool, at=second) == [draft]
    draft.refresh_from_db()
    assert draft.published_at == tool.published_at == second
    assert unschedule_tool(tool=tool) == [draft]
    for content in (draft, later):
        content.refresh_from_db()
    assert (tool.state, draft.state, later.state) == (
        PublicationState.DRAFT,
        PublicationState.DRAFT,
        PublicationState.SCHEDULED,
    )


def test_tool_and_its_reviews_move_together_or_not_at_all():
    tool, draft, *_ = make_draft_with_reviews()
    make.review(of=tool, by=draft.reviewer, published_at=make.FUTURE)
    with pytest.raises(TransitionError):
        publish_tool(tool=tool, at=make.FUTURE)
    for content in (tool, draft):
        content.refresh_from_db()
    assert (tool.state, draft.state) == (PublicationState.DRAFT, PublicationState.DRAFT)
