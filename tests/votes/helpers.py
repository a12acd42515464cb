"""Helpers that cast votes over HTTP and read what was counted."""

from typing import Any

from django.test import Client

from tests.conftest import SAME_ORIGIN
from tools.models import Tool


def new_voter() -> Client:
    """Return a browser without cookies."""
    return Client(headers=SAME_ORIGIN)


def cast(client: Client, tool: Tool, choice: str = "ship", *, ip: str = "198.51.100.7", **headers: str) -> Any:
    """Send the form from an IP address, without htmx."""
    return client.post(f"/tools/{tool.slug}/vote/", {"choice": choice}, REMOTE_ADDR=ip, headers=headers)


def get_counts(tool: Tool) -> tuple[int, int, int]:
    """Return a tool's numbers of ship, skip, and held votes."""
    community = Tool.objects.with_community().get(pk=tool.pk).community or {"ship": 0, "skip": 0, "held": 0}
    return community["ship"], community["skip"], community["held"]
