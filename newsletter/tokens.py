"""The links in our mails: signed, each good for one purpose."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

CONFIRM_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a link is for: the name of its address, which is its salt too, and how long it holds (None: for ever)."""

    name: str
    holds: timedelta | None = None

    @property
    def _signer(self) -> signing.TimestampSigner:
        return signing.TimestampSigner(salt=f"newsletter.{self.name}", sep=".")

    def token(self, subscriber: int) -> str:
        """A token for a subscriber's id."""
        return self._signer.sign(str(subscriber))

    def path(self, subscriber: int) -> str:
        return reverse(f"newsletter-{self.name}", args=[self.token(subscriber)])

    def url(self, subscriber: int) -> str:
        """The link in full, as a mail has it."""
        return settings.SITE_URL + self.path(subscriber)

    def subscriber(self, token: str) -> int:
        """The id that a token was made for. Raises signing.SignatureExpired, and signing.BadSignature for any that we
        did not make for this purpose.
        """
        return int(self._signer.unsign(token, max_age=self.holds))


CONFIRM = Purpose("confirm", holds=CONFIRM_FOR)
UNSUBSCRIBE = Purpose("unsubscribe")
PREFERENCES = Purpose("preferences")
ERASE = Purpose("erase")
