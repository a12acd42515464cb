"""Mails that are ready to go: a message of its own, or an issue to one reader."""

from dataclasses import dataclass
from email.policy import SMTP
from functools import cached_property, lru_cache

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from newsletter.letters import Letter, Links, issue_letter, mail_host
from newsletter.models import Issue
from newsletter.sending import InHand
from newsletter.stencil import LINKS, Stencil, stencil
from newsletter.tokens import PREFERENCES, UNSUBSCRIBE

KEPT = 64  # stencils a worker keeps, about 100 KB each


def envelope_address(sender: str) -> str:
    """The bare address of `Shipside <hello@shipside.example>`."""
    return sender.rpartition("<")[2].rstrip(">").strip()


@dataclass(frozen=True)
class MessageParcel:
    """A message of Django's that is on its own."""

    message: EmailMultiAlternatives

    @property
    def sender(self) -> str:
        return envelope_address(self.message.from_email)

    @property
    def recipient(self) -> str:
        return self.message.to[0]

    @cached_property
    def _bytes(self) -> bytes:
        return self.message.message(policy=SMTP).as_bytes()

    def as_bytes(self) -> bytes:
        return self._bytes

    def as_message(self) -> EmailMessage:
        return self.message


@dataclass(frozen=True, slots=True)
class IssueParcel:
    """An issue to one reader."""

    stencil: Stencil
    recipient: str
    message_id: str
    links: Links

    @property
    def sender(self) -> str:
        return envelope_address(settings.DEFAULT_FROM_EMAIL)

    def as_bytes(self) -> bytes:
        return self.stencil.filled(recipient=self.recipient, message_id=self.message_id, links=self.links)

    def as_message(self) -> EmailMessage:
        """The same, for those who take no bytes."""
        letter = self.stencil.letter
        return Letter(
            letter.subject,
            self._filled(letter.text),
            self._filled(letter.html),
            {name: self._filled(value) for name, value in letter.headers.items()} | {"Message-ID": self.message_id},
        ).to(self.recipient)

    def _filled(self, text: str) -> str:
        text = text.replace(LINKS.unsubscribe, self.links.unsubscribe)
        return text.replace(LINKS.preferences, self.links.preferences)


class Parcels:
    """Makes an issue's mails, and keeps the stencils that it has cut for them."""

    def __init__(self) -> None:
        self._stencil = lru_cache(maxsize=KEPT)(_stencil)
        self._issue = lru_cache(maxsize=4)(_issue)

    def has_news_for(self, mail: InHand) -> bool:
        """Whether there is anything in the issue for the reader of a delivery, who may have chosen anew meanwhile."""
        return mail.categories is None or not mail.categories.isdisjoint(self._issue(mail.issue_id)[1])

    def parcel(self, mail: InHand, email: str) -> IssueParcel:
        """The mail of a delivery, to the address of its reader."""
        number, with_news = self._issue(mail.issue_id)
        chosen = None if mail.categories is None else mail.categories & with_news
        return IssueParcel(
            stencil=self._stencil(mail.issue_id, chosen),
            recipient=email,
            message_id=f"<issue-{number}.{mail.subscriber_id}@{mail_host()}>",  # the same if it is ever sent twice
            links=Links(
                unsubscribe=UNSUBSCRIBE.url(mail.subscriber_id), preferences=PREFERENCES.url(mail.subscriber_id)
            ),
        )


def _stencil(issue: int, categories: frozenset[int] | None) -> Stencil:
    return stencil(issue_letter(Issue.objects.get(pk=issue), LINKS, categories=categories))


def _issue(pk: int) -> tuple[int, frozenset[int]]:
    """The number of an issue, and the categories that have news in it."""
    issue = Issue.objects.get(pk=pk)
    return issue.number, frozenset(category for record in issue.content for category in record["category_ids"])
