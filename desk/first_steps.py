"""The first steps on a new site, in the order of the work: which are done, and which one is next."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from comparisons.models import Comparison
from desk.permissions import AnyUser
from reviews.models import Reviewer
from tools.models import Attribute, Category, Tool

MIN_ATTRIBUTES = 3  # the gate asks for as many sourced facts


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step: the model that it is about, the page where it is done, a text, a note, and SQL for whether it is done."""

    model: type[Model]
    page: str
    text: str
    note: str
    condition: str

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.page}")


def _at_least(number: int, model: type[Model]) -> str:
    return f"(SELECT count(*) = {number} FROM (SELECT FROM {model._meta.db_table} LIMIT {number}) AS first)"  # noqa: S608 (ours)


STEPS = (
    FirstStep(
        Reviewer,
        "reviews_reviewer_usual",
        "Seat the panel",
        "the reviewers who say ship or skip",
        _at_least(1, Reviewer),
    ),
    FirstStep(
        Category,
        "tools_category_add",
        "Add a category",
        "its form takes the names of attributes, too",
        _at_least(1, Category),
    ),
    FirstStep(
        Attribute,
        "tools_attribute_add",
        f"Have {MIN_ATTRIBUTES} attributes or more",
        "what facts are about, such as License",
        _at_least(MIN_ATTRIBUTES, Attribute),
    ),
    FirstStep(
        Tool,
        "tools_tool_add",
        "Add a tool",
        "its plans, its facts, and a review by each seat, on one page",
        _at_least(1, Tool),
    ),
    FirstStep(
        Tool,
        "tools_tool_changelist",
        "Publish it",
        "the gate says what is missing; its reviews go out with it",
        "EXISTS (SELECT FROM tools_tool WHERE published_at IS NOT NULL)",
    ),
    FirstStep(Tool, "tools_tool_add", "Add another tool", "to compare it with", _at_least(2, Tool)),
    FirstStep(
        Comparison,
        "comparisons_comparison_add",
        "Put two tools side by side",
        "published when both tools are",
        _at_least(1, Comparison),
    ),
)
_DONE = "SELECT " + ", ".join(step.condition for step in STEPS)


def may_take_steps(user: AnyUser) -> bool:
    """Return whether a user may do all of them."""
    return user.has_perms({f"{step.model._meta.app_label}.add_{step.model._meta.model_name}" for step in STEPS})


def read_steps() -> list[tuple[FirstStep, bool]]:
    """Return all steps, each with whether it is done. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_DONE)
        return list(zip(STEPS, cursor.fetchone(), strict=True))


def tell_next_step(request: HttpRequest, model: type[Model]) -> None:
    """After a row of a model was added, tell a user who is taking the first steps which one is next."""
    if not any(step.model is model for step in STEPS) or not may_take_steps(request.user):
        return
    for step, is_done in read_steps():
        if not is_done:
            messages.info(request, format_html('Next: <a href="{}">{}</a>, {}.', step.url, step.text, step.note))
            return
