"""What a password may not be, besides short or common."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

SHORTEST_WORD = 3  # letters; shorter names stand in too many passwords by chance
LEFT_OVER = 8  # characters that must remain when the words that anybody guesses are taken out


class ContextValidator:
    """Refuse passwords made of the site's or the user's own names (NIST SP 800-63B-4, 3.1.1.2: context-specific words).

    Anything goes beside them: a password is refused when fewer than LEFT_OVER letters and digits remain without them.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        rest = _plain(password)
        for word in sorted(_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != _plain(password) and len(rest) < LEFT_OVER:
            raise ValidationError(
                "This password is mostly the name of the site or your own. Take words that nobody connects with you.",
                code="password_of_context",
            )

    def get_help_text(self) -> str:
        return "It cannot be made of the site’s name, your name or your address."


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def _words(user: Any) -> set[str]:
    texts = [settings.SITE_NAME, *(urlsplit(settings.SITE_URL).hostname or "").split(".")]
    if user is not None:
        texts += [user.username, user.first_name, user.last_name, *user.email.split("@")]
    return {plain for text in texts if len(plain := _plain(text)) >= SHORTEST_WORD}
