"""Voters and their networks, for the tests."""

from typing import Any

from django.test import Client

from tests.conftest import SAME_ORIGIN
from tools.models import Tool


def voter() -> Client:
    """A browser that has never been here."""
    return Client(headers=SAME_ORIGIN)


def cast(client: Client, tool: Tool, choice: str = "ship", *, ip: str = "198.51.100.7", **headers: str) -> Any:
    """Vote by the plain form from an address."""
    return client.post(f"/tools/{tool.slug}/vote/", {"choice": choice}, REMOTE_ADDR=ip, headers=headers)


def counts(tool: Tool) -> tuple[int, int, int]:
    """How a tool stands: ship, skip, held."""
    community = Tool.objects.with_community().get(pk=tool.pk).community or {"ship": 0, "skip": 0, "held": 0}
    return community["ship"], community["skip"], community["held"]
