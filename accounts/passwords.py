"""The normal form of passwords, and their validators."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

MIN_WORD_LENGTH = 3  # letters; shorter names occur in many passwords by chance
MIN_REMAINDER = 8  # characters that must remain without the guessable words


def normalize_password(password: str | None) -> str | None:
    """Return a password in the form that is hashed: NFKC, as NIST SP 800-63B-4, 3.1.1.2, recommends.

    Keyboards and input methods differ in how they write é, ﬁ, or full-width letters.
    """
    return None if password is None else unicodedata.normalize("NFKC", password)


class NormalizedPasswordMixin:
    """A validator of the password that will be hashed, rather than the one that was typed."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(normalize_password(password), user)  # type: ignore[misc] # of Django's validators


class LengthValidator(NormalizedPasswordMixin, password_validation.MinimumLengthValidator):
    pass


class CommonPasswordValidator(NormalizedPasswordMixin, password_validation.CommonPasswordValidator):
    pass


class ContextValidator:
    """Rejects passwords made of the site's or the user's names (NIST SP 800-63B-4, 3.1.1.2: context-specific words).

    They may be part of a password: it is rejected if fewer than MIN_REMAINDER letters and digits remain without them.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password made of names."""
        rest = _normalize(password)
        for word in sorted(_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != _normalize(password) and len(rest) < MIN_REMAINDER:
            raise ValidationError(
                "This password is mostly the site’s name or your own. Use words that nobody connects with you.",
                code="password_of_context",
            )

    def get_help_text(self) -> str:
        return "It cannot consist of the site’s name, your name, or your address."


def _normalize(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def _words(user: Any) -> set[str]:
    texts = [settings.SITE_NAME, *(urlsplit(settings.SITE_URL).hostname or "").split(".")]
    if user is not None:
        # A form validates the password even if another field is invalid, and so None.
        texts += [user.username or "", user.first_name or "", user.last_name or "", *(user.email or "").split("@")]
    return {normal for text in texts if len(normal := _normalize(text)) >= MIN_WORD_LENGTH}
