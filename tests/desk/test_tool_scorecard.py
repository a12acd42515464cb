"""The scorecard on the tool page: who may write in which row, and how saving affects earlier editions."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone
from lxml import html

from accounts.models import User
from desk.tool_page.scorecard import EDITION_SCHEDULED, SEAT_DELETED, SEAT_TAKEN
from reviews.models import Prediction, Review
from reviews.panel import Panel
from tests import factories as make
from tests.desk.tool_forms import ADD, CONFLICT, fill_tool_form, read_errors, read_form, tool_url
from tools.models import Tool

pytestmark = pytest.mark.django_db
LONG = "A reason that is long enough to be published, because it says what was tried and what came of it."
DUE = date(timezone.now().year + 2, 1, 31)


def row_fields(seat, **typed) -> dict[str, str]:
    """Return the fields of a seat's row. A verdict comes with a gist and a basis unless they are given."""
    if typed.get("verdict"):
        typed = {"gist": "In one line.", "basis": "read", **typed}
    return {f"scorecard-{seat.pk}-{name.replace('__', '-')}": value for name, value in typed.items()}


def save(client, tool, **typed):
    return client.post(tool_url(tool), fill_tool_form(client.get(tool_url(tool)), **typed))


def read_editions(tool) -> list[tuple]:
    """Return every edition as (seat, verdict, quote, state)."""
    return [
        (review.reviewer.seat, review.verdict, review.quote, review.state.value)
        for review in tool.reviews.order_by("reviewer__seat", "pk")
    ]


def make_writer(client, seat=None, *extra: str):
    """Sign in a user who may only write reviews and see tools."""
    user = User.objects.create_user(f"writer-{User.objects.count()}", password="x", is_staff=True)
    names = ["view_tool", "view_review", "add_review", "change_review", *extra]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    if seat:
        seat.held_by = user
        seat.save()
    client.force_login(user)
    return client


def test_four_reviews_are_written_on_one_page(admin_client):
    make.category()
    seats = [make.reviewer(seat=place) for place in (3, 1, 4, 2)]
    typed = {"name": "One"}
    for seat, verdict in zip(seats, ("ship", "skip", "ship", "ship"), strict=True):
        typed |= row_fields(seat, verdict=verdict, quote=f"Says {seat.seat}.", flips_if="Never.")
        typed |= row_fields(seat, predictions__0__claim="It stays.", predictions__0__due_on=DUE)
    admin_client.post(ADD, fill_tool_form(admin_client.get(ADD), **typed))
    tool = Tool.objects.get()
    assert read_editions(tool) == [
        (1, "skip", "Says 1.", "draft"),
        (2, "ship", "Says 2.", "draft"),
        (3, "ship", "Says 3.", "draft"),
        (4, "ship", "Says 4.", "draft"),
    ]
    assert set(Prediction.objects.values_list("review__flips_if", "claim", "due_on")) == {("Never.", "It stays.", DUE)}
    page = html.fromstring(admin_client.get(tool_url(tool)).content.decode())
    assert " ".join(page.find_class("desk-panel")[0].text_content().split()) == "Panel ship will be 75% 3 of 4 ship"


def test_rows_are_in_seat_order_without_a_preselected_verdict(admin_client):
    tool = make.tool()
    seats = [make.reviewer(seat=place) for place in (2, 1)]
    page = html.fromstring(admin_client.get(tool_url(tool)).content.decode())
    assert [row.get("id") for row in page.find_class("desk-seat")] == [
        f"seat-{seats[1].slug}",
        f"seat-{seats[0].slug}",
    ]
    assert page.xpath("//input[@type='radio'][@checked]/@value") == ["", ""]
    assert len(page.xpath(f"//input[starts-with(@name, 'scorecard-{seats[0].pk}-predictions-')][@type='text']")) == 3


def test_empty_row_writes_nothing(admin_client):
    tool = make.tool()
    make.reviewer()
    save(admin_client, tool, tagline="Else")
    assert Review.objects.count() == 0


