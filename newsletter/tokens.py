"""The links in our mail: signed, and each valid for one purpose."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

CONFIRM_MAX_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LinkPurpose:
    """What a link does. `name` is part of the name of its URL and of its salt; None as `max_age` never expires."""

    name: str
    max_age: timedelta | None = None

    @property
    def _signer(self) -> signing.TimestampSigner:
        return signing.TimestampSigner(salt=f"newsletter.{self.name}", sep=".")

    def make_token(self, subscriber: int) -> str:
        """Return a token for a subscriber's id."""
        return self._signer.sign(str(subscriber))

    def build_path(self, subscriber: int) -> str:
        """Return the link as a path, for our own pages."""
        return reverse(f"newsletter-{self.name}", args=[self.make_token(subscriber)])

    def build_url(self, subscriber: int) -> str:
        """Return the absolute link, for mail."""
        return settings.SITE_URL + self.build_path(subscriber)

    def read_token(self, token: str) -> int:
        """Return the subscriber's id in a token.

        Raises signing.SignatureExpired, or signing.BadSignature for a token that was not made for this purpose.
        """
        return int(self._signer.unsign(token, max_age=self.max_age))


CONFIRM = LinkPurpose("confirm", max_age=CONFIRM_MAX_AGE)
UNSUBSCRIBE = LinkPurpose("unsubscribe")
PREFERENCES = LinkPurpose("preferences")
ERASE = LinkPurpose("erase")
