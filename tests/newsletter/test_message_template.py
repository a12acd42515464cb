"""Message templates: filling one in gives the same message as building each message on its own."""

from email import message_from_bytes
from email.policy import SMTP, default

import pytest
from django.core.mail import EmailMultiAlternatives

from newsletter.message_template import PLACEHOLDER_LINKS, compile_template
from newsletter.messages import Links, build_issue_message
from newsletter.models import Subscriber
from newsletter.outgoing import IssueMessageBuilder
from newsletter.sending import ClaimedDelivery
from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db


def parse(content: bytes) -> dict[str, object]:
    """Return the headers and bodies of a message, decoded."""
    message = message_from_bytes(content, policy=default)
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    headers = {name: str(value) for name, value in message.items() if name not in ("Content-Type", "Date")}
    return headers | {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in parts}


@pytest.mark.parametrize("lead", ["", "Ünïcode *words* = more, " * 40, ".\n\n..\n\nFrom here", "x" * 3000])
def test_filled_template_equals_the_message(lead):
    make_site(2)
    issue = make.issue_of_everything()
    issue.lead, issue.subject = lead, "Whisper vs Vosk – und mehr Ünïcode, " * 3
    issue.save()
    reader = make.subscriber(email="o'neil+" + "x" * 50 + "@xn--bcher-kva.example")
    links = Links(
        unsubscribe="https://shipside.example/" + "u=" * 60, preferences="https://shipside.example/p/" + "z" * 90
    )
    email: EmailMultiAlternatives = build_issue_message(issue, links).to_email(reader.email)
    email.extra_headers["Message-ID"] = "<issue-1.7@shipside.example>"
    filled = compile_template(build_issue_message(issue, PLACEHOLDER_LINKS)).fill(
        recipient=reader.email, message_id="<issue-1.7@shipside.example>", links=links
    )
    assert parse(filled) == parse(email.message(policy=SMTP).as_bytes())
    body = filled.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert filled.isascii()
    assert b"gap" not in filled


def test_issue_message_is_the_same_as_bytes_and_as_email():
    make_site()
    issue = make.issue_of_everything()
    reader = make.subscriber()
    message = IssueMessageBuilder().build(ClaimedDelivery(1, issue.pk, reader.pk, 0, None), reader.email)
    email = message.as_email()
    assert parse(message.as_bytes()) == parse(email.message(policy=SMTP).as_bytes())
    assert email.extra_headers["Message-ID"] == f"<issue-1.{reader.pk}@127.0.0.1>"
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert email.extra_headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/newsletter/unsubscribe/")
    assert email.extra_headers["Precedence"] == "bulk"
    assert email.extra_headers["List-Id"] == "<newsletter.127.0.0.1>"
    assert Subscriber.objects.count() == 1
