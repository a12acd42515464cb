"""Confirmation pages of the desk, and a tool that passes the gate."""

import re
from html import unescape

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone

from tests import factories as make

LONG = "Words enough to say why it is so, and not the other way round. " * 3


def make_complete_tool(**fields):
    """Return a draft that passes the gate, with a draft review per seat."""
    full = {"tagline": "A line", "description": "Words", "website": "https://example.com/", "published_at": None}
    tool = make.tool(**{**full, **fields})
    sourced = {"source": "https://example.com/", "verified_on": timezone.localdate()}
    make.plan(of=tool, **sourced)
    for _ in range(3):
        make.fact(of=tool, **sourced)
    seats = list(make.Reviewer.objects.all()) or [make.reviewer(), make.reviewer()]
    for seat in seats:
        make.review(of=tool, by=seat, quote=LONG, flips_if="It slows.", published_at=None)
    return tool


def url(content, step: str) -> str:
    meta = content._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{step}", args=[content.pk])


def read_text(response) -> str:
    """Return the text of a page's content."""
    content = re.search(r'<div id="content-main".*<footer', response.content.decode(), re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content[0] if content else "")).split())


def read_fingerprints(response) -> list[str]:
    return re.findall(r'name="seen" value="([^"]+)"', response.content.decode())


def confirm(client, address: str, **data):
    """Open the confirmation page, and post its form."""
    page = client.get(address)
    assert page.status_code == 200
    return client.post(address, {"seen": read_fingerprints(page), **data})


def read_messages(response) -> list[str]:
    return [re.sub(r"<[^>]+>", "", unescape(str(message))) for message in messages.get_messages(response.wsgi_request)]


def run_bulk(client, model, step: str, objects, **data):
    """Choose the action in the list. Return the confirmation page, or with data the response to its form."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    chosen = {"action": f"{step}_selected", "_selected_action": [content.pk for content in objects]}
    page = client.post(address, chosen)
    if not data:
        return page
    data.pop("go", None)
    return client.post(address, {**chosen, "confirmed": "yes", "seen": read_fingerprints(page), **data})
