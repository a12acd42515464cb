"""Handing a draft over, talking about it, accepting it, and handing it back, each at the desk."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from comparisons.models import Comparison
from desk.models import PendingChange
from handovers import actions
from handovers.actions import HandOverError
from handovers.models import MAX_COMMENT_LENGTH, Comment, CommentMention, HandOver
from handovers.people import list_people
from reviews.models import Review
from tests import factories as make
from tests.desk.forms import change_url, fill_form, read_fields
from tests.desk.pending import WRITES_ALL, keep, pending_url
from tests.desk.pending import act as press
from tests.desk.people import CHIEF, sign_in
from tests.desk.people import make_user as make_colleague
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools.models import Tool

pytestmark = pytest.mark.django_db
REVIEWER = ("tools.view_tool", "reviews.view_review", "reviews.add_review", "reviews.change_review")


def page(content: Tool | Review | Comparison) -> str:
    meta = content._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_hand_over", args=[content.pk])


def make_draft(holder: User, **fields: Any) -> Review:
    seat = make.reviewer(name="Skeptic", held_by=holder)
    return make.review(of=make.tool(name="Acme"), by=seat, **{"published_at": None, **fields})


def post(user: User, content: Tool | Review | Comparison, act: str, text: str = "", **fields: str) -> Any:
    client = sign_in(user)
    context = client.get(page(content)).context or {}
    form = {"act": act, "text": text, "seen": context.get("stamp", ""), **fields}
    return client.post(page(content), form, follow=True)


def read_waiting(user: User) -> list[tuple[str, str, str]]:
    lists = sign_in(user).get("/admin/").context["front_lists"]
    return [(item.text, item.url, item.note) for one in lists if one.slug == "waiting" for item in one.items]


def read_messages(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def ada() -> User:
    user = make_colleague(*CHIEF, *WRITES_ALL)
    user.username, user.first_name = "ada", "Ada"
    user.save()
    return user


@pytest.fixture
def rob() -> User:
    user = make_colleague(*REVIEWER)
    user.username, user.first_name = "rob", "Rob"
    user.save()
    return user


def test_reviewer_hands_over_and_editor_hands_back_and_accepts(ada, rob):
    draft = make_draft(rob)
    response = post(rob, draft, "hand_over", "Is the <b>gist</b> fair?")
    assert read_messages(response) == [
        "Handed over. Editors find it on top of their front page, and in their digest if they get one."
    ]
    assert read_waiting(rob) == []
    post(rob, draft, "comment", "One more thing.")
    expected = ("Skeptic on Acme", page(draft), "Rob handed it over today, “Is the <b>gist</b> fair?”")
    assert read_waiting(ada) == [expected]
    front = sign_in(ada).get("/admin/").content.decode()
    assert "Is the &lt;b&gt;gist&lt;/b&gt; fair?" in front
    assert front.index('id="waiting"') < front.index('id="missing-seats"')

    body = post(ada, draft, "hand_back", "Shorter.").content.decode()
    assert ("&lt;b&gt;gist&lt;/b&gt;" in body, "<b>gist</b>" in body) == (True, False)
    assert read_waiting(ada) == []
    assert read_waiting(rob) == [("Skeptic on Acme", page(draft), "Ada handed it back today, “Shorter.”")]

    post(rob, draft, "hand_over")
    response = post(ada, draft, "publish", "Good.")
    assert response.redirect_chain[-1][0] == reverse("admin:reviews_review_publish", args=[draft.pk])
    assert read_waiting(rob) == [("Skeptic on Acme", page(draft), "Ada accepted it today, “Good.”")]
    assert read_messages(sign_in(rob).post("/admin/waiting/read/", follow=True)) == ["Marked as read: one item."]
    assert read_waiting(rob) == []
    assert [str(comment) for comment in Comment.objects.all()] == [
        "Rob handed it over", "Rob commented", "Ada handed it back", "Rob handed it over", "Ada accepted it",
    ]  # fmt: skip
    history = sign_in(rob).get(reverse("admin:reviews_review_history", args=[draft.pk])).content.decode()
    assert [words in history for words in ("Shorter.", "5 comments and hand-over steps")] == [True, True]


def test_handed_back_draft_keeps_waiting_after_news_are_read(ada, rob):
    draft = make_draft(rob)
    post(rob, draft, "hand_over")
    post(ada, draft, "hand_back", "No.")
    assert "Mark news as read" not in sign_in(rob).get("/admin/").content.decode()
    sign_in(rob).post("/admin/waiting/read/")
    assert [note for _, _, note in read_waiting(rob)] == ["Ada handed it back today, “No.”"]


def test_publishing_in_any_way_ends_the_wait_and_tells_the_reviewer(ada, rob):
    draft = make_draft(rob)
    post(rob, draft, "hand_over", "Please.")
    draft.publish()
    assert read_waiting(ada) == []
    assert read_waiting(rob) == [("Skeptic on Acme", draft.tool.get_absolute_url(), "It is published today")]
    Tool.objects.filter(pk=draft.tool_id).update(withdrawn_at=timezone.now())
    assert read_waiting(rob) == [("Skeptic on Acme", "", "It is published today")]


def test_second_of_two_editors_is_told_who_was_faster(ada, rob):
    bob = make_colleague(*CHIEF)
    draft = make_draft(rob)
    post(rob, draft, "hand_over")
    client = sign_in(bob)
    stamp = client.get(page(draft)).context["stamp"]
    post(ada, draft, "accept")
    response = client.post(page(draft), {"act": "hand_back", "text": "Not yet.", "seen": stamp})
    assert "Ada has already accepted it, on " in response.content.decode()
    assert "Not yet." in response.content.decode()  # what was typed is still there
    assert HandOver.objects.get().state == "accepted"
    assert [comment.kind for comment in Comment.objects.all()] == ["handover", "accept"]


def test_decision_about_an_older_hand_over_is_refused(ada, rob):
    draft = make_draft(rob)
    post(rob, draft, "hand_over")
    stamp = sign_in(ada).get(page(draft)).context["stamp"]
    post(rob, draft, "take_back")
    post(rob, draft, "hand_over", "Now with a basis.")
    response = post(ada, draft, "accept", seen=stamp)
    assert "It was handed over again in the meantime. Look at it again." in response.content.decode()
    assert HandOver.objects.get().state == "waiting"


def test_published_and_deleted_drafts_are_not_handed_over(ada, rob):
    draft, client = make_draft(rob), sign_in(rob)
    draft.publish()
    response = client.post(page(draft), {"act": "hand_over"}, follow=True)
    assert read_messages(response) == ["That review was deleted or published in the meantime."]
    response = sign_in(ada).post(page(draft), {"act": "hand_over"})
    assert "It is published, so there is nothing to hand over." in response.content.decode()
    gone = make.review(of=make.tool(), by=draft.reviewer, published_at=None)
    Review.objects.filter(pk=gone.pk).delete()
    with pytest.raises(HandOverError, match="deleted in the meantime"):
        actions.hand_over(content=gone, by=rob)
    assert HandOver.objects.count() == 0


def test_comments_go_with_their_object(ada, rob):
    draft = make_draft(rob)
    post(rob, draft, "hand_over", "@ada")
    assert CommentMention.objects.count() == 1
    sign_in(make.user(is_superuser=True)).post(f"/admin/reviews/review/{draft.pk}/delete/", {"post": "yes"})
    assert [model.objects.count() for model in (Review, HandOver, Comment, CommentMention)] == [0, 0, 0, 0]
    assert read_waiting(ada) == []


def test_mention_waits_until_it_is_answered_or_read(ada, rob):
    draft = make_draft(rob)
    stranger = make_colleague(*REVIEWER)
    text = f"(@ADA, please look). And @rob. Not ada@example.org, not @{stranger.username}, nor @nobody."
    response = post(rob, draft, "comment", text)
    assert read_messages(response) == [
        "Your comment is here. Ada will be told.",
        f"Nobody who can see this is called @{stranger.username} or @nobody, so nobody else was told.",
    ]
    assert (read_waiting(stranger), read_waiting(rob)) == ([], [])
    assert [note for _, _, note in read_waiting(ada)] == [f"Rob mentioned you today, “{text}”"]
    post(ada, draft, "comment", "I did.")
    assert read_waiting(ada) == []


def test_mention_of_somebody_who_lost_the_right_is_hidden(ada, rob):
    draft = make_draft(rob)
    post(ada, draft, "comment", "@rob?")
    assert len(read_waiting(rob)) == 1
    draft.reviewer.held_by = None
    draft.reviewer.save()
    assert read_waiting(rob) == []
    assert sign_in(rob).get(page(draft)).status_code == 302
    assert rob not in list_people(Review.objects.get())


def test_other_seats_drafts_stay_hidden(ada, rob):
    draft = make_draft(make_colleague(*REVIEWER))
    post(ada, draft, "comment", "Secret.")
    make.reviewer(held_by=rob)
    client = sign_in(rob)
    for response in (client.get(page(draft), follow=True), client.post(page(draft), {"act": "comment", "text": "x"})):
        assert "Secret." not in response.content.decode()
    assert Comment.objects.count() == 1
    assert "Acme" not in client.get("/admin/").context["front_lists"][0].items


def test_reviewer_neither_accepts_nor_hands_over_what_they_only_see(ada, rob):
    draft = make_draft(rob)
    post(rob, draft, "hand_over")
    client = sign_in(rob)
    for act in ("accept", "publish", "hand_back", "delete"):
        assert client.post(page(draft), {"act": act, "text": "x"}).status_code == 403
    tool = make.tool(published_at=None)
    assert client.get(page(tool)).status_code == 200
    assert client.post(page(tool), {"act": "hand_over"}).status_code == 403
    assert HandOver.objects.get().state == "waiting"


def test_editor_does_not_decide_about_what_they_handed_over(ada):
    tool = make.tool(published_at=None)
    post(ada, tool, "hand_over")
    assert sign_in(ada).get(page(tool)).context["form"].acts == ["take_back"]
    assert "You handed it over yourself." in post(ada, tool, "accept").content.decode()
    assert read_waiting(ada) == []
    bob = make_colleague(*CHIEF)
    assert [text for text, _, _ in read_waiting(bob)] == [tool.name]
    post(ada, tool, "take_back")
    assert read_waiting(bob) == []


@pytest.mark.parametrize(
    ("act", "text", "words"),
    [
        ("comment", " \n ", "Write a comment first."),
        ("hand_back", "", "Say what should change."),
        ("comment", "x" * (MAX_COMMENT_LENGTH + 1), "at most 4000 characters"),
    ],
)
def test_comment_without_words_or_too_long_is_refused(ada, act, text, words):
    pair = make.comparison(published_at=None)
    body = sign_in(ada).post(page(pair), {"act": act, "text": text}).content.decode()
    assert words in body
    assert HandOver.objects.count() == 0


def test_database_refuses_what_makes_no_sense(rob):
    tool = make.tool()
    for fields in ({}, {"tool": tool, "comparison": make.comparison()}, {"tool": tool, "state": "waiting"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HandOver.objects.create(**fields)
    found = HandOver.objects.create(tool=tool)
    for text in ("", "x" * (MAX_COMMENT_LENGTH + 1)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Comment.objects.create(hand_over=found, author=rob, text=text)


def test_object_takes_a_limited_number_of_comments(ada, monkeypatch):
    tool = make.tool(published_at=None)
    post(ada, tool, "comment", "One.")
    monkeypatch.setattr(actions, "MAX_COMMENTS", 1)
    assert "It has 1 comments already" in post(ada, tool, "comment", "Two.").content.decode()


def test_typed_text_is_saved_before_the_hand_over(ada):
    pair = make.comparison(published_at=None)
    client = sign_in(ada)

    form = fill_form(client, pair, introduction="New words.")
    response = client.post(change_url(pair), {**form, "_continue": "1", "_then": "hand_over"})
    assert (response.status_code, response["Location"]) == (302, page(pair))
    assert Comparison.objects.get(pk=pair.pk).introduction == "New words."
    assert "Hand over…" in client.get(change_url(pair)).content.decode()


def test_public_content_without_a_pending_change_has_no_panel(ada):
    tool = make.tool()
    client = sign_in(ada)
    for public in (tool, make.review(of=tool, by=make.reviewer()), make.comparison()):
        assert client.get(change_url(public)).context["hand_over"] is None


def test_pending_change_is_handed_over_handed_back_and_published(ada):
    wes, tool = make_colleague(*WRITES_ALL), make.tool(name="Acme", tagline="Old.")
    User.objects.filter(pk=wes.pk).update(first_name="Wes")
    post(ada, tool, "comment", "Words about the draft.")
    change = keep(sign_in(wes), tool, tagline="New.")
    panel = sign_in(wes).get(change_url(tool)).context["hand_over"]
    assert (panel["label"], panel["words"]) == ("Hand over…", "Not handed over.")
    post(wes, tool, "hand_over", "Is it fair?")
    assert [one.pk for one in HandOver.objects.waiting()] == [HandOver.objects.get().pk]
    assert read_waiting(ada) == [("Acme", page(tool), "Wes handed over a pending change today, “Is it fair?”")]
    assert "already handed it over" in post(wes, tool, "hand_over").text
    assert "What differs" in post(ada, tool, "hand_back", "Shorter.").text
    assert read_waiting(wes) == [("Acme", page(tool), "Ada handed back the pending change today, “Shorter.”")]
    form = read_fields(sign_in(wes).get(pending_url(tool, "edit/")).text)
    sign_in(wes).post(pending_url(tool, "edit/"), {**form, "tagline": "Newer.", "_pending": "1"})
    post(wes, tool, "hand_over")
    assert post(ada, tool, "publish").redirect_chain[-1][0] == pending_url(tool)
    assert [note for *_, note in read_waiting(wes)] == ["Ada accepted it today"]
    press(sign_in(ada), tool, "publish")
    assert [note for *_, note in read_waiting(wes)] == ["Ada published the pending change today"]
    assert change.pk not in PendingChange.objects.values_list("pk", flat=True)
    assert not HandOver.objects.waiting().exists()


def test_next_pending_change_is_not_taken_for_the_one_that_was_handed_over(ada):
    wes, tool = make_colleague(*WRITES_ALL), make.tool(tagline="Old.")
    keep(sign_in(wes), tool, tagline="New.")
    post(wes, tool, "hand_over")
    press(sign_in(ada), tool, "discard")
    assert [note for *_, note in read_waiting(wes)] == ["Ada discarded the pending change today"]
    sign_in(wes).post("/admin/waiting/read/")
    assert read_waiting(wes) == []
    keep(sign_in(wes), tool, tagline="Another.")
    assert (read_waiting(ada), read_waiting(wes)) == ([], [])
    assert sign_in(ada).get(page(tool)).context["words"] == "Not handed over."
    post(wes, tool, "hand_over")
    assert len(read_waiting(ada)) == 1
    PendingChange.objects.all().delete()  # as no page does it
    assert read_waiting(ada) == []


def test_draft_that_was_published_while_it_waited_does_not_wait_again(ada):
    wes, tool = make_colleague(*WRITES_ALL), make.tool(published_at=None)
    post(wes, tool, "hand_over")
    tool.publish()
    keep(sign_in(wes), tool, tagline="New.")
    assert read_waiting(ada) == []
    assert [note for *_, note in read_waiting(wes)] == ["It is published today"]


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_who_accept_at_once_one_is_told():
    ada, bob, rob = make_colleague(*CHIEF), make_colleague(*CHIEF), make_colleague(*REVIEWER)
    draft = make_draft(rob)
    actions.hand_over(content=draft, by=rob)
    seen = actions.compute_stamp(HandOver.objects.get())

    def accept(user: User) -> str:
        try:
            actions.accept(content=draft, by=user, text="Good.", seen=seen)
        except HandOverError as error:
            return str(error)
        return "accepted"

    with other_connection() as other:  # both have read the page, and both wait
        other.execute("UPDATE tools_contentrevision SET number = number + 1")
        with in_thread(lambda: accept(ada)) as first, in_thread(lambda: accept(bob)) as second:
            wait_until_blocked(second, count=2)
            other.commit()
            answers = sorted([first.result(timeout=10), second.result(timeout=10)], key=len)
    assert answers[0] == "accepted"
    assert " has already accepted it, on " in answers[1]
    assert [comment.kind for comment in Comment.objects.all()] == ["handover", "accept"]
