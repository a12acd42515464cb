"""Mail where no server is set: a file each, which any mail program opens."""

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
    """Writes each message to a file of its own in a folder, and says in the log which."""

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
    """When it was written and to whom; the end keeps two of one second apart."""
    to = re.sub(r"[^A-Za-z0-9@._-]", "_", next(iter(message.recipients()), ""))[:80]
    return f"{timezone.now():%Y%m%d-%H%M%S}-{to}-{secrets.token_hex(3)}.eml"