def test_draft_can_be_changed_and_deleted_in_its_row(admin_client):
    tool, seat = make.tool(), make.reviewer(seat=1)
    draft = make.review(of=tool, by=seat, quote="First.", published_at=None)
    kept, gone = make.prediction(of=draft, claim="Kept"), make.prediction(of=draft, claim="Gone")
    page = fill_tool_form(admin_client.get(tool_url(tool)))
    assert page[f"scorecard-{seat.pk}-predictions-0-claim"] == "Kept"
    typed = row_fields(seat, verdict="skip", quote="Second.", predictions__1__claim="", predictions__1__due_on="")
    typed |= row_fields(seat, predictions__0__due_on=DUE, predictions__2__claim="New", predictions__2__due_on=DUE)
    admin_client.post(tool_url(tool), page | typed)
    assert read_editions(tool) == [(1, "skip", "Second.", "draft")]
    new = draft.predictions.get(claim="New")
    assert list(draft.predictions.order_by("pk")) == [kept, new]
    assert not Prediction.objects.filter(pk=gone.pk).exists()
    save(admin_client, tool, **row_fields(seat, discard="on"))
    assert read_editions(tool) == []


def test_too_many_predictions_are_a_problem_of_the_page(admin_client):
    tool, seat = make.tool(), make.reviewer(seat=1)
    typed = row_fields(seat, verdict="ship", quote=LONG, predictions__TOTAL_FORMS=31)
    for number in range(31):
        typed |= row_fields(
            seat, **{f"predictions__{number}__claim": f"{number}.", f"predictions__{number}__due_on": DUE}
        )
    problem = f"{seat.name}, predictions: A review has at most 30 predictions."
    assert read_errors(save(admin_client, tool, **typed)) == [problem]
    assert read_editions(tool) == []


def test_published_edition_is_read_only_and_a_new_one_is_a_draft(admin_client):
    tool, seat = make.tool(published_at=None), make.reviewer(seat=1)
    make.review(of=tool, by=seat, quote="**Old** <script>x</script>")
    response = admin_client.get(tool_url(tool))
    assert "<p><strong>Old</strong> &lt;script&gt;x&lt;/script&gt;</p>" in response.content.decode()
    assert fill_tool_form(response)[f"scorecard-{seat.pk}-quote"] == ""
    save(admin_client, tool, **row_fields(seat, verdict="skip", quote="New."))
    assert read_editions(tool) == [
        (1, "ship", "**Old** <script>x</script>", "published"),
        (1, "skip", "New.", "draft"),
    ]
    assert fill_tool_form(admin_client.get(tool_url(tool)))[f"scorecard-{seat.pk}-quote"] == "New."


@pytest.mark.parametrize("is_drafted", [False, True])
def test_new_edition_on_a_public_tool_can_be_published_at_once(admin_client, client, is_drafted):
    tool, seat = make.tool(slug="one"), make.reviewer(seat=1)
    make.review(of=tool, by=seat, quote="Old.")
    if is_drafted:
        make.review(of=tool, by=seat, quote="Drafted.", published_at=None)
    typed = row_fields(
        seat, verdict="skip", quote=LONG, publish_now="on", predictions__0__claim="A", predictions__0__due_on=DUE
    )
    save(admin_client, tool, change_reason="It slowed down.", **typed)
    assert read_editions(tool) == [(1, "ship", "Old.", "published"), (1, "skip", LONG, "published")]
    published = tool.reviews.latest("pk")
    assert published.history.latest().history_change_reason == "Published: It slowed down."
    assert [prediction.claim for prediction in published.predictions.all()] == ["A"]
    assert LONG in client.get("/tools/one/").content.decode()
    assert Review.objects.current().get().verdict == "skip"


