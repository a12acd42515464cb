"""What a site without content needs first: the panel, a category, attributes, tools, a comparison."""

from django.db import connection
from django.db.models import Model
from django.urls import reverse

from comparisons.models import Comparison
from desk.front.front_list import FrontList, Viewer
from desk.items import DeskItem
from desk.permissions import may_import
from reviews.models import Reviewer
from tools.models import Attribute, Category, Tool

# In the order of the work: the model that needs a row, the page that adds one, a text, and a note.
_STEPS: tuple[tuple[type[Model], str, str, str], ...] = (
    (Reviewer, "reviews_reviewer_usual", "Seat the panel", "the reviewers who say ship or skip"),
    (Category, "tools_category_add", "Add a category", "and the attributes that its tools are compared by"),
    (Attribute, "tools_attribute_add", "Add attributes", "what facts are about, such as License; three or more"),
    (Tool, "tools_tool_add", "Add a tool", "its plans, its facts, and a review by each seat, on one page"),
    (Comparison, "comparisons_comparison_add", "Put two tools side by side", "published when both tools are"),
)
_EXISTING = "SELECT " + ", ".join(f"EXISTS (SELECT FROM {model._meta.db_table})" for model, *_ in _STEPS)  # noqa: S608 (our tables)


def list_first_steps(viewer: Viewer) -> FrontList | None:
    """Return the steps that are still to be done on a new site, or None when all are, or the viewer may not do them."""
    if not viewer.may(*(f"{model._meta.app_label}.add_{model._meta.model_name}" for model, *_ in _STEPS)):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        existing = cursor.fetchone()
    items = [
        DeskItem(text, reverse(f"admin:{page}"), note)
        for (_, page, text, note), exists in zip(_STEPS, existing, strict=True)
        if not exists
    ]
    more = [("Or import a catalog file", reverse("admin:catalog_file"))] if may_import(viewer.user) else []
    return FrontList("first-steps", "First steps", items, len(items), empty="", more=more) if items else None
