"""The fast way to write a thousand mails writes the same mails as the slow one."""

from email import message_from_bytes
from email.policy import SMTP, default

import pytest
from django.core.mail import EmailMultiAlternatives

from newsletter.letters import Links, issue_letter
from newsletter.models import Subscriber
from newsletter.outgoing import Parcels
from newsletter.sending import InHand
from newsletter.stencil import LINKS, stencil
from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db


def said(content: bytes) -> dict[str, object]:
    """All that a message says, without how it is encoded."""
    message = message_from_bytes(content, policy=default)
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    headers = {name: str(value) for name, value in message.items() if name not in ("Content-Type", "Date")}
    return headers | {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in parts}


@pytest.mark.parametrize("lead", ["", "Ünïcode *words* = more, " * 40, ".\n\n..\n\nFrom here", "x" * 3000])
def test_filled_stencil_says_what_the_message_says(lead):
    make_site(2)
    issue = make.issue_of_everything()
    issue.lead, issue.subject = lead, "Whisper vs Vosk – und mehr Ünïcode, " * 3
    issue.save()
    reader = make.subscriber(email="o'neil+" + "x" * 50 + "@xn--bcher-kva.example")
    links = Links(
        unsubscribe="https://shipside.example/" + "u=" * 60, preferences="https://shipside.example/p/" + "z" * 90
    )
    message: EmailMultiAlternatives = issue_letter(issue, links).to(reader.email)
    message.extra_headers["Message-ID"] = "<issue-1.7@shipside.example>"
    filled = stencil(issue_letter(issue, LINKS)).filled(
        recipient=reader.email, message_id="<issue-1.7@shipside.example>", links=links
    )
    assert said(filled) == said(message.message(policy=SMTP).as_bytes())
    body = filled.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert filled.isascii()
    assert b"gap" not in filled


def test_parcel_says_the_same_as_bytes_and_as_a_message():
    make_site()
    issue = make.issue_of_everything()
    reader = make.subscriber()
    parcel = Parcels().parcel(InHand(1, issue.pk, reader.pk, 0, None), reader.email)
    message = parcel.as_message()
    assert said(parcel.as_bytes()) == said(message.message(policy=SMTP).as_bytes())
    assert message.extra_headers["Message-ID"] == f"<issue-1.{reader.pk}@127.0.0.1>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.extra_headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/newsletter/unsubscribe/")
    assert message.extra_headers["Precedence"] == "bulk"
    assert message.extra_headers["List-Id"] == "Shipside weekly verdicts <newsletter.127.0.0.1>"
    assert Subscriber.objects.count() == 1
