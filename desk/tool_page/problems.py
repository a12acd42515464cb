"""What is wrong with a page of several forms, in one list that leads to each field."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from desk.tool_page.scorecard import Scorecard


class Problem(NamedTuple):
    """A message with where it belongs; `anchor` is the id of an element of the page."""

    where: str
    message: str
    anchor: str


def problems(form: Any, formsets: Iterable[Any]) -> list[Problem]:
    """Every problem of a tool's form, its rows of plans and facts, and its scorecard, in the order of the page."""
    found = list(_of_form("", form))
    for formset in formsets:
        found += [Problem("", message, f"{formset.prefix}-heading") for message in formset.non_form_errors()]
        if isinstance(formset, Scorecard):
            for seat in formset:
                if seat.has_changed():
                    found += _of_form(seat.reviewer.name, seat.form)
                    for prediction in seat.predictions.forms:
                        found += _of_form(f"{seat.reviewer.name}, prediction", prediction)
        else:
            noun = str(formset.model._meta.verbose_name).capitalize()
            for row in formset.forms:
                found += _of_form(f"{noun} “{row.title or 'new'}”", row)
    return found


def _of_form(where: str, form: Any) -> Iterable[Problem]:
    whole = f"row-{form.prefix}" if form.prefix else "tool-heading"
    for name in ["__all__", *form.fields]:
        messages = form.errors.get(name, ())
        field = form[name] if name in form.fields else None
        label = str(field.label) if field else ""
        for message in messages:
            yield Problem(", ".join(filter(None, [where, label])), message, field.auto_id if field else whole)
