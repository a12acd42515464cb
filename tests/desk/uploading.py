"""Helpers for tests of uploads at the desk: a client with permissions, and the two steps of an import."""

import re
from html import unescape
from typing import Any

from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User

SEES = ("view_tool", "view_plan", "view_fact", "view_attribute")
IMPORTS = (*SEES, "import_catalog")
PUBLISHES = (*IMPORTS, "publish_tool", "publish_review", "publish_comparison")


def client_with(*codenames: str, name: str = "ada", **fields: Any) -> Client:
    """Return a client signed in as a member of staff with exactly these permissions."""
    user = User.objects.create(username=name, is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, address: str, content: bytes | str, name: str = "file.json"):
    """Take the first step: upload a file, and return the page with the dry run or the problems."""
    data = content.encode() if isinstance(content, str) else content
    return client.post(address, {"file": SimpleUploadedFile(name, data)})


def import_now(client: Client, address: str, dry_run: Any, **buttons: str):
    """Take the second step, with the token from the page of the dry run."""
    return client.post(address, {"upload_token": find_token(dry_run), **(buttons or {"import": "Import now"})})


def find_token(response: Any) -> str:
    match = re.search(r'name="upload_token" value="([^"]+)"', response.text)
    assert match, visible_text(response)
    return match[1]


def visible_text(response: Any) -> str:
    """Return the text of a page, without tags, with single spaces."""
    main = re.search(r'<div id="content".*?<footer|<main.*?</main>', response.text, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", main[0] if main else response.text)
    return " ".join(unescape(text).split())


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
