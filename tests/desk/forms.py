"""Admin forms, filled as a browser would: every field of the page with its current value."""

from typing import Any

from django.db.models import Model
from django.test import Client
from django.urls import reverse
from lxml import etree


def change_url(obj: Model) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def read_fields(html: str) -> dict[str, Any]:
    """Return the fields of the change form on a page, with their values."""
    [form] = etree.HTML(html).xpath("//form[contains(@id, '_form') and @method='post' and not(@id='logout-form')]")
    fields: dict[str, Any] = {}
    for field in form.xpath(".//input[@name]|.//textarea[@name]|.//select[@name]"):
        name, kind = field.get("name"), field.get("type")
        if field.tag == "select":
            chosen = field.xpath("option[@selected]/@value")
            fields[name] = chosen if field.get("multiple") is not None else (chosen or [""])[0]
        elif field.tag == "textarea":
            fields[name] = (field.text or "").removeprefix("\n")
        elif kind in ("checkbox", "radio"):
            if field.get("checked") is not None:
                fields[name] = field.get("value", "on")
        elif kind not in ("submit", "file", "button"):
            fields[name] = field.get("value", "")
    return {name: value for name, value in fields.items() if "__prefix__" not in name}


def fill_form(client: Client, obj: Model, **changes: Any) -> dict[str, Any]:
    """Open the form of an object and return what a browser would post after these changes."""
    response = client.get(change_url(obj))
    assert response.status_code == 200
    return {**read_fields(response.content.decode()), **changes}


def save_form(client: Client, obj: Model, **changes: Any) -> None:
    """Open the form of an object, make these changes, and save it."""
    response = client.post(change_url(obj), {**fill_form(client, obj, **changes), "_save": "Save"})
    assert response.status_code == 302, response.content.decode()
