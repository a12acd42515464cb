"""Messages that are ready to send: a single one, or an issue to one reader."""

from dataclasses import dataclass
from email.policy import SMTP
from functools import cached_property, lru_cache

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from newsletter.message_template import PLACEHOLDER_LINKS, MessageTemplate, compile_template
from newsletter.messages import Links, Message, build_issue_message, get_mail_host
from newsletter.models import Issue
from newsletter.sending import ClaimedDelivery
from newsletter.tokens import PREFERENCES, UNSUBSCRIBE

CACHED_TEMPLATES = 64  # per worker, about 100 KB each


def parse_envelope_address(sender: str) -> str:
    """Return the bare address of `Shipside <hello@shipside.example>`."""
    return sender.rpartition("<")[2].rstrip(">").strip()


@dataclass(frozen=True)
class SingleMessage:
    """A message that no other shares its content with, as one of Django's."""

    email: EmailMultiAlternatives

    @property
    def sender(self) -> str:
        return parse_envelope_address(self.email.from_email)

    @property
    def recipient(self) -> str:
        return self.email.to[0]

    @cached_property
    def _bytes(self) -> bytes:
        return self.email.message(policy=SMTP).as_bytes()

    def as_bytes(self) -> bytes:
        return self._bytes

    def as_email(self) -> EmailMessage:
        return self.email


@dataclass(frozen=True, slots=True)
class IssueMessage:
    """An issue to one reader."""

    template: MessageTemplate
    recipient: str
    message_id: str
    links: Links

    @property
    def sender(self) -> str:
        return parse_envelope_address(settings.DEFAULT_FROM_EMAIL)

    def as_bytes(self) -> bytes:
        return self.template.fill(recipient=self.recipient, message_id=self.message_id, links=self.links)

    def as_email(self) -> EmailMessage:
        """Return the same message as Django's, for backends that do not take bytes."""
        message = self.template.message
        return Message(
            message.subject,
            self._fill(message.text),
            self._fill(message.html),
            {name: self._fill(value) for name, value in message.headers.items()} | {"Message-ID": self.message_id},
        ).to_email(self.recipient)

    def _fill(self, text: str) -> str:
        text = text.replace(PLACEHOLDER_LINKS.unsubscribe, self.links.unsubscribe)
        return text.replace(PLACEHOLDER_LINKS.preferences, self.links.preferences)


class IssueMessageBuilder:
    """Builds the messages of issues, and caches their templates per issue and set of categories."""

    def __init__(self) -> None:
        self._get_template = lru_cache(maxsize=CACHED_TEMPLATES)(_compile_template)
        self._get_issue = lru_cache(maxsize=4)(_read_issue)

    def has_news_for(self, delivery: ClaimedDelivery) -> bool:
        """Return whether the issue has news for a reader, who may have changed categories since it was queued."""
        return delivery.categories is None or not delivery.categories.isdisjoint(self._get_issue(delivery.issue_id)[1])

    def build(self, delivery: ClaimedDelivery, email: str) -> IssueMessage:
        """Return the message of a delivery, to the address of its reader."""
        number, with_news = self._get_issue(delivery.issue_id)
        chosen = None if delivery.categories is None else delivery.categories & with_news
        return IssueMessage(
            template=self._get_template(delivery.issue_id, chosen),
            recipient=email,
            # The same if the message is ever sent twice, so that mailboxes can discard the second.
            message_id=f"<issue-{number}.{delivery.subscriber_id}@{get_mail_host()}>",
            links=Links(
                unsubscribe=UNSUBSCRIBE.build_url(delivery.subscriber_id),
                preferences=PREFERENCES.build_url(delivery.subscriber_id),
            ),
        )


def _compile_template(issue: int, categories: frozenset[int] | None) -> MessageTemplate:
    return compile_template(build_issue_message(Issue.objects.get(pk=issue), PLACEHOLDER_LINKS, categories=categories))


def _read_issue(pk: int) -> tuple[int, frozenset[int]]:
    """Return the number of an issue and the categories that have news in it."""
    issue = Issue.objects.get(pk=pk)
    return issue.number, frozenset(category for record in issue.content for category in record["category_ids"])
