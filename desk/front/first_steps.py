"""What a site without content needs first: the panel, a category, attributes, tools, a comparison."""

from typing import Any

from django.db import connection
from django.urls import reverse

from comparisons.models import Comparison
from desk.front.parts import Asker, Item, Section
from reviews.models import Reviewer
from tools.models import Attribute, Category, Tool

# Of what there has to be something, in the order in which it is made: the model, whose form makes it, and words.
_STEPS: tuple[tuple[Any, str, str, str], ...] = (
    (Reviewer, "reviews_reviewer_usual", "Seat the panel", "the reviewers who say ship or skip"),
    (Category, "tools_category_add", "Add a category", "and the attributes in which its tools are compared"),
    (Attribute, "tools_attribute_add", "Add attributes", "what facts are about, as License; three or more"),
    (Tool, "tools_tool_add", "Add a tool", "its plans, its facts and a review of each seat, on one page"),
    (Comparison, "comparisons_comparison_add", "Put two tools side by side", "published when both of them are"),
)
_THERE_IS = "SELECT " + ", ".join(f"EXISTS (SELECT FROM {model._meta.db_table})" for model, *_ in _STEPS)  # noqa: S608 (ours)


def first_steps(asker: Asker) -> Section | None:
    """What is still to be made of a new site; None when there is something of each kind, or for who may not make it."""
    if not asker.may(*(f"{model._meta.app_label}.add_{model._meta.model_name}" for model, *_ in _STEPS)):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_THERE_IS)
        there = cursor.fetchone()
    items = [
        Item(words, reverse(f"admin:{page}"), note)
        for (_, page, words, note), is_there in zip(_STEPS, there, strict=True)
        if not is_there
    ]
    more = [("Or load a catalog file", reverse("admin:catalog_file"))] if asker.may("tools.import_catalog") else []
    return Section("first-steps", "First steps", items, len(items), "", more) if items else None
