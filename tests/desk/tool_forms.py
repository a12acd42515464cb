"""What a browser would post from the tool page, read from the page itself."""

from typing import Any

from django.http import HttpResponse
from lxml import html

from tools.models import Tool

ADD = "/admin/tools/tool/add/"
CONFLICT = "Someone else saved this while you were editing."


def tool_url(tool: Tool) -> str:
    """Return the address of a tool's page at the desk."""
    return f"/admin/tools/tool/{tool.pk}/change/"


def fill_tool_form(page: HttpResponse, **typed: Any) -> dict[str, Any]:
    """Return the fields of a page's form with their values, updated with what is typed."""
    return read_form(page, "tool_form") | {"_save": "Save"} | typed


def read_form(page: HttpResponse, name: str) -> dict[str, Any]:
    """Return the fields of the form whose id is `name`, with their values. Several ticked boxes are a list."""
    form = html.fromstring(page.content.decode()).get_element_by_id(name)
    for template in form.findall(".//template"):
        template.drop_tree()
    fields: dict[str, Any] = {}
    for field in form.iter("input", "textarea", "select"):
        name, kind = field.get("name"), field.get("type")
        if name is None or kind in ("submit", "file") or "disabled" in field.attrib:
            continue
        if kind in ("checkbox", "radio"):
            if "checked" in field.attrib:
                value = field.get("value", "on")
                earlier = fields.get(name)
                fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value] if earlier else value
        elif field.tag == "textarea":
            fields[name] = (field.text or "").removeprefix("\n")
        elif field.tag == "select":
            fields[name] = next(
                (option.get("value") for option in field.iter("option") if "selected" in option.attrib), ""
            )
        else:
            fields[name] = field.get("value", "")
    return fields


def read_errors(page: HttpResponse) -> list[str]:
    """Return the problems that the page's summary lists."""
    assert page.status_code in (200, 409)
    summary = html.fromstring(page.content.decode()).get_element_by_id("problems")
    return [item.text_content() for item in summary.iter("li")]
