"""What a site without content needs first, as a list of the front page. What is done is ticked until all of it is."""

from django.urls import reverse

from desk.first_steps import may_take_steps, read_steps
from desk.front.front_list import FrontList, Viewer
from desk.items import DeskItem
from desk.permissions import may_import


def list_first_steps(viewer: Viewer) -> FrontList | None:
    """Return the steps on a new site, or None when all are done, or the viewer may not do them."""
    if not may_take_steps(viewer.user):
        return None
    steps = read_steps()
    left = sum(not is_done for _, is_done in steps)
    items = [DeskItem(step.text, step.url, "" if is_done else step.note, is_done) for step, is_done in steps]
    more = [("How it goes, step by step", reverse("admin:handbook", fragment="in-ten-minutes"))]
    if may_import(viewer.user):
        more.append(("Or import a catalog file", reverse("admin:catalog_file")))
    return FrontList("first-steps", "First steps", items, left, empty="", more=more) if left else None
