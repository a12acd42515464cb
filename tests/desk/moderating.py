"""Helpers that moderate votes at the desk."""

import re
from typing import Any

from django.test import Client
from django.utils import timezone


def send_decision(client: Client, path: str, action: str = "release", **fields: Any) -> Any:
    """Decide all held votes on a subject, whose page is at `path`."""
    form = {
        "action": action,
        "scope": "all",
        "reason": "other",
        "words": "Because.",
        "until": timezone.now().isoformat(),
    }
    return client.post(f"{path}decide/", {**form, **fields}, follow=True)


def get_words(response: Any) -> str:
    """Return a page's text without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())
