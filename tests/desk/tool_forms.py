"""What a browser would send of the tool page, read out of the page itself."""

from typing import Any

from django.http import HttpResponse
from lxml import html

from tools.models import Tool

ADD = "/admin/tools/tool/add/"
CONFLICT = "Someone else saved this while you were editing."


def change(tool: Tool) -> str:
    """The address of a tool's page at the desk."""
    return f"/admin/tools/tool/{tool.pk}/change/"


def filled(page: HttpResponse, **typed: Any) -> dict[str, Any]:
    """The fields of a page's form with what stands in them, and what is typed besides."""
    form = html.fromstring(page.content.decode()).get_element_by_id("tool_form")
    for template in form.findall(".//template"):
        template.drop_tree()
    fields: dict[str, Any] = {}
    for field in form.iter("input", "textarea", "select"):
        name, kind = field.get("name"), field.get("type")
        if name is None or kind in ("submit", "file") or "disabled" in field.attrib:
            continue
        if kind in ("checkbox", "radio"):
            if "checked" in field.attrib:
                fields[name] = field.get("value", "on")
        elif field.tag == "textarea":
            fields[name] = (field.text or "").removeprefix("\n")
        elif field.tag == "select":
            fields[name] = next((one.get("value") for one in field.iter("option") if "selected" in one.attrib), "")
        else:
            fields[name] = field.get("value", "")
    return fields | {"_save": "Save"} | typed


def errors_of(page: HttpResponse) -> list[str]:
    """What the page's summary says is wrong."""
    assert page.status_code in (200, 409)
    summary = html.fromstring(page.content.decode()).get_element_by_id("problems")
    return [item.text_content() for item in summary.iter("li")]
