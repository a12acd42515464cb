"""Keeping a pending change, and pressing the buttons of its page, for tests."""

import re

from django.contrib.messages import get_messages
from django.test import Client

from desk.models import PendingChange
from tests import factories as make
from tests.desk.forms import change_url, fill_form
from tests.desk.people import WRITER, make_user, sign_in
from tools.models import Tool

WRITES_ALL = [
    *WRITER,
    *(f"tools.{verb}_{noun}" for verb in ("view", "add", "change") for noun in ("plan", "fact")),
]


def make_ada() -> Client:
    """An editor beside the administrator."""
    user = make_user(*WRITES_ALL, "tools.publish_tool", "reviews.publish_review", "comparisons.publish_comparison")
    user.username = "ada"
    user.save()
    return sign_in(user)


def pending_url(obj, page: str = "") -> str:
    return change_url(obj).replace("/change/", f"/pending/{page}")


def keep(client: Client, obj, **changes) -> PendingChange:
    response = client.post(change_url(obj), {**fill_form(client, obj, **changes), "_pending": "1"})
    assert response.status_code == 302, response.context_data.get("problems")
    return PendingChange.objects.of(obj).get()


def act(client: Client, obj, action: str, **fields) -> str:
    """Press a button on the page of a pending change, and return the messages."""
    token = PendingChange.objects.of(obj).get().token
    response = client.post(pending_url(obj), {"action": action, "token": token, **fields})
    assert response.status_code == 302, response.content.decode()
    return "\n".join(line for line in read_messages(response).splitlines() if not line.startswith("Kept as"))


def read_messages(response) -> str:
    return "\n".join(re.sub(r"<[^>]+>", "", str(message)) for message in get_messages(response.wsgi_request))


def make_priced_tool(**fields) -> Tool:
    tool = make.tool(name="Alpha", tagline="Old.", **fields)
    make.plan(of=tool, name="Pro", kind="paid", amount=20, currency="USD", period="month")
    return tool