def test_too_short_a_quote_is_not_published(admin_client):
    tool, seat = make.tool(), make.reviewer()
    response = save(admin_client, tool, **row_fields(seat, verdict="ship", quote="Short.", publish_now="on"))
    assert read_errors(response) == [
        f"{seat.name}, Publish this edition now: The quote has 6 characters; 80 are needed."
    ]


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_nothing_is_published_on_a_tool_that_is_not_public(admin_client, fields):
    tool, seat = make.tool(**fields), make.reviewer(seat=1)
    save(admin_client, tool, **row_fields(seat, verdict="ship", quote=LONG, publish_now="on"))
    assert read_editions(tool) == [(1, "ship", LONG, "draft")]


def test_scheduled_edition_can_be_edited_and_keeps_its_time(admin_client):
    tool, seat = make.tool(), make.reviewer(seat=1)
    make.review(of=tool, by=seat, quote="Soon.", published_at=make.FUTURE)
    save(admin_client, tool, **row_fields(seat, quote="Soon, and better."))
    assert read_editions(tool) == [(1, "ship", "Soon, and better.", "scheduled")]
    assert tool.reviews.get().published_at == make.FUTURE


def test_line_endings_are_normalized(admin_client):
    tool, seat = make.tool(), make.reviewer()
    draft = make.review(of=tool, by=seat, quote="One.\n\nTwo.", published_at=None)
    histories = Review.history.count()
    save(admin_client, tool, **row_fields(seat, quote="One.\r\n\r\nTwo."))
    draft.refresh_from_db()
    assert (draft.quote, Review.history.count()) == ("One.\n\nTwo.", histories)


@pytest.mark.parametrize(
    ("typed", "messages"),
    [
        ({"verdict": "ship"}, ["Quote: A verdict needs reasons."]),
        (
            {"verdict": "ship", "quote": "Why.", "basis": ""},
            ["How this seat knows: Choose what stands behind the verdict."],
        ),
        (
            {"quote": "Why.", "publish_now": "on"},
            ["Verdict: Choose ship or skip. Only a draft can be without a verdict."],
        ),
        (
            {"verdict": "ship", "quote": "Why.", "gist": "x" * 91, "basis": "tried"},
            [
                "Gist: Ensure this value has at most 90 characters (it has 91).",
                "Version tried: Enter the version that was tried.",
                "Days tried: Enter for how many days it was tried, from 1 to 3,650.",
            ],
        ),
        (
            {"verdict": "ship", "quote": "Why.", "basis_version": "0.11", "basis_days": "3"},
            ["Version tried: Only a trial has a version.", "Days tried: Only a trial has a number of days."],
        ),
        (
            {"verdict": "maybe", "quote": "Why."},
            ["Verdict: Select a valid choice. maybe is not one of the available choices."],
        ),
        (
            {"predictions__0__claim": "It stays."},
            ["Due on: Enter the day on which it can be judged."],
        ),
    ],
)
def test_incomplete_review_is_refused_and_stays_in_the_form(admin_client, typed, messages):
    tool, seat = make.tool(), make.reviewer()
    response = save(admin_client, tool, **row_fields(seat, **typed))
    assert read_errors(response) == [
        f"{seat.name}, {'prediction, ' if message.startswith('Due on') else ''}{message}" for message in messages
    ]
    kept = row_fields(seat, **{name: value for name, value in typed.items() if value != "maybe"})
    assert fill_tool_form(response) | kept == fill_tool_form(response)


def test_past_and_duplicate_predictions_are_refused(admin_client):
    tool, seat = make.tool(), make.reviewer()
    typed = row_fields(
        seat, verdict="ship", quote="Why.", predictions__0__claim="A", predictions__0__due_on="2020-01-01"
    )
    assert read_errors(save(admin_client, tool, **typed)) == [
        f"{seat.name}, prediction, Due on: A prediction must be due on a future day."
    ]
    for day, year in (("0027-01-01", 27), ("1999-12-31", 1999), ("9999-12-31", 9999)):
        typed |= row_fields(seat, predictions__0__due_on=day)
        assert read_errors(save(admin_client, tool, **typed))[0] == (
            f"{seat.name}, prediction, Due on: The year {year} cannot be right."
        )
    typed |= row_fields(seat, predictions__0__due_on=DUE, predictions__1__claim="A", predictions__1__due_on=DUE)
    assert read_errors(save(admin_client, tool, **typed)) == [
        f"{seat.name}, prediction, Claim: This review already makes that claim."
    ]


