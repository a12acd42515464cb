"""The desk's front page: what needs attention today, and that users see only what they may act on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import BulkChange
from desk.front import front_page
from desk.front.front_list import format_age
from newsletter.models import DailyRun, Delivery, Outbox, Worker
from reviews.actions import note_mentions
from reviews.models import Review, Reviewer
from tests import factories as make
from web.words import format_day

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EDITOR = (
    "tools.change_tool", "tools.view_tool", "tools.change_plan", "tools.change_fact", "tools.import_catalog",
    "reviews.add_review", "reviews.change_review", "reviews.view_review", "reviews.publish_review",
    "reviews.change_prediction", "comparisons.add_comparison", "comparisons.change_comparison", "votes.moderate_vote",
)  # fmt: skip
REVIEWER = ("tools.view_tool", "reviews.add_review", "reviews.change_review", "reviews.view_review")


NOT_SHOWN = ("first-steps", "newsletter-troubles", "handed-over")  # on an empty site, and to these editors


def make_user(*permissions: str) -> User:
    user = User.objects.create_user(f"user-{User.objects.count()}", is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def item_texts(user: User) -> dict[str, list[str]]:
    """Return the texts of the items that a user sees, by the slug of their list."""
    return {found.slug: [item.text for item in found.items] for found in front_page.build_lists(user)}


def find_list(slug: str, user: User | None = None) -> front_page.FrontList:
    lists = front_page.build_lists(user or make_user(*EDITOR))
    return next(found for found in lists if found.slug == slug)


def test_empty_desk_shows_the_empty_text_of_every_list(client):
    client.force_login(make_user(*EDITOR))
    page = client.get(reverse("admin:index"))
    lists = page.context["front_lists"]
    assert [(found.total, list(found.items)) for found in lists] == [(0, [])] * (len(front_page.LISTS) - len(NOT_SHOWN))
    for found in lists:
        assert f'<dd class="today__empty">{found.empty}</dd>' in page.content.decode()
    words = {found.slug: found.empty for found in lists}
    slugs = ("missing-seats", "stale", "unverified", "due-predictions", "missing-comparisons", "flips")
    assert [words[slug] for slug in slugs] == [
        "There are no tools yet.",
        "There are no tools yet.",
        "There are no tools yet.",
        "There are no predictions yet.",
        "There are no reviews yet.",
        "There are no reviews yet.",
    ]
    make.review(of=make.tool(published_at=None), by=make.reviewer(), published_at=None)
    assert find_list("stale").empty == "No price or fact was last checked over 90 days ago."
    assert find_list("flips").empty == "No verdict flipped in the last 90 days."


def test_drafts_are_listed_oldest_first(time_machine):
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    tool = make.tool(name="Old", published_at=None)
    seat = make.reviewer(name="Seat")
    make.review(of=tool, by=seat, published_at=None)
    make.comparison(first=make.tool(name="A"), second=make.tool(name="B"), published_at=None)
    time_machine.move_to("2026-03-04T12:00Z", tick=False)
    make.tool(name="New", published_at=None)
    make.tool(name="Out")
    make.tool(name="Withdrawn", published_at=None, withdrawn_at=make.PAST)
    user = make_user(*EDITOR)
    notes = {found.slug: [(item.text, item.note) for item in found.items] for found in front_page.build_lists(user)}
    assert notes["draft-tools"] == [("Old", f"{tool.category}, 3 days old"), ("New", notes["draft-tools"][1][1])]
    assert notes["draft-tools"][1][1].endswith(", today")
    assert notes["draft-reviews"] == [("Seat on Old", "ship, 3 days old")]
    assert notes["draft-comparisons"] == [("A vs B", "3 days old")]


def test_list_shows_eight_and_counts_all():
    for _ in range(10):
        make.tool(published_at=None)
    drafts = find_list("draft-tools")
    assert (len(drafts.items), drafts.total) == (8, 10)
    assert drafts.more == [("All tools in draft", "/admin/tools/tool/?state=draft")]


def test_scheduled_content_of_all_kinds_is_listed_soonest_first():
    now = timezone.now()
    tool, other, seat = make.tool(name="Next", published_at=now + 2 * DAY), make.tool(name="Other"), make.reviewer()
    make.review(of=other, by=seat, published_at=now + DAY)
    make.comparison(first=tool, second=other, published_at=now + 3 * DAY)
    make.comparison(published_at=now + DAY, withdrawn_at=now)
    scheduled = find_list("scheduled")
    assert [item.text for item in scheduled.items] == [f"{seat} on Other", "Next", "Next vs Other"]
    assert scheduled.total == 3


def test_old_checks_are_grouped_by_tool_oldest_first(settings):
    settings.STALE_AFTER_DAYS = 90
    today = timezone.now().date()
    older, old, fresh, gone = (
        make.tool(name=name, withdrawn_at=make.PAST if name == "Gone" else None)
        for name in ("Older", "Old", "Fresh", "Gone")
    )
    make.plan(of=old, verified_on=today - 91 * DAY)
    make.fact(of=older, verified_on=today - 100 * DAY)
    make.fact(of=older, verified_on=today - 200 * DAY)
    make.plan(of=older, verified_on=today - 95 * DAY)
    make.plan(of=older, verified_on=today - 900 * DAY, superseded_at=make.PAST)
    make.fact(of=fresh, verified_on=today - 90 * DAY)
    make.fact(of=gone, verified_on=today - 900 * DAY)
    make.fact(of=fresh)
    stale, never = find_list("stale"), find_list("unverified")
    assert [(item.text, item.url, item.note.partition(",")[0]) for item in stale.items] == [
        ("Older", reverse("admin:tools_tool_change", args=[older.pk]), "1 price and 2 facts"),
        ("Old", reverse("admin:tools_tool_change", args=[old.pk]), "1 price"),
    ]
    assert stale.total == 2
    assert [(item.text, item.note) for item in never.items] == [("Fresh", "1 fact")]


def test_due_predictions_are_listed():
    review = make.review(of=make.tool(), by=make.reviewer())
    today = timezone.now().date()
    late = make.prediction(of=review, due_on=today - 5 * DAY)
    now = make.prediction(of=review, due_on=today)
    make.prediction(of=review, due_on=today + DAY)
    make.prediction(of=review, due_on=today - 9 * DAY, outcome="right")
    make.prediction(of=make.review(of=make.tool(), by=make.reviewer(), published_at=None), due_on=today - 9 * DAY)
    assert [item.text for item in find_list("due-predictions").items] == [late.claim, now.claim]


def test_rivals_without_a_comparison_are_prefilled(client):
    one, other, third = make.tool(name="Bee Tool"), make.tool(name="Ant Tool"), make.tool(name="Cat Tool")
    draft = make.tool(name="Draft Tool", published_at=None)
    seats = [make.reviewer() for _ in range(2)]
    make.review(of=one, by=seats[0], quote="Not Ant Tool, not Cat Tool, nor Draft Tool.")
    make.review(of=other, by=seats[1], quote="Rather than Bee Tool.")
    make.review(of=third, by=seats[0], quote="Ant Tool does it.", published_at=None)
    make.review(of=third, by=seats[1], quote="Ant Tool does it.", withdrawn_at=make.PAST)
    note_mentions(reviews=Review.objects.all())
    rivals = find_list("missing-comparisons")
    url = f"/admin/comparisons/comparison/add/?first={other.pk}&second={one.pk}"
    assert [(item.text, item.url, item.note) for item in rivals.items] == [
        ("Ant Tool vs Bee Tool", url, "mentioned together in 2 reviews"),
        ("Bee Tool vs Cat Tool", rivals.items[1].url, "mentioned together in 1 review"),
    ]
    assert draft.name not in str(rivals)
    client.force_login(make_user(*EDITOR))
    form = client.get(url).context["adminform"].form
    assert (form["first"].value(), form["second"].value()) == (str(other.pk), str(one.pk))
    make.comparison(first=one, second=other, published_at=None)
    assert [item.text for item in find_list("missing-comparisons").items] == ["Bee Tool vs Cat Tool"]


def test_tools_missing_a_verdict_name_the_seats():
    seats = [make.reviewer(name=name) for name in ("Builder", "Skeptic")]
    tool, almost = make.tool(name="Nothing"), make.tool(name="Almost", published_at=None)
    make.review(of=almost, by=seats[0], published_at=None)
    make.panel(of=make.tool(name="Whole"), seats=seats, verdicts="+-")
    make.tool(name="Gone", withdrawn_at=make.PAST)
    lacking = find_list("missing-seats")
    assert [(item.text, item.note, item.url) for item in lacking.items] == [
        ("Almost", "Skeptic", f"/admin/reviews/review/add/?tool={almost.pk}&reviewer={seats[1].pk}"),
        ("Nothing", "Builder and Skeptic", f"/admin/tools/tool/{tool.pk}/change/"),
    ]


def test_recent_flips_are_listed(time_machine):
    now = timezone.now()
    tool, seat = make.tool(name="T"), make.reviewer(name="Seat")
    make.review(of=tool, by=seat, verdict="ship", published_at=now - 200 * DAY)
    make.review(of=tool, by=seat, verdict="skip", published_at=now - 100 * DAY)
    make.review(of=tool, by=seat, verdict="ship", published_at=now - DAY)
    flips = find_list("flips")
    assert [(item.text, item.note.partition(",")[0]) for item in flips.items] == [("Seat on T", "skip to ship")]
    assert flips.total == 1


def test_reviewer_sees_drafts_and_gaps_of_their_own_seat_only():
    user = make_user(*REVIEWER)
    own, other = make.reviewer(name="Own", held_by=user), make.reviewer(name="Other")
    drafted, lacking = make.tool(name="Drafted"), make.tool(name="Lacking")
    make.tool(name="Draft", published_at=None)
    for seat in (own, other):
        make.review(of=drafted, by=seat, published_at=None)
    make.review(of=lacking, by=other)
    assert item_texts(user) == {
        "waiting": [],
        "team-changes": [],
        "draft-reviews": ["Own on Drafted"],
        "missing-seats": ["Draft", "Lacking"],
        "last-edits": [],
    }
    assert find_list("missing-seats", user).items[1].url == (
        f"/admin/reviews/review/add/?tool={lacking.pk}&reviewer={own.pk}"
    )


def test_reviewer_gets_a_link_to_the_tools_missing_their_seat():
    user = make_user(*REVIEWER)
    assert find_list("missing-seats", user).empty == "You do not hold a seat yet. An editor can assign one to you."
    assert find_list("missing-seats", user).more == []
    make.reviewer(slug="own", held_by=user)
    assert find_list("missing-seats", user).empty == "There are no tools yet."
    make.review(of=make.tool(), by=Reviewer.objects.get())
    assert find_list("missing-seats", user).empty == "Your seat has reviewed every tool."
    assert find_list("missing-seats", user).more == [("All tools missing one", "/admin/tools/tool/?unwritten=own")]


def test_moderator_sees_held_votes_of_tools_and_pairs_with_most_votes_first():
    few, many, calm = make.tool(name="Few"), make.tool(name="Many", published_at=None), make.tool(name="Calm")
    make.votes(on=few, ship=1, state="held", held_for="tool")
    make.votes(on=many, ship=20, skip=5, state="held", held_for="burst")
    make.votes(on=calm, ship=30)
    make.pair_votes(between=(calm, few), first=2, state="held", held_for="pair")
    make.pair_votes(between=(many, few), first=9)
    held = find_list("votes-under-review", make_user("votes.moderate_vote"))
    assert [(item.text, item.note, item.url) for item in held.items] == [
        ("Many", "25 held votes", f"/admin/votes/vote/tool/{many.pk}/"),
        ("Few vs Calm", "2 held votes", f"/admin/votes/pairvote/{few.pk}/{calm.pk}/"),
        ("Few", "1 held vote", f"/admin/votes/vote/tool/{few.pk}/"),
    ]
    assert held.total == 3
    assert [url for _, url in held.more] == ["/admin/votes/vote/", "/admin/votes/pairvote/"]


def test_total_of_held_votes_includes_rows_not_shown():
    for _ in range(6):
        tools = make.tool(), make.tool()
        make.votes(on=tools[0], ship=1, state="held", held_for="tool")
        make.pair_votes(between=tools, first=1, state="held", held_for="pair")
    held = find_list("votes-under-review", make_user("votes.moderate_vote"))
    assert (len(held.items), held.total) == (8, 12)


def test_user_without_permissions_sees_no_content():
    make.tool(name="Draft", published_at=None)
    assert item_texts(make_user()) == {"last-edits": []}


def test_front_page_makes_a_constant_number_of_queries(client, django_assert_num_queries):
    user = make_user(*EDITOR)
    client.force_login(user)
    DailyRun.objects.create(ended_at=timezone.now(), machine="one", differences=0)
    today, seat = timezone.now().date(), make.reviewer()
    for _ in range(2):
        tool, other = make.tool(), make.tool(published_at=None)
        review = make.review(of=tool, by=seat)
        make.review(of=other, by=seat, published_at=None)
        make.prediction(of=review, due_on=today)
        make.plan(of=tool, verified_on=today - 400 * DAY)
        make.fact(of=tool)
        make.comparison(first=tool, second=other, published_at=make.FUTURE)
        make.comparison(published_at=None)
        with django_assert_num_queries(29):
            assert client.get(reverse("admin:index")).status_code == 200


def test_front_page_of_a_moderator_makes_a_constant_number_of_queries(client, django_assert_num_queries):
    client.force_login(make_user("votes.moderate_vote"))
    DailyRun.objects.create(ended_at=timezone.now(), machine="one", differences=0)
    for _ in range(2):
        tools = make.tool(), make.tool()
        make.votes(on=tools[0], ship=1, state="held", held_for="tool")
        make.pair_votes(between=tools, first=1, state="held", held_for="pair")
        with django_assert_num_queries(8):
            assert client.get(reverse("admin:index")).status_code == 200


def test_front_page_redirects_readers_to_sign_in(client):
    response = client.get(reverse("admin:index"))
    assert response.status_code == 302


def test_imports_are_listed_with_the_name_of_their_file():
    user = make_user(*EDITOR)
    change = BulkChange.objects.create(kind="import", title="tools.csv", summary="tools: 1 added.", made_by=user)
    BulkChange.objects.create(kind="action", title="Delete tools", made_by=user)
    [item] = find_list("imports").items
    assert (item.text, item.url) == ("tools.csv", f"/admin/changes/{change.pk}/")
    assert item.note.endswith(f" UTC, {user.username}, tools: 1 added")


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (1, "1 day old"), (12, "12 days old")])
def test_age_is_formatted_in_days(days, words):
    now = datetime(2026, 3, 20, 1, tzinfo=UTC)
    assert format_age(now - days * DAY, now=now) == words
    assert format_age(None, now=now) == ""


def test_trouble_of_the_site_is_an_alarm_for_everyone(client):
    now = timezone.now()
    client.force_login(make_user(*REVIEWER))

    def read_alarms() -> list[str]:
        page = client.get(reverse("admin:index"))
        assert page.content.decode().count('role="alert"') == bool(page.context["alarms"])
        return page.context["alarms"]

    assert read_alarms() == []  # the site is new
    MigrationRecorder.Migration.objects.update(applied=now - 2 * DAY)
    run = DailyRun.objects.create(started_at=now, machine="one")  # it still runs, or was killed
    day = format_day((now - 2 * DAY).date())
    assert read_alarms() == [f"Daily work has never ended since {day}. Start a worker, or run manage.py daily."]
    run.ended_at, run.differences = now, 3
    run.steps = [{"name": "tidy", "failed": True}, {"name": "verify tally", "failed": False}]
    run.save()
    today = format_day(now.date())
    assert read_alarms() == [
        f"Counts on public pages differ from the votes in 3 places, as of {today}. Tell an administrator to run "
        "manage.py verify_tally, and to find out why before repairing it.",
        f"Daily work failed on {today}: tidy. The log of the workers says why.",
    ]
    run.started_at = now - DAY
    run.save()
    later = DailyRun.objects.create(ended_at=now, machine="one", steps=[{"name": "verify tally", "failed": True}])
    assert [words[:75] for words in read_alarms()] == [
        "Counts on public pages differ from the votes in 3 places, as of " + format_day((now - DAY).date())[:11],
        f"Daily work failed on {today}: verify tally. The log of the workers says why."[:75],
    ]
    later.delete()
    run.started_at, run.differences, run.steps = now - 2 * DAY, 0, []
    run.save()
    assert read_alarms() == [f"Daily work has not run since {day}. Start a worker, or run manage.py daily."]


def test_team_changes_of_everybody_are_listed_once_per_person_and_object():
    ada, bob, reviewer = make_user(*EDITOR), make_user(*EDITOR), make_user(*REVIEWER)
    own = make.reviewer(name="Own", held_by=reviewer)
    tool = make.tool(name="Tool")
    plan = make.plan(of=tool)
    draft = make.review(of=tool, by=make.reviewer(name="Other"), published_at=None)
    gone = make.comparison(first=tool, published_at=None)
    for row, user, reason in (
        (tool, ada, "First."),
        (draft, ada, "Secret."),
        (tool, bob, ""),
        (gone, bob, ""),
        (tool, bob, "catalog import of “tools.csv”"),
        (plan, ada, "Cheaper now."),
    ):
        type(row).history.bulk_history_create([row], default_user=user, default_change_reason=reason)
    type(own).history.update(history_user=None)
    gone.delete()
    shown = [(item.text, item.note) for item in find_list("team-changes", ada).items]
    assert shown == [
        ("Tool", f"{ada.username}, today, Cheaper now."),
        ("A deleted comparison", f"{bob.username}, today"),
        ("Tool", f"{bob.username}, today"),
        ("Other on Tool", f"{ada.username}, today, Secret."),
    ]
    assert "Other on Tool" not in [item.text for item in find_list("team-changes", reviewer).items]


def test_newsletter_troubles_are_listed_for_those_who_may_act():
    now = timezone.now()
    stopped = make.issue(state="stopped", finished_at=now, started_at=now - DAY)
    sent = make.issue(state="sent", started_at=now - DAY)
    old = make.issue(state="sent", started_at=now - 60 * DAY)
    late = make.issue(state="ready", trouble="No worker ran.")
    for issue, state in (
        (stopped, "queued"),
        (stopped, "queued"),
        (sent, "failed"),
        (sent, "unknown"),
        (old, "failed"),
    ):
        Delivery.objects.create(issue=issue, subscriber=make.subscriber(), state=state, reason="550 No such user")
    Outbox.objects.create(kind="test", state="failed", reason="550 No such user")
    Outbox.objects.create(kind="test", state="failed", reason="no longer wanted")
    Outbox.objects.create(kind="test", next_attempt_at=now - DAY)
    Outbox.objects.create(kind="test")
    Worker.objects.create(name="one", beat_at=now, trouble="Connection refused")
    Worker.objects.create(name="gone", beat_at=now - DAY, trouble="Connection refused")
    user = make_user("newsletter.change_issue", "newsletter.view_outbox")
    troubles = find_list("newsletter-troubles", user)
    assert [(item.text, item.note) for item in troubles.items] == [
        (f"{late} was not sent at its time", "No worker ran."),
        (f"{sent}: 1 mail may or may not have arrived", ""),
        (f"{sent}: 1 mail failed", ""),
        (f"{stopped} was stopped on {format_day(now.date())}", "2 readers did not get it"),
        ("1 single message failed", "the outbox says why"),
        ("1 single message waits", "is a worker running?"),
        ("one cannot send", "Connection refused"),
    ]
    client = Client()
    client.force_login(make.user(is_superuser=True))
    assert [client.get(item.url).status_code for item in troubles.items] == [200] * 7
    assert "newsletter-troubles" not in item_texts(make_user(*REVIEWER))
