"""What tests of files at the desk share: somebody who may send them, and the two steps."""

import re
from html import unescape
from typing import Any

from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User

SEES = ("view_tool", "view_plan", "view_fact")
IMPORTS = (*SEES, "import_catalog")
PUBLISHES = (*IMPORTS, "publish_tool", "publish_review", "publish_comparison")


def somebody(*codenames: str, name: str = "ada", **fields: Any) -> Client:
    """A client signed in as a member of staff with some permissions and no other."""
    user = User.objects.create(username=name, is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, address: str, content: bytes | str, name: str = "file.json"):
    """The first step."""
    data = content.encode() if isinstance(content, str) else content
    return client.post(address, {"file": SimpleUploadedFile(name, data)})


def import_now(client: Client, address: str, shown: Any, **more: str):
    """The second step, with the ticket that the first one's page carries."""
    return client.post(address, {"ticket": ticket_in(shown), **(more or {"import": "Import now"})})


def ticket_in(response: Any) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', response.text)
    assert found, words_of(response)
    return found[1]


def words_of(response: Any) -> str:
    """What a page says, without its tags, with single spaces."""
    main = re.search(r'<div id="content".*?<footer|<main.*?</main>', response.text, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", main[0] if main else response.text)
    return " ".join(unescape(text).split())


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