# -- Two editors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["draft", "changed", "published"])
def test_text_of_someone_else_is_not_overwritten_unseen(admin_client, change):
    tool, seat = make.tool(), make.reviewer(seat=1)
    if change != "draft":
        draft = make.review(of=tool, by=seat, quote="Mine before.", published_at=None)
    page = fill_tool_form(admin_client.get(tool_url(tool)))
    match change:
        case "draft":
            make.review(of=tool, by=seat, quote="Theirs.", published_at=None)
        case "changed":
            draft.quote = "Theirs."
            draft.save()
        case "published":
            draft.quote, draft.published_at = "Theirs.", make.PAST
            draft.save()
    response = admin_client.post(tool_url(tool), page | row_fields(seat, verdict="skip", quote="Mine."))
    assert read_errors(response) == [CONFLICT]
    page = fill_tool_form(response)
    assert page[f"scorecard-{seat.pk}-quote"] == "Mine."
    asked = re.findall(r'name="asked" value="([^"]*)"', response.content.decode())
    fields = {"draft": {"verdict", "gist", "quote"}, "changed": {"quote"}, "published": {""}}[change]
    assert set(asked) == {f"scorecard-{seat.pk}:{field}" for field in fields}
    admin_client.post(tool_url(tool), page | {"asked": asked} | {f"keep:{name}": "mine" for name in asked})
    kept = [(1, "ship", "Theirs.", "published")] if change == "published" else []
    assert read_editions(tool) == [*kept, (1, "skip", "Mine.", "draft")]


# -- Who may write where -------------------------------------------------------------------------------------


def test_holder_of_a_seat_writes_its_drafts_only(client):
    seat, other = make.reviewer(seat=1), make.reviewer(seat=2)
    tool = make.tool(name="One", slug="one", tagline="Kept")
    make.plan(of=tool, name="Pro")
    make.fact(of=tool, value="MIT")
    make.review(of=tool, by=other, quote="Another seat's draft.", published_at=None)
    make_writer(client, seat)
    response = client.get(tool_url(tool))
    assert response.status_code == 200
    assert [name for name in fill_tool_form(response) if not name.startswith(f"scorecard-{seat.pk}-")] == [
        "csrfmiddlewaretoken", "change_reason", "seen_version", "_save",
    ]  # fmt: skip
    typed = {
        **row_fields(seat, verdict="ship", quote=LONG, publish_now="on"),
        **row_fields(other, seen="x", verdict="skip", quote="Forged."),
        "name": "Forged", "tagline": "Forged", "rename_to": "forged", "remove_logo": "on", "slug": "forged",
        "plans-TOTAL_FORMS": "1", "plans-INITIAL_FORMS": "0", "plans-0-name": "Forged", "plans-0-kind": "free",
    }  # fmt: skip
    histories = Tool.history.count()
    assert client.post(tool_url(tool), fill_tool_form(response, **typed)).status_code == 302
    assert read_editions(tool) == [(1, "ship", LONG, "draft"), (2, "ship", "Another seat's draft.", "draft")]
    tool.refresh_from_db()
    assert (tool.name, tool.slug, tool.tagline, tool.plans.get().name) == ("One", "one", "Kept", "Pro")
    assert Tool.history.count() == histories


def test_holder_of_a_seat_cannot_change_a_scheduled_edition(client):
    seat = make.reviewer(seat=1)
    tool = make.tool()
    make.review(of=tool, by=seat, quote="Soon.", published_at=make.FUTURE)
    make_writer(client, seat)
    client.post(
        tool_url(tool),
        fill_tool_form(client.get(tool_url(tool)), **row_fields(seat, seen="x", verdict="skip", quote="Now.")),
    )
    assert read_editions(tool) == [(1, "ship", "Soon.", "scheduled")]


