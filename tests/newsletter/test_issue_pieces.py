"""The pieces of an issue at the desk, and issues that are written by hand or copied."""

import pytest
from django.utils import timezone

from newsletter import issuing
from newsletter.content import build_subject, parse_items, parse_pieces
from newsletter.messages import Links, build_issue_message
from newsletter.models import Delivery, Issue
from newsletter.worker import MailWorker
from tests import factories as make
from tests.newsletter.editors import ALL, act, client_with, get_address, make_draft_issue
from tools.models import Tool
from votes.models import Freeze

pytestmark = pytest.mark.django_db
LINKS = Links(unsubscribe="https://a.example/", preferences="https://b.example/")


def press(client, issue: Issue, button: str, **typed: str):
    words = {"subject": issue.subject, "lead": issue.lead} | typed
    return client.post(get_address(issue), {**words, "_piece": button}, follow=True)


def list_keys(issue: Issue) -> list[str]:
    issue.refresh_from_db()
    return [piece.key for piece in parse_pieces(issue.content)]


def test_buttons_move_and_leave_out_pieces_and_save_what_was_typed_first():
    issue, client = make_draft_issue(), client_with(*ALL)
    keys = list_keys(issue)
    assert [key.partition("-")[0] for key in keys] == ["comparison", "flip", "split", "watch"]
    page = press(client, issue, f"lower {keys[0].partition('-')[0]}", lead="My lead.")
    assert page.redirect_chain[-1][0] == f"{get_address(issue)}#section-comparison"
    assert (list_keys(issue), issue.lead) == ([keys[1], keys[0], *keys[2:]], "My lead.")
    page = press(client, issue, f"out {keys[1]}")
    assert page.redirect_chain[-1][0] == f"{get_address(issue)}#piece-{keys[1]}"
    issue.refresh_from_db()
    assert [item.key for item in parse_items(issue.content)] == [keys[0], *keys[2:]]
    assert "left out" in page.text
    press(client, issue, f"back {keys[1]}")
    issue.refresh_from_db()
    assert [item.key for item in parse_items(issue.content)] == list_keys(issue)


def test_unknown_pieces_and_deeds_change_nothing():
    issue, client = make_draft_issue(), client_with(*ALL)
    issue.refresh_from_db()
    content = issue.content
    for button in ("out flip-999", "up", "explode comparison-1", "raise nonsense"):
        assert press(client, issue, button).status_code == 200
    assert client.get(f"{get_address(issue, 'pieces')}flip-999/").status_code == 404
    issue.refresh_from_db()
    assert issue.content == content


def test_piece_is_reworded_in_the_message_on_the_web_and_back_again(client):
    issue, editor = make_draft_issue(), client_with(*ALL)
    piece = parse_pieces(issue.content)[0]
    url = f"{get_address(issue, 'pieces')}{piece.key}/"
    form = editor.get(url).context["form"]
    assert form["title"].value() == piece.title
    page = editor.post(url, {"title": "Mine", "text": "One.\r\n\r\nTwo.", "seen": form["seen"].value()}, follow=True)
    assert page.redirect_chain[-1][0] == f"{get_address(issue)}#piece-{piece.key}"
    issue.refresh_from_db()
    [item, *_] = parse_items(issue.content)
    assert (item.title, item.words) == ("Mine", ("One.", "Two."))
    # A composed subject follows the words.
    assert issue.subject == build_subject(parse_items(issue.content)) == "Alpha 0 or Beta 0? One."
    message = build_issue_message(issue, LINKS)
    assert all("Two." in part and piece.words[1] not in part for part in (message.text, message.html))
    editor.post(url, {"_composed": "1"})
    issue.refresh_from_db()
    assert parse_pieces(issue.content)[0] == piece


def test_second_editor_of_a_piece_sees_the_words_of_the_first():
    issue, ada, bob = make_draft_issue(), client_with(*ALL), client_with(*ALL)
    key = parse_pieces(issue.content)[0].key
    url = f"{get_address(issue, 'pieces')}{key}/"
    seen = [client.get(url).context["form"]["seen"].value() for client in (ada, bob)]
    ada.post(url, {"title": "Hers", "text": "Her words.", "seen": seen[0]})
    conflict = bob.post(url, {"title": "His", "text": "His words.", "seen": seen[1]})
    assert (conflict.status_code, "Her words." in conflict.text, "His words." in conflict.text) == (409, True, True)
    issue.refresh_from_db()
    assert parse_items(issue.content)[0].title == "Hers"
    bob.post(url, {"title": "His", "text": "His words.", "seen": conflict.context["form"]["seen"].value()})
    issue.refresh_from_db()
    assert parse_items(issue.content)[0].title == "His"


def test_pieces_of_an_issue_that_is_being_sent_stay():
    issue, client = make_draft_issue(), client_with(*ALL)
    keys = list_keys(issue)
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)
    assert client.post(get_address(issue), {"subject": "S", "lead": "", "_piece": f"out {keys[0]}"}).status_code == 403
    assert client.post(f"{get_address(issue, 'pieces')}{keys[0]}/", {"title": "Mine"}).status_code == 403
    assert (list_keys(issue), "_piece" in client.get(get_address(issue)).text) == (keys, False)


def test_history_shows_what_became_of_the_pieces_and_restores_it():
    issue, client = make_draft_issue(), client_with(*ALL)
    keys, before = list_keys(issue), parse_pieces(issue.content)
    press(client, issue, f"out {keys[0]}")
    press(client, issue, f"lower {keys[1].partition('-')[0]}")
    history = client.get(get_address(issue, "history")).text
    assert "Alpha 0 vs Beta 0<ins> (left out)</ins>" in history
    assert "told_in" not in history
    composed = issue.history.order_by("history_id").first()
    restore = f"/admin/newsletter/issue/{issue.pk}/history/issue/{composed.pk}/restore/"
    shown = client.get(restore)
    client.post(restore, {"seen_version": shown.context["current_version"]})
    issue.refresh_from_db()
    assert parse_pieces(issue.content) == before


