"""Draft, scheduled, published, withdrawn: every way of going from one to another, and no other."""

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
STEPS = ["publish", "schedule", "unschedule", "withdraw", "put_back", "wait"]
# What each step makes of each state; what is not named here is refused. Waiting lets what is scheduled come out.
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


def take(thing, step: str) -> None:
    match step:
        case "publish":
            thing.publish(reason="now")
        case "schedule":
            thing.publish(at=timezone.now() + HOUR, reason="later")
        case "wait":
            pass
        case _:
            getattr(thing, step)(reason=step)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=12))
def test_no_way_through_the_states_but_those_that_are_named(time_machine, steps):
    now = make.PAST
    time_machine.move_to(now, tick=False)
    tool = make.tool(published_at=None)
    state, first_out = PublicationState.DRAFT, None
    for step in steps:
        if step == "wait":
            now += 2 * HOUR
            time_machine.move_to(now, tick=False)
        expected = LEADS_TO.get((state, step))
        before = (tool.published_at, tool.withdrawn_at, tool.history.count())
        if expected is None:
            with pytest.raises(TransitionError):
                take(tool, step)
            tool.refresh_from_db()
            assert (tool.published_at, tool.withdrawn_at, tool.history.count()) == before
        else:
            take(tool, step)
            state = expected
        tool.refresh_from_db()
        assert tool.state == state
        assert Tool.objects.published().filter(pk=tool.pk).exists() == (state == PublicationState.PUBLISHED)
        if state == PublicationState.PUBLISHED:  # the time at which it first came out never changes again
            first_out = first_out or tool.published_at
            assert tool.published_at == first_out


def test_a_time_that_has_passed_is_refused():
    tool = make.tool(published_at=None)
    with pytest.raises(TransitionError, match="passed"):
        tool.publish(at=timezone.now())
    assert tool.published_at is None


def test_each_step_is_in_the_history_with_its_reason():
    tool = make.tool(published_at=None)
    take(tool, "publish")
    take(tool, "withdraw")
    tool.name = "Another name"
    tool.save()
    take(tool, "put_back")
    reasons = [row.history_change_reason for row in tool.history.order_by("history_id")]
    assert reasons == [None, "now", "withdraw", None, "put_back"]


def test_two_editions_of_a_seat_never_share_an_instant():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, published_at=make.FUTURE)
    second = make.review(of=tool, by=seat, published_at=None)
    with pytest.raises(TransitionError, match="at that time already"):
        second.publish(at=make.FUTURE)
    assert second.published_at is None
    second.refresh_from_db()
    assert second.state == PublicationState.DRAFT


def test_a_seat_has_one_draft_only():
    tool, seat = make.tool(), make.reviewer()
    scheduled = make.review(of=tool, by=seat, published_at=make.FUTURE)
    make.review(of=tool, by=seat, published_at=None)
    with pytest.raises(TransitionError, match="another draft"):
        scheduled.unschedule()


def panel_of_a_draft():
    tool = make.tool(published_at=None)
    seats = [make.reviewer() for _ in range(4)]
    draft = make.review(of=tool, by=seats[0], published_at=None)
    out = make.review(of=tool, by=seats[1])
    later = make.review(of=tool, by=seats[2], published_at=make.FUTURE)
    gone = make.review(of=tool, by=seats[3], published_at=None, withdrawn_at=make.PAST)
    return tool, draft, out, later, gone


def test_a_tool_comes_out_with_its_drafts_at_one_instant_and_leaves_other_reviews_alone():
    tool, draft, *others = panel_of_a_draft()
    before = [(review.published_at, review.withdrawn_at) for review in others]
    assert publish_tool(tool=tool, reason="Ready") == [draft]
    for thing in (tool, draft, *others):
        thing.refresh_from_db()
    assert tool.state == draft.state == PublicationState.PUBLISHED
    assert draft.published_at == tool.published_at
    assert [(review.published_at, review.withdrawn_at) for review in others] == before
    assert draft.history.latest().history_change_reason == "Ready"


def test_what_is_scheduled_with_its_tool_moves_and_goes_back_with_it(django_assert_num_queries):
    tool, draft, _, later, _ = panel_of_a_draft()
    first, second = timezone.now() + HOUR, timezone.now() + 2 * HOUR
    publish_tool(tool=tool, at=first)
    with django_assert_num_queries(11):  # the reviews; for both a row and its history; three savepoints
        assert publish_tool(tool=tool, at=second) == [draft]
    draft.refresh_from_db()
    assert draft.published_at == tool.published_at == second
    assert unschedule_tool(tool=tool) == [draft]
    for thing in (draft, later):
        thing.refresh_from_db()
    assert (tool.state, draft.state, later.state) == (
        PublicationState.DRAFT,
        PublicationState.DRAFT,
        PublicationState.SCHEDULED,
    )


def test_a_tool_and_its_reviews_move_together_or_not_at_all():
    tool, draft, *_ = panel_of_a_draft()
    make.review(of=tool, by=draft.reviewer, published_at=make.FUTURE)
    with pytest.raises(TransitionError):
        publish_tool(tool=tool, at=make.FUTURE)
    for thing in (tool, draft):
        thing.refresh_from_db()
    assert (tool.state, draft.state) == (PublicationState.DRAFT, PublicationState.DRAFT)
