"""Forms of the admin, filled as a browser fills them: every field that the page holds, with what it shows."""

from typing import Any

from django.db.models import Model
from django.test import Client
from django.urls import reverse
from lxml import etree


def change_address(obj: Model) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def fields_of(html: str) -> dict[str, Any]:
    """The fields of the change form of a page, and what they hold."""
    [form] = etree.HTML(html).xpath("//form[contains(@id, '_form') and @method='post' and not(@id='logout-form')]")
    found: dict[str, Any] = {}
    for field in form.xpath(".//input[@name]|.//textarea[@name]|.//select[@name]"):
        name, kind = field.get("name"), field.get("type")
        if field.tag == "select":
            chosen = field.xpath("option[@selected]/@value")
            found[name] = chosen if field.get("multiple") is not None else (chosen or [""])[0]
        elif field.tag == "textarea":
            found[name] = (field.text or "").removeprefix("\n")
        elif kind in ("checkbox", "radio"):
            if field.get("checked") is not None:
                found[name] = field.get("value", "on")
        elif kind not in ("submit", "file", "button"):
            found[name] = field.get("value", "")
    return {name: value for name, value in found.items() if "__prefix__" not in name}


def filled(client: Client, obj: Model, **changes: Any) -> dict[str, Any]:
    """What a browser would post that has opened the form of an object and changed some of it."""
    response = client.get(change_address(obj))
    assert response.status_code == 200
    return {**fields_of(response.content.decode()), **changes}


def saved(client: Client, obj: Model, **changes: Any) -> None:
    """Open the form of an object, change some of it and save."""
    response = client.post(change_address(obj), {**filled(client, obj, **changes), "_save": "Save"})
    assert response.status_code == 302, response.content.decode()