def test_words_and_pieces_that_two_editors_change_at_once_are_both_kept():
    issue, ada, bob = make_draft_issue(), client_with(*ALL), client_with(*ALL)
    key = list_keys(issue)[0]
    seen = bob.get(get_address(issue)).context["adminform"].form["seen_version"].value()
    press(ada, issue, f"out {key}")
    composed = issue.subject
    typed = {"subject": composed, "lead": "His lead.", "seen_version": seen}
    page = bob.post(get_address(issue), typed, follow=True)
    assert "changed the subject and pieces at" in page.text
    issue.refresh_from_db()
    [first, *_] = parse_pieces(issue.content)
    assert (issue.lead, issue.subject == composed, first.is_left_out) == ("His lead.", False, True)


def test_composing_again_keeps_what_the_editor_did():
    issue, client = make_draft_issue(), client_with(*ALL)
    keys = list_keys(issue)
    press(client, issue, "raise flip")
    press(client, issue, f"out {keys[0]}")
    page = client.post(get_address(issue), {"subject": "Mine", "lead": "", "_compose": "1"}, follow=True)
    assert "Issue 1 is composed" not in page.text  # since the last issue: there is none, and all is older than a week
    issuing.compose_issue(since=issue.since_at)
    assert list_keys(issue) == [keys[1], keys[0], *keys[2:]]
    assert [item.key for item in parse_items(issue.content)] == [keys[1], *keys[2:]]


def test_issue_written_by_hand_goes_to_everyone_and_takes_no_news_from_the_next():
    client = client_with(*ALL)
    everything, chooser = make.subscriber(), make.subscriber(all_categories=False)
    chooser.categories.add(make.category())
    page = client.post("/admin/newsletter/issue/write/", follow=True)
    assert "Issue 1 is empty. Write it." in page.text
    issue = Issue.objects.get()
    assert "It has no pieces." in page.text
    assert "Write a subject first." in act(client, issue, "ready")
    client.post(get_address(issue), {"subject": "From us", "lead": ""})
    assert "Write a lead first, or put a piece into it." in act(client, issue, "ready")
    client.post(get_address(issue), {"subject": "From us", "lead": "We *moved*.", "_ready": "1"})
    news = make.comparison(published_at=timezone.now())
    act(client, issue, "send")
    MailWorker().run(until_empty=True)
    reached = Delivery.objects.filter(state="sent").values_list("subscriber", flat=True)
    assert sorted(reached) == [everything.pk, chooser.pk]
    assert "We <em>moved</em>." in client.get("/newsletter/1/").text
    composed = issuing.compose_issue()
    assert [item.object for item in parse_items(composed.content)] == [news.pk]
    again = client.post("/admin/newsletter/issue/write/", follow=True)
    assert "Issue 2 is a draft already." in again.text


def test_news_can_be_added_to_an_issue_written_by_hand():
    client = client_with(*ALL)
    client.post("/admin/newsletter/issue/write/")
    issue = Issue.objects.get()
    pair = make.comparison(published_at=timezone.now())
    page = client.post(get_address(issue), {"subject": "Mine", "lead": "My lead.", "_compose": "1"}, follow=True)
    assert "Issue 1 is composed with one item." in page.text
    issue.refresh_from_db()
    assert (issue.subject, issue.lead, list_keys(issue)) == ("Mine", "My lead.", [f"comparison-{pair.pk}"])


def test_copy_of_a_sent_issue_has_its_words_and_leaves_its_pieces_out():
    issue, client = make_draft_issue(), client_with(*ALL)
    issuing.edit(issue=issue, subject=issue.subject, lead="My lead.")
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)
    MailWorker().run(until_empty=True)
    page = client.post(get_address(issue, "duplicate"), follow=True)
    assert "Issue 2 is a copy of Issue 1." in page.text
    copy = Issue.objects.get(state="draft")
    # Its subject was composed of what is left out now.
    assert (copy.lead, copy.subject, parse_items(copy.content)) == ("My lead.", "", [])
    assert [one.is_left_out for one in parse_pieces(copy.content)] == [True] * 4
    assert "Issue 1 told it. Readers who have Issue 1 do not get it again." in page.text
    assert client.post(get_address(issue, "duplicate"), follow=True).redirect_chain[-1][0].endswith("/issue/")
    assert Issue.objects.count() == 2


def test_form_warns_of_votes_in_doubt_and_of_what_was_withdrawn():
    issue, client = make_draft_issue(), client_with(*ALL)
    assert "Note:" not in client.get(get_address(issue)).text
    watch = next(one for one in parse_items(issue.content) if one.kind == "watch")
    tool = Tool.objects.get(pk=watch.object)
    Freeze.objects.create(tool=tool)
    text = client.get(get_address(issue)).text
    assert "It rests on votes in doubt: Alpha 0: voting is frozen. It is left out when the issue is sent." in text
    assert text.count("voting is frozen") == 2  # the comparison's verdict counts its votes, too
    Freeze.objects.all().delete()
    make.votes(on=tool, ship=13, state="rejected", rejected_for="flood")
    assert "Alpha 0: of 25 new votes, 13 are held or rejected." in client.get(get_address(issue)).text
    tool.withdraw()
    assert "It is no longer public, so it is left out when the issue is sent." in client.get(get_address(issue)).text
