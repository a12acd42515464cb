"""The newsletter at the desk."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from desk.admin.newsletter import IssueAdmin
from newsletter import issuing, statistics
from newsletter.models import Delivery, Issue, Outbox, Subscriber, Suppression, Worker
from newsletter.worker import MailWorker
from tests import factories as make
from tests.newsletter.editors import ALL, act, client_with, get_address, make_draft_issue, make_ready_issue

pytestmark = pytest.mark.django_db


def test_issue_is_composed_previewed_tested_and_sent():
    client = client_with(*ALL, email="editor@example.com")
    url = "/admin/newsletter/issue/"
    assert "Nothing is new this week" in client.post(f"{url}compose/", follow=True).content.decode()
    pair = make.comparison(published_at=timezone.now())
    page = client.post(f"{url}compose/", follow=True)
    assert "Issue 1 is composed with one item." in page.content.decode()
    issue = Issue.objects.get()
    home = f"{url}{issue.pk}/change/"
    client.post(home, {"subject": "Mine", "lead": "Hello *you*."})
    html = client.get(f"{url}{issue.pk}/mail.html")
    assert "Hello <em>you</em>." in html.content.decode()
    policy = html.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; sandbox; frame-ancestors 'none'"
    text = client.get(f"{url}{issue.pk}/mail.txt")
    assert (text.headers["Content-Type"], "Hello you." in text.content.decode()) == ("text/plain; charset=utf-8", True)
    assert (
        "A test to editor@example.com is queued." in client.post(f"{url}{issue.pk}/test/", follow=True).content.decode()
    )
    by = User.objects.get().pk
    assert Outbox.objects.get().payload == {"issue": issue.pk, "email": "editor@example.com", "by": by}
    assert "View on site" not in client.get(home).content.decode()
    make.subscriber()
    assert "Ready to send." in act(client, issue, "ready")
    question = client.get(f"{url}{issue.pk}/send/now/").content.decode()
    assert "1 confirmed subscriber." in question
    assert "No worker is running." in question
    assert Issue.objects.get().state == "ready"
    assert "Sending has started." in act(client, issue, "send")
    assert Issue.objects.get().state == "sending"
    assert [delivery.subscriber.email for delivery in Delivery.objects.all()] == [Subscriber.objects.get().email]
    for name, message in [("pause", "Sending is paused."), ("resume", "Sending continues."), ("pause", "paused."),
                          ("stop", "news is news again"), ("send", "is not ready to send but stopped")]:  # fmt: skip
        assert message in act(client, issue, name)
    # Its text is final now.
    client.post(home, {"subject": "Other", "lead": ""})
    assert Issue.objects.get().subject == "Mine"
    assert pair.get_absolute_url() in client.get("/newsletter/1/").content.decode()


@pytest.mark.parametrize(
    ("button", "state", "message", "target"),
    [
        ("_test", "draft", "A test to editor@example.com is queued.", "change"),
        ("_ready", "ready", "Ready to send.", "change"),
        ("_save", "draft", "was changed successfully", "list"),
    ],
)
def test_buttons_of_the_form_save_what_was_typed_first(button, state, message, target):
    issue = make_draft_issue()
    client = client_with(*ALL, email="editor@example.com")
    response = client.post(get_address(issue), {"subject": "Mine", "lead": "My lead.", button: "1"}, follow=True)
    assert message in response.text
    expected = get_address(issue) if target == "change" else "/admin/newsletter/issue/"
    assert response.redirect_chain[-1][0] == expected
    issue.refresh_from_db()
    assert (issue.subject, issue.lead, issue.state) == ("Mine", "My lead.", state)


def test_send_button_saves_and_asks_with_the_lead():
    issue = make_ready_issue()
    client = client_with(*ALL)
    page = client.post(get_address(issue), {"subject": "Mine", "lead": "My *lead*.", "_send": "1"}, follow=True)
    assert "My <em>lead</em>." in page.text
    assert Issue.objects.get().state == "ready"
    edited = client.post(get_address(issue), {"subject": "Mine", "lead": "", "_draft": "1"}, follow=True)
    assert (Issue.objects.get().state, "It is a draft again." in edited.text) == ("draft", True)


def test_buttons_do_nothing_while_the_form_has_mistakes():
    issue = make_draft_issue()
    client = client_with(*ALL, email="editor@example.com")
    for button in ("_test", "_ready"):
        page = client.post(get_address(issue), {"subject": "", "lead": "My lead.", button: "1"})
        assert (page.status_code, "My lead." in page.text) == (200, True)
    assert (Issue.objects.get().state, Outbox.objects.count()) == ("draft", 0)


def test_form_offers_only_the_buttons_that_its_user_may_press():
    issue = make_draft_issue()
    words = ["_test", "_ready", "_draft", "_send", "Mark as ready"]
    shown = {
        "editor": client_with(*ALL).get(get_address(issue)).text,
        "writer": client_with("view_issue", "change_issue").get(get_address(issue)).text,
        "sender": client_with("view_issue", "send_issue").get(get_address(issue)).text,
    }
    assert {who: [word for word in words if word in text] for who, text in shown.items()} == {
        "editor": ["_test", "_ready", "Mark as ready"],
        "writer": ["_test"],
        "sender": ["Mark as ready"],
    }


def test_writer_who_may_not_send_cannot_press_ready():
    issue = make_draft_issue()
    client = client_with("view_issue", "change_issue")
    response = client.post(get_address(issue), {"subject": "Mine", "lead": "", "_ready": "1"})
    assert (response.status_code, Issue.objects.get().state) == (403, "draft")


def test_second_of_two_editors_gets_a_conflict_and_loses_nothing():
    issue = make_draft_issue()
    ada, bob = client_with(*ALL), client_with(*ALL)
    forms = [client.get(get_address(issue)).context["adminform"].form for client in (ada, bob)]
    seen = [form["seen_version"].value() for form in forms]
    ada.post(get_address(issue), {"subject": "Hers", "lead": "Her lead.", "seen_version": seen[0]})
    conflict = bob.post(get_address(issue), {"subject": "His", "lead": "His lead.", "seen_version": seen[1]})
    assert conflict.status_code == 409
    assert ("Her lead." in conflict.text, "His lead." in conflict.text) == (True, True)
    assert (Issue.objects.get().lead, Issue.objects.get().subject) == ("Her lead.", "Hers")


def test_history_shows_the_words_of_an_issue_and_restores_them():
    issue = make_draft_issue()
    client = client_with(*ALL)
    for lead in ("First lead.", "Second lead."):
        client.post(get_address(issue), {"subject": "Mine", "lead": lead})
    history = client.get(get_address(issue, "history"))
    assert ("First" in history.text, "category_ids" in history.text) == (True, False)
    [first] = issue.history.filter(lead="First lead.")
    restore = f"/admin/newsletter/issue/{issue.pk}/history/issue/{first.pk}/restore/"
    shown = client.get(restore)
    client.post(restore, {"seen_version": shown.context["current_version"]})
    issue.refresh_from_db()
    assert (issue.lead, issue.state, bool(issue.content)) == ("First lead.", "draft", True)
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)
    assert client.get(restore).status_code == 403


def test_deleted_draft_can_be_restored_with_its_news():
    issue = make_draft_issue()
    issuing.edit(issue=issue, subject="Mine", lead="My lead.")
    content = Issue.objects.get().content
    client = client_with(*ALL, "delete_issue")
    client.post(get_address(issue, "delete"), {"post": "yes"})
    assert not Issue.objects.exists()
    deleted = Issue.history.filter(history_type="-").get()
    restore = f"/admin/newsletter/issue/{issue.pk}/history/issue/{deleted.pk}/restore/"
    shown = client.get(restore)
    client.post(restore, {"seen_version": shown.context["current_version"]})
    restored = Issue.objects.get()
    assert (restored.lead, restored.state, restored.content) == ("My lead.", "draft", content)


def test_test_message_needs_an_email_address():
    issue = make_ready_issue()
    page = client_with(*ALL).post(f"/admin/newsletter/issue/{issue.pk}/test/", follow=True).content.decode()
    assert ("no email address" in page, Outbox.objects.count()) == (True, 0)


@pytest.mark.parametrize(
    ("missing", "method", "path"),
    [
        ("add_issue", "post", "compose/"),
        ("send_issue", "post", "{pk}/send/now/"),
        ("send_issue", "get", "{pk}/send/now/"),
        ("change_issue", "post", "{pk}/test/"),
        ("view_issue", "get", "{pk}/mail.html"),
        ("view_issue", "get", "{pk}/mail.txt"),
        ("view_issue", "get", "numbers/"),
    ],
)
def test_each_page_needs_its_permission(missing, method, path):
    issue = make_ready_issue()
    url = f"/admin/newsletter/issue/{path.format(pk=issue.pk)}"
    assert getattr(client_with(*ALL), method)(url, follow=True).status_code == 200
    Issue.objects.update(state="ready", started_at=None)
    Delivery.objects.all().delete()
    without = [name for name in ALL if name != missing]
    assert getattr(client_with(*without), method)(url).status_code == 403
    assert getattr(Client(), method)(url).status_code == 302
    assert (Issue.objects.get().state, Delivery.objects.count()) == ("ready", 0)


def test_actions_need_a_post_and_a_known_name():
    issue, client = make_ready_issue(), client_with(*ALL)
    for path, status in [("ready/now/", 405), ("nonsense/now/", 404), ("test/", 405)]:
        assert client.get(f"/admin/newsletter/issue/{issue.pk}/{path}").status_code == status
    assert client.get("/admin/newsletter/issue/compose/").status_code == 405
    assert client.get("/admin/newsletter/issue/99999/mail.html").status_code == 404
    assert client.get("/admin/newsletter/issue/x/mail.html").status_code == 404


def test_unknown_deliveries_are_resolved_in_the_list():
    issue, client = make_ready_issue(), client_with(*ALL)
    for _ in range(2):
        make.subscriber()
    issuing.start(issue=issue)
    Delivery.objects.update(state="unknown", reason="who knows")
    first, second = Delivery.objects.order_by("pk")
    url = "/admin/newsletter/delivery/"
    for action, row in [("count_as_sent", first), ("send_again", second)]:
        client.post(url, {"action": action, "_selected_action": [row.pk]})
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "queued"]
    viewer = client_with("view_delivery")
    Delivery.objects.update(state="unknown", reason="who knows")
    viewer.post(url, {"action": "send_again", "_selected_action": [second.pk]})
    assert set(Delivery.objects.values_list("state", flat=True)) == {"unknown"}


def test_deleting_a_subscriber_erases_it():
    client = client_with("view_subscriber", "delete_subscriber", "view_delivery", "delete_delivery", "view_outbox")
    one, two = make.subscriber(), make.subscriber()
    client.post(f"/admin/newsletter/subscriber/{one.pk}/delete/", {"post": "yes"})
    client.post(
        "/admin/newsletter/subscriber/", {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
    )
    assert (Subscriber.objects.count(), Suppression.objects.filter(reason="erased").count()) == (0, 2)
    # The log of the desk does not contain the erased addresses.
    assert list(LogEntry.objects.values_list("object_repr", flat=True)) == [
        f"Subscriber {two.pk}", f"Subscriber {one.pk}",
    ]  # fmt: skip


def test_saving_the_text_of_an_issue_does_not_undo_that_it_was_sent(monkeypatch):
    issue, client = make_ready_issue(), client_with(*ALL)
    make.subscriber()
    get_form = IssueAdmin.get_form

    def send_before_saving(self, request, obj=None, **kwargs):
        if request.method == "POST" and obj is not None and Issue.objects.get().state == "ready":
            issuing.start(issue=issue)
        return get_form(self, request, obj, **kwargs)

    monkeypatch.setattr(IssueAdmin, "get_form", send_before_saving)
    client.post(f"/admin/newsletter/issue/{issue.pk}/change/", {"subject": "Too late", "lead": ""})
    found = Issue.objects.get()
    assert (found.state, found.subject, Delivery.objects.count()) == ("sending", issue.subject, 1)


def test_lists_open_and_rows_cannot_be_added():
    user = User.objects.create_superuser("root")
    client = Client()
    client.force_login(user)
    make_ready_issue()
    Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    Worker.objects.create(name="lively", beat_at=timezone.now(), queue_length=3, oldest_at=timezone.now())
    Worker.objects.create(name="dead", beat_at=timezone.now() - timedelta(minutes=5))
    for model in ("subscriber", "suppression", "issue", "delivery", "outbox", "worker"):
        assert client.get(f"/admin/newsletter/{model}/").status_code == 200
        assert client.get(f"/admin/newsletter/{model}/add/").status_code == 403
    page = client.get("/admin/newsletter/issue/numbers/").content.decode()
    assert "lively: alive, 0 messages sent since it started, 3 waiting" in page
    assert "dead: <b>silent</b>" in page


def test_numbers_by_week_and_by_issue():
    today = timezone.now().date()
    now = timezone.now()
    make.subscriber(created_at=now - timedelta(days=20), confirmed_at=now - timedelta(days=20))
    make.subscriber(created_at=now - timedelta(days=20), confirmed_at=now - timedelta(days=10))
    make.subscriber(created_at=now - timedelta(days=8), confirmed_at=None)
    make.subscriber(
        created_at=now - timedelta(days=20), confirmed_at=now - timedelta(days=19), left_at=now, left_reason="bounced"
    )
    Suppression.objects.record("gone@example.com", "erased")
    rows = statistics.count_subscribers_by_week(today=today, weeks=4)
    assert [(row.confirmed, row.pending, row.left) for row in rows] == [(0, 0, 0), (2, 1, 0), (3, 1, 0), (2, 1, 2)]
    assert [(line.key, line.number, line.runs[0].count(",")) for line in statistics.draw_lines(rows)] == [
        ("confirmed", 2, 4), ("pending", 1, 4), ("left", 2, 4),
    ]  # fmt: skip
    issue = make_ready_issue()
    issuing.start(issue=issue)
    MailWorker().run(until_empty=True)
    [found] = statistics.count_deliveries([Issue.objects.get()])
    assert (found.sent, found.failed, found.unknown, found.left, found.waiting, found.total) == (2, 0, 0, 0, 0, 2)
    page = client_with(*ALL).get("/admin/newsletter/issue/numbers/").content.decode()
    assert page.count("<polyline") == 3
    assert page.count('class="bars__sent"') == 1
    form = client_with(*ALL).get(f"/admin/newsletter/issue/{found.issue.pk}/change/").content.decode()
    assert "Sent 2 of 2 · failed 0 · unknown 0 · left before sending 0 · waiting 0" in form
    assert 'aria-label="Subscribers from' in page


def test_bars_share_a_scale_and_show_small_numbers():
    rows = [
        statistics.DeliveryCounts(Issue(number=2), sent=990, failed=1, unknown=0, left=4, waiting=5),
        statistics.DeliveryCounts(Issue(number=1), sent=500, failed=0, unknown=0, left=0, waiting=0),
    ]
    assert [[(part.kind, part.x, part.width) for part in bar.parts] for bar in statistics.draw_bars(rows)] == [
        [("sent", "0.00", "98.30"), ("failed", "98.30", "0.80"), ("rest", "99.10", "0.90")],
        [("sent", "0.00", "50.00")],
    ]
    assert statistics.draw_bars([]) == []


def test_chart_of_no_subscribers_is_flat():
    rows = statistics.count_subscribers_by_week(today=timezone.now().date(), weeks=2)
    assert {
        point.split(",")[1] for line in statistics.draw_lines(rows) for run in line.runs for point in run.split()
    } == {"208.0"}
