"""Reviews at the desk: writing drafts, superseding published ones, and writing for one seat."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from accounts.models import User
from reviews.models import Mention, Prediction, Review, Reviewer
from tests import factories as make

pytestmark = pytest.mark.django_db
ADD = reverse("admin:reviews_review_add")


def review_url(review: Review) -> str:
    return reverse("admin:reviews_review_change", args=[review.pk])


def build_form(review: Review | None = None, **fields) -> dict:
    """Return what the form posts for a draft without predictions."""
    known = {} if review is None else {"tool": review.tool_id, "reviewer": review.reviewer_id}
    management = {"predictions-TOTAL_FORMS": 0, "predictions-INITIAL_FORMS": 0}
    return {"verdict": "ship", "quote": "Because.", "flips_if": "", "basis": "read", **management, **known, **fields}


def make_writer(*, seat: Reviewer) -> User:
    """Return a user who writes drafts for one seat."""
    user = User.objects.create_user(f"writer-{seat.pk}", is_staff=True)
    names = ["add_review", "change_review", "view_review", "add_prediction", "change_prediction", "view_prediction"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=[*names, "view_tool"]))
    seat.held_by = user
    seat.save()
    return user


def test_published_review_offers_a_new_edition_and_nothing_to_save(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer())
    page = admin_client.get(review_url(review))
    assert page.context["next_edition_url"] == f"{ADD}?supersedes={review.pk}"
    html = page.content.decode()
    assert html.count(f'<a href="{ADD}?supersedes={review.pk}" class="addlink">New edition</a>') == 1
    assert 'name="_save"' not in html
    assert 'name="quote"' not in html


def test_new_edition_starts_with_the_current_text(admin_client):
    review = make.review(
        of=make.tool(), by=make.reviewer(), verdict="skip", gist="So.", quote="So & so.", flips_if="If."
    )
    form = admin_client.get(ADD, {"supersedes": review.pk}).context["adminform"].form
    values = {
        name: form[name].value() for name in ("tool", "reviewer", "verdict", "gist", "quote", "flips_if", "basis")
    }
    assert values == {
        "tool": review.tool_id,
        "reviewer": review.reviewer_id,
        "verdict": "skip",
        "gist": "So.",
        "quote": "So & so.",
        "flips_if": "If.",
        "basis": "read",
    }


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"basis": ""}, {"basis": ["Choose what stands behind the verdict."]}),
        (
            {"basis": "tried"},
            {
                "basis_version": ["Enter the version that was tried."],
                "basis_days": ["Enter for how many days it was tried, from 1 to 3,650."],
            },
        ),
        ({"basis_days": "3"}, {"basis_days": ["Only a trial has a number of days."]}),
        ({"gist": "x" * 91}, {"gist": ["Ensure this value has at most 90 characters (it has 91)."]}),
    ],
)
def test_draft_says_how_its_seat_knows(admin_client, typed, errors):
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    response = admin_client.post(review_url(draft), build_form(draft, **typed))
    assert response.context["adminform"].form.errors == errors


@pytest.mark.parametrize("value", ["", "x", "999999", "9" * 40, "-1"])
def test_new_edition_of_nothing_is_an_empty_form(admin_client, value):
    response = admin_client.get(ADD, {"supersedes": value})
    assert response.status_code == 200
    assert response.context["adminform"].form["quote"].value() is None


def test_new_edition_links_to_an_existing_draft(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer())
    draft = make.review(of=review.tool, by=review.reviewer, published_at=None)
    assert admin_client.get(review_url(review)).context["next_edition_url"] == review_url(draft)


def test_new_edition_is_saved_as_a_draft_beside_the_published_one(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer(), verdict="ship")
    response = admin_client.post(ADD, build_form(review, verdict="skip", quote="I changed my mind."))
    assert response.status_code == 302
    editions = Review.objects.order_by("pk").values_list("verdict", "quote", "published_at")
    assert list(editions) == [("ship", review.quote, review.published_at), ("skip", "I changed my mind.", None)]


def test_published_text_cannot_be_changed(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer())
    admin_client.post(review_url(review), build_form(review, verdict="skip", quote="Other."))
    saved = Review.objects.get()
    assert (saved.verdict, saved.quote) == (review.verdict, review.quote)


def test_predictions_of_a_published_review_cannot_be_changed(admin_client):
    prediction = make.prediction(of=make.review(of=make.tool(), by=make.reviewer()))
    posted = {
        "predictions-TOTAL_FORMS": 2,
        "predictions-INITIAL_FORMS": 1,
        "predictions-0-id": prediction.pk,
        "predictions-0-claim": "Other",
        "predictions-0-due_on": "2030-01-01",
        "predictions-0-DELETE": "on",
        "predictions-1-claim": "New",
        "predictions-1-due_on": "2030-01-01",
    }
    admin_client.post(review_url(prediction.review), build_form(prediction.review) | posted)
    assert list(Prediction.objects.values_list("claim", "due_on")) == [(prediction.claim, prediction.due_on)]


def test_draft_can_be_changed_with_its_predictions(admin_client):
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    posted = {
        "predictions-TOTAL_FORMS": 1,
        "predictions-INITIAL_FORMS": 0,
        "predictions-0-claim": "Gone in a year",
        "predictions-0-due_on": "2030-01-01",
    }
    response = admin_client.post(review_url(draft), build_form(draft, quote="Better words.") | posted)
    assert response.status_code == 302
    assert Review.objects.get().quote == "Better words."
    assert list(Prediction.objects.values_list("claim", "outcome")) == [("Gone in a year", "open")]


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2020-01-01", "A prediction must be due on a future day."),
        ("9999-12-31", "The year 9999 cannot be right."),
        ("2030-02-30", "Enter a valid date."),
    ],
)
def test_impossible_due_day_is_refused(admin_client, day, message):
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    posted = {"predictions-TOTAL_FORMS": 1, "predictions-0-claim": "Gone in a year", "predictions-0-due_on": day}
    page = admin_client.post(review_url(draft), build_form(draft) | posted)
    [inline] = page.context["inline_admin_formsets"]
    assert inline.formset.errors == [{"due_on": [message]}]
    assert not Prediction.objects.exists()


def test_due_day_that_has_come_keeps_no_draft_from_being_saved(admin_client):
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    prediction = make.prediction(of=draft, due_on="2020-01-01")
    posted = {
        "predictions-TOTAL_FORMS": 1,
        "predictions-INITIAL_FORMS": 1,
        "predictions-0-id": prediction.pk,
        "predictions-0-claim": "Gone in a decade",
        "predictions-0-due_on": "2020-01-01",
    }
    assert admin_client.post(review_url(draft), build_form(draft) | posted).status_code == 302
    assert Prediction.objects.get().claim == "Gone in a decade"


def test_saving_a_review_records_its_mentions(admin_client):
    named = make.tool(name="Rival One")
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    admin_client.post(review_url(draft), build_form(draft, quote="Rather use Rival One."))
    assert list(Mention.objects.values_list("review", "tool")) == [(draft.pk, named.pk)]


def test_reviewer_sees_own_drafts_only(client):
    own, other = make.reviewer(), make.reviewer()
    client.force_login(make_writer(seat=own))
    tool = make.tool()
    mine = make.review(of=tool, by=own, published_at=None)
    theirs = make.review(of=tool, by=other, published_at=None)
    published = make.review(of=make.tool(), by=own)
    listed = client.get(reverse("admin:reviews_review_changelist")).context["cl"].result_list
    assert list(listed) == [mine]
    answers = [client.get(review_url(review)).status_code for review in (mine, theirs, published)]
    assert answers == [200, 302, 302]  # as for a review that does not exist
    for review in (theirs, published):
        client.post(review_url(review), build_form(review, quote="Mine now."))
    assert not Review.objects.filter(quote="Mine now.").exists()


def test_reviewer_writes_for_their_own_seat_only_and_cannot_publish(client):
    own, other, tool = make.reviewer(), make.reviewer(), make.tool()
    client.force_login(make_writer(seat=own))
    form = client.get(ADD, {"tool": tool.pk}).context["adminform"].form
    assert form["reviewer"].value() == own.pk
    assert list(form.fields["reviewer"].queryset) == [own]
    assert "published_at" not in form.fields
    refused = client.post(ADD, build_form(tool=tool.pk, reviewer=other.pk))
    assert refused.status_code == 200
    assert list(refused.context["adminform"].form.errors) == ["reviewer"]
    published = {"published_at_0": "2026-01-01", "published_at_1": "09:00"}
    assert client.post(ADD, build_form(tool=tool.pk, reviewer=own.pk, **published)).status_code == 302
    assert list(Review.objects.values_list("reviewer", "published_at")) == [(own.pk, None)]


def test_reviewer_cannot_judge_predictions(client):
    own = make.reviewer()
    client.force_login(make_writer(seat=own))
    prediction = make.prediction(of=make.review(of=make.tool(), by=own))
    drafted = make.prediction(of=make.review(of=make.tool(), by=own, published_at=None))
    urls = [reverse("admin:reviews_prediction_change", args=[row.pk]) for row in (prediction, drafted)]
    assert [client.get(url).status_code for url in urls] == [302, 200]
    posted = {"outcome": "right", "note": "Yes.", "source": "https://example.com/"}
    assert [client.post(url, posted).status_code for url in urls] == [302, 403]
    assert set(Prediction.objects.values_list("outcome", flat=True)) == {"open"}


def build_seat_form(reviewer: Reviewer, **fields) -> dict:
    names = ("name", "slug", "lens", "bio", "disclosure", "behind", "seat")
    return {**{name: getattr(reviewer, name) for name in names}, "held_by": "", **fields}


def test_two_reviewers_can_swap_seats(admin_client):
    one, two, three = (make.reviewer(name=name, seat=seat) for seat, name in enumerate(("One", "Two", "Three"), 1))
    url = reverse("admin:reviews_reviewer_change", args=[three.pk])
    response = admin_client.post(url, build_seat_form(three, seat=1, lens="Why not?"))
    assert response.status_code == 302
    assert list(Reviewer.objects.order_by("seat")) == [three, two, one]
    assert Reviewer.objects.get(pk=three.pk).lens == "Why not?"
    first, *_ = get_messages(response.wsgi_request)
    assert str(first) == "One now has seat 3."
    assert Reviewer.history.filter(id=one.pk).latest().seat == 3


def test_reviewer_can_move_to_an_empty_seat(admin_client):
    one, two = make.reviewer(seat=1), make.reviewer(seat=2)
    admin_client.post(reverse("admin:reviews_reviewer_change", args=[one.pk]), build_seat_form(one, seat=7))
    assert list(Reviewer.objects.order_by("seat").values_list("pk", "seat")) == [(two.pk, 2), (one.pk, 7)]


def test_new_reviewer_cannot_take_an_occupied_seat(admin_client):
    taken = make.reviewer(name="Taken", seat=1)
    fresh = Reviewer(name="New", slug="new", lens="?", disclosure="A persona", seat=1)
    response = admin_client.post(reverse("admin:reviews_reviewer_add"), build_seat_form(fresh))
    assert response.context["adminform"].form.errors == {"seat": ["Taken already has seat 1."]}
    assert list(Reviewer.objects.all()) == [taken]


def test_seat_can_be_held_by_staff_only(admin_client, admin_user):
    User.objects.create_user("reader")
    seat = make.reviewer()
    url = reverse("admin:reviews_reviewer_change", args=[seat.pk])
    assert list(admin_client.get(url).context["adminform"].form.fields["held_by"].queryset) == [admin_user]
    admin_client.post(url, build_seat_form(seat, held_by=admin_user.pk))
    assert Reviewer.objects.get().held_by == admin_user
