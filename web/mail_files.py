"""Mail without a server: each message becomes a file that any mail program opens."""

import logging
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

log = logging.getLogger(__name__)


class EmailBackend(BaseEmailBackend):
    """An email backend that writes each message to its own file in a folder and logs the path."""

    def __init__(self, *, file_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            path = self.folder / _name(message)
            path.write_bytes(message.message().as_bytes())
            log.info("Mail to %s: %s", ", ".join(message.recipients()), path)
        return len(email_messages)


def _name(message: EmailMessage) -> str:
    """Return a file name from the time and the recipient. The random suffix separates messages of the same second."""
    to = re.sub(r"[^A-Za-z0-9@._-]", "_", next(iter(message.recipients()), ""))[:80]
    return f"{timezone.now():%Y%m%d-%H%M%S}-{to}-{secrets.token_hex(3)}.eml"
