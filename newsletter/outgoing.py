"""Messages that are ready to send: a single one, or an issue to one reader."""

from dataclasses import dataclass
from email.policy import SMTP
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from newsletter import sending
from newsletter.content import NEWS
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


@dataclass(frozen=True, slots=True)
class _IssueNews:
    """What decides who gets an issue: its records as they are stored, some of which may be impossible to render."""

    number: int
    records: list[dict[str, Any]]

    @property
    def categories(self) -> frozenset[int]:
        return frozenset(category for record in self.records for category in record["category_ids"])

    @property
    def earlier(self) -> frozenset[int]:
        """The earlier issues that some readers got some of its items with."""
        return frozenset(issue for record in self.records for issue in record.get("told_in", ()))

    def has_for(self, categories: frozenset[int] | None, had: frozenset[int]) -> bool:
        """Return whether it has anything for a reader of `categories`; one who `had` earlier issues needs news."""
        if not self.records:
            return True  # a lead is for everyone
        return any(
            (categories is None or not categories.isdisjoint(record["category_ids"]))
            and had.isdisjoint(record.get("told_in", ()))
            and (not had or record["kind"] in NEWS)
            for record in self.records
        )


class IssueMessageBuilder:
    """Builds the messages of issues, and caches their templates per issue and kind of reader."""

    def __init__(self) -> None:
        self._get_template = lru_cache(maxsize=CACHED_TEMPLATES)(_compile_template)
        self._get_issue = lru_cache(maxsize=4)(_read_issue)

    def note_had(self, deliveries: list[ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Return claimed deliveries with the earlier issues that readers got news of these issues with."""
        for issue in {delivery.issue_id for delivery in deliveries}:
            if earlier := self._get_issue(issue).earlier:
                deliveries = sending.note_had(deliveries, issue=issue, earlier=earlier)
        return deliveries

    def has_news_for(self, delivery: ClaimedDelivery) -> bool:
        """Return whether the issue has something for a reader, who may have changed categories since it was queued, or
        got its news with an earlier issue.
        """
        return self._get_issue(delivery.issue_id).has_for(delivery.categories, delivery.had)

    def build(self, delivery: ClaimedDelivery, email: str) -> IssueMessage:
        """Return the message of a delivery, to the address of its reader."""
        issue = self._get_issue(delivery.issue_id)
        chosen = None if delivery.categories is None else delivery.categories & issue.categories
        return IssueMessage(
            template=self._get_template(delivery.issue_id, chosen, delivery.had),
            recipient=email,
            # The same if the message is ever sent twice, so that mailboxes can discard the second.
            message_id=f"<issue-{issue.number}.{delivery.subscriber_id}@{get_mail_host()}>",
            links=Links(
                unsubscribe=UNSUBSCRIBE.build_url(delivery.subscriber_id),
                preferences=PREFERENCES.build_url(delivery.subscriber_id),
            ),
        )


def _compile_template(issue: int, categories: frozenset[int] | None, had: frozenset[int]) -> MessageTemplate:
    found = Issue.objects.get(pk=issue)
    return compile_template(build_issue_message(found, PLACEHOLDER_LINKS, categories=categories, had=had))


def _read_issue(pk: int) -> _IssueNews:
    issue = Issue.objects.get(pk=pk)
    return _IssueNews(issue.number, [record for record in issue.content if not record.get("is_left_out")])