def test_words_for_an_edition_that_was_scheduled_meanwhile_stay_in_the_form(client):
    seat = make.reviewer(seat=1)
    tool = make.tool()
    draft = make.review(of=tool, by=seat, quote="A draft.", published_at=None)
    make_writer(client, seat)
    untouched = fill_tool_form(client.get(tool_url(tool)))
    form = untouched | row_fields(seat, quote="What took an hour to write.")
    draft.published_at = make.FUTURE
    draft.save()
    response = client.post(tool_url(tool), form)
    assert read_errors(response) == [f"{seat.name}: {EDITION_SCHEDULED}"]
    assert read_form(response, "tool_form")[f"scorecard-{seat.pk}-quote"] == "What took an hour to write."
    assert client.post(tool_url(tool), untouched).status_code == 302
    assert read_editions(tool) == [(1, "ship", "A draft.", "scheduled")]


def test_words_for_a_seat_that_was_given_to_another_stay_in_the_form(client):
    seat, tool = make.reviewer(seat=1), make.tool()
    make_writer(client, seat)
    form = fill_tool_form(client.get(tool_url(tool)), **row_fields(seat, quote="What took an hour to write."))
    seat.held_by = None
    seat.save()
    response = client.post(tool_url(tool), form)
    assert read_errors(response) == [f"{seat.name}: {SEAT_TAKEN}"]
    assert read_form(response, "tool_form")[f"scorecard-{seat.pk}-quote"] == "What took an hour to write."
    assert read_editions(tool) == []


def test_words_for_a_seat_that_was_deleted_stay_in_the_form(admin_client):
    seat, other = make.reviewer(seat=1), make.reviewer(seat=2)
    tool = make.tool()
    page = admin_client.get(tool_url(tool))
    form = fill_tool_form(page, **row_fields(other, quote="Words."))
    wrong = form | row_fields(seat, quote="What took an hour to write.", predictions__0__claim="It ships.")
    pk = seat.pk
    seat.delete()
    response = admin_client.post(tool_url(tool), wrong)
    assert read_errors(response)[0] == f"A seat that was deleted: {SEAT_DELETED}"
    fields = read_form(response, "tool_form")
    assert fields[f"scorecard-{pk}-quote"] == "What took an hour to write."
    assert read_editions(tool) == []
    assert admin_client.post(tool_url(tool), form).status_code == 302
    assert read_editions(tool) == [(2, "", "Words.", "draft")]


def test_writer_without_a_seat_writes_nothing(client):
    seat, tool = make.reviewer(), make.tool()
    make_writer(client)
    client.post(
        tool_url(tool),
        fill_tool_form(client.get(tool_url(tool)), **row_fields(seat, seen="nothing", verdict="ship", quote="Why.")),
    )
    assert read_editions(tool) == []


def test_viewer_cannot_save(client):
    tool = make.tool()
    user = User.objects.create_user("looker", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_tool", "view_review"]))
    client.force_login(user)
    assert client.get(tool_url(tool)).status_code == 200
    assert client.post(tool_url(tool), {}).status_code == 403
    assert client.get(ADD).status_code == 403


def test_writer_is_no_editor_on_other_pages_of_the_tool(client):
    tool = make.tool()
    make_writer(client, make.reviewer())
    assert client.post(f"/admin/tools/tool/{tool.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Tool.objects.count() == 1


# -- Arithmetic ----------------------------------------------------------------------------------------------


def test_panel_is_rounded_as_the_database_rounds():
    counts = [(ship, seats) for seats in range(1, 13) for ship in range(seats + 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT whole_percent(ship, seats) FROM unnest(%s::bigint[], %s::bigint[]) "
            "WITH ORDINALITY AS c(ship, seats, place) ORDER BY place",
            [[ship for ship, _ in counts], [seats for _, seats in counts]],
        )
        percents = [percent for (percent,) in cursor.fetchall()]
    marks = [[("", "ship")] * ship + [("", "skip")] * (seats - ship) for ship, seats in counts]
    assert [Panel.from_verdicts(one).percent for one in marks] == percents
    assert Panel.from_verdicts([]) == Panel.of(None)
