"""The problems of a page with several forms, in one list that links to each field."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.forms import BaseForm
from django.forms.models import BaseInlineFormSet

from desk.tool_page.scorecard import Scorecard


class FieldProblem(NamedTuple):
    """A message and the place it is about. `anchor` is the id of an element of the page."""

    where: str
    message: str
    anchor: str
    section: str = "tool"


class PageSection(NamedTuple):
    """A section of the page, as its index shows it. `rows` is how many it has; 0 where that says nothing."""

    name: str
    title: str
    rows: int = 0
    errors: int = 0


def list_problems(form: BaseForm, formsets: Iterable[BaseInlineFormSet | Scorecard]) -> list[FieldProblem]:
    """Return every problem of a tool's form, its plans and facts, and its scorecard, in the order of the page."""
    problems = list(_form_problems("", form))
    for formset in formsets:
        problems += [problem._replace(section=str(formset.prefix)) for problem in _formset_problems(formset)]
    return problems


def list_sections(
    formsets: Iterable[BaseInlineFormSet | Scorecard], problems: Iterable[FieldProblem]
) -> list[PageSection]:
    """Return the sections of the page in their order. Prices and facts are on it also for those who only read them."""
    errors = Counter(problem.section for problem in problems)
    counts = {formset.prefix: len(formset.initial_forms) for formset in formsets}
    shown = ["tool", *(["scorecard"] if "scorecard" in counts else []), "plans", "facts"]
    names = [*shown, *(["corrections"] if "corrections" in counts else [])]
    return [PageSection(name, name.capitalize(), counts.get(name, 0), errors[name]) for name in names]


def _formset_problems(formset: BaseInlineFormSet | Scorecard) -> Iterator[FieldProblem]:
    for message in formset.non_form_errors():
        yield FieldProblem("", str(message), f"{formset.prefix}-heading")
    if isinstance(formset, Scorecard):
        yield from _scorecard_problems(formset)
        return
    noun = str(formset.form._meta.model._meta.verbose_name).capitalize()
    for row in formset.forms:
        title = getattr(row, "title", "")
        yield from _form_problems(f"{noun} “{title or 'new'}”", row)


def _scorecard_problems(scorecard: Scorecard) -> Iterator[FieldProblem]:
    for row in scorecard:
        if row.has_changed():
            yield from _form_problems(row.reviewer.name, row.form)
            for message in row.predictions.non_form_errors():
                yield FieldProblem(f"{row.reviewer.name}, predictions", str(message), f"row-{row.form.prefix}")
            for prediction in row.predictions.forms:
                yield from _form_problems(f"{row.reviewer.name}, prediction", prediction)


def _form_problems(where: str, form: BaseForm) -> Iterator[FieldProblem]:
    form_anchor = f"row-{form.prefix}" if form.prefix else "tool-heading"
    for name in ["__all__", *form.fields]:
        field = form[name] if name in form.fields else None
        label = str(field.label) if field else ""
        for message in form.errors.get(name, ()):
            place = ", ".join(filter(None, [where, label]))
            yield FieldProblem(place, str(message), (field and field.auto_id) or form_anchor)
