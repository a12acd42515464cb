"""How an issue will look, at the desk: as any reader gets it, while it is typed, and as a test by mail."""

import pytest

from newsletter import issuing
from newsletter.models import Issue, Outbox, Suppression
from tests import factories as make
from tests.newsletter.editors import ALL, client_with, get_address, make_draft_issue
from tools.models import Category

pytestmark = pytest.mark.django_db


def make_issue_for_two_categories() -> tuple[Issue, Category, Category]:
    first, second = make.category(name="First"), make.category(name="Second")
    one = make.entry(title="News of one", category="First", category_ids=(first.pk,))
    two = make.entry(title="News of two", category="Second", category_ids=(second.pk,))
    return make.issue(one, two), first, second


def test_message_is_shown_as_a_reader_of_chosen_categories_gets_it():
    issue, first, second = make_issue_for_two_categories()
    other = make.category(name="Other")
    client, url = client_with(*ALL), get_address(issue, "preview")
    page = client.get(url, {"category": [first.pk]})
    assert f'src="/admin/newsletter/issue/{issue.pk}/frame.html?category={first.pk}"' in page.text
    assert page.headers["Content-Security-Policy"].count("frame-src 'self'") == 1
    shown = client.get(f"/admin/newsletter/issue/{issue.pk}/frame.html", {"category": [first.pk]})
    assert ("News of one" in shown.text, "News of two" in shown.text) == (True, False)
    assert (shown.headers["X-Frame-Options"], shown.headers["Content-Security-Policy"]) == (
        "SAMEORIGIN",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; sandbox allow-same-origin; "
        "frame-ancestors 'self'",
    )
    text = client.get(url, {"category": [second.pk], "part": "text"})
    assert ("News of two" in text.text, "News of one" in text.text, "<iframe" in text.text) == (True, False, False)
    words = "Such a reader gets no mail"
    assert [words in client.get(url, {"category": chosen}).text for chosen in ([], [other.pk], [first.pk])] == [
        False, True, False,
    ]  # fmt: skip
    assert client.get(url, {"category": ["x"], "part": "nonsense"}).status_code == 200


def test_frame_shows_what_is_being_typed_and_saves_nothing():
    issue = make_draft_issue()
    client = client_with(*ALL)
    url = f"/admin/newsletter/issue/{issue.pk}/frame.html"
    shown = client.post(url, {"subject": "A new subject", "lead": "Hello *you* <script>."})
    assert "Hello <em>you</em> &lt;script&gt;." in shown.text
    assert "A new subject" in shown.text
    assert client.post(url, {"subject": "", "lead": "long " * 9000}).status_code == 200
    issue.refresh_from_db()
    assert (issue.subject == "A new subject", issue.lead) == (False, "")
    form = client.get(get_address(issue))
    assert form.text.count(f'data-typed="{url}"') == 1
    assert form.text.count('data-preview="/admin/tools/tool/markdown/"') == 1


def test_test_goes_to_any_address_and_the_words_are_saved_first():
    issue = make_draft_issue()
    client = client_with(*ALL, email="editor@example.com")
    typed = {"subject": "Mine", "lead": "My lead.", "_test": "1", "test_email": " Ada@Exämple.org "}
    page = client.post(get_address(issue), typed, follow=True)
    assert "A test to Ada@xn--exmple-cua.org is queued." in page.text
    issue.refresh_from_db()
    assert (issue.lead, Outbox.objects.get().payload["email"]) == ("My lead.", "Ada@xn--exmple-cua.org")


@pytest.mark.parametrize("address", ["nobody", "root@localhost", "a@b@c", "x" * 300 + "@example.org"])
def test_test_to_what_is_no_address_is_refused(address):
    issue = make_draft_issue()
    page = client_with(*ALL).post(get_address(issue, "test"), {"test_email": address}, follow=True)
    assert ("No test was sent." in page.text, Outbox.objects.count()) == (True, 0)


def test_test_does_not_go_to_an_address_that_wants_no_mail():
    issue = make_draft_issue()
    Suppression.objects.record("gone@example.com", "erased")
    page = client_with(*ALL).post(get_address(issue, "test"), {"test_email": "gone@example.com"}, follow=True)
    assert ("gone@example.com wants no mail from us" in page.text, Outbox.objects.count()) == (True, 0)


def test_tests_are_limited_per_address_and_per_editor(time_machine):
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    issue = make_draft_issue()
    ada, bob = client_with(*ALL), client_with(*ALL)

    def send(client, email: str) -> bool:
        client.post(get_address(issue, "test"), {"test_email": email})
        return Outbox.objects.filter(payload__email=email).count()

    assert [send(client, "one@example.com") for client in (ada, ada, bob, ada, bob, ada, bob)] == [1, 2, 3, 4, 5, 5, 5]
    assert sum(send(ada, f"reader{number}@example.com") for number in range(20)) == issuing.TESTS_PER_EDITOR - 3
    assert send(bob, "new@example.com") == 1
    time_machine.move_to("2026-03-01T13:01Z", tick=False)
    assert send(ada, "one@example.com") == 6
