"""The filters by facts in the query string of a list: `?license=mit&context-window.min=128k&sort=context-window`."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from comparisons.forms import clean_valid, normalize_query
from comparisons.reading.records import ListedAttribute
from comparisons.shaping import facets
from tools.values import Scale, parse_value
from web.fields import LineField
from web.words import join_words


class OptionsField(forms.Field):
    """Some of the options of an attribute, each a parameter of the same name. Others are ignored."""

    widget = forms.MultipleHiddenInput

    def __init__(self, slugs: Collection[str]) -> None:
        super().__init__(required=False)
        self.slugs = slugs

    def to_python(self, value: Any) -> tuple[str, ...]:
        return tuple(slug for slug in self.slugs if slug in (value or ()))


class NumberField(LineField):
    """A number as people write it: `128k`, `128,000 tokens`."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(required=False, max_length=100)
        self.scale = scale

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        try:
            return Decimal(parse_value(self.scale, typed)) if typed else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class FactFilterForm(forms.Form):
    """The filters by the facts of a category, and the orders by its numbers. What is not valid is named as ignored."""

    def __init__(self, query: QueryDict, attributes: Iterable[ListedAttribute]) -> None:
        super().__init__(query)
        self.attributes = {facets.name_parameter(attribute): attribute for attribute in attributes}
        for name, attribute in self.attributes.items():
            if facets.is_number(attribute):
                self.fields[f"{name}.min"] = NumberField(attribute.scale)
                self.fields[f"{name}.max"] = NumberField(attribute.scale)
            else:
                self.fields[name] = OptionsField([option.slug for option in attribute.scale.options])
        self.fields["sort"] = forms.CharField(required=False)


@dataclass(frozen=True, slots=True)
class FactFilters:
    """The filters by facts that a reader has set, by the attribute's id, and the number to sort by, if any."""

    wanted: dict[int, facets.FactFilter]
    sort: ListedAttribute | None
    query: str
    """All of it as a query string, without anything that was ignored."""
    ignored: tuple[str, ...] = ()
    """What could not be read: `Context window: “abc” is not a number.`"""

    @property
    def is_set(self) -> bool:
        return bool(self.wanted or self.sort)


def parse_fact_filters(
    query: QueryDict, attributes: Iterable[ListedAttribute], *, others: Iterable[ListedAttribute] = ()
) -> FactFilters:
    """Return the filters by facts in the query string of a list of tools that have these attributes.

    The `others` are attributes by which this list cannot be filtered, because it is not that of one category.
    """
    form = FactFilterForm(query, attributes)
    values = clean_valid(form)
    wanted = {
        attribute.id: facets.FactFilter(values.get(name, ()), values.get(f"{name}.min"), values.get(f"{name}.max"))
        for name, attribute in form.attributes.items()
    }
    wanted = {attribute: wish for attribute, wish in wanted.items() if wish != facets.FactFilter()}
    sort = form.attributes.get(values.get("sort", ""))
    sort = sort if sort and facets.is_number(sort) else None
    ignored = (*_list_ignored(form, query), *_list_misplaced(query, others))
    return FactFilters(wanted, sort, facets.write_query(form.attributes.values(), wanted, sort), ignored)


def _list_misplaced(query: QueryDict, others: Iterable[ListedAttribute]) -> Iterator[str]:
    """Yield a sentence if a list that is not of one category was asked to filter by facts."""
    names = {facets.name_parameter(attribute): attribute.name for attribute in others}
    asked = dict.fromkeys(names[stem] for name in query if (stem := re.sub(r"\.(min|max)$", "", name)) in names)
    if asked:
        yield f"To filter by {join_words(list(asked))}, choose a category."


def _list_ignored(form: FactFilterForm, query: QueryDict) -> Iterator[str]:
    """Yield a sentence per filter that cannot be applied: text in place of a number, or an unknown option."""
    for name, errors in form.errors.items():
        attribute = form.attributes.get(name.rpartition(".")[0])
        words = " ".join(map(str, errors))
        yield f"{attribute.name}: {words}" if attribute else words
    for name, attribute in form.attributes.items():
        if not facets.is_number(attribute):
            known = {option.slug for option in attribute.scale.options}
            typed = [normalize_query(text) for text in query.getlist(name)]
            yield from (f"{attribute.name}: there is no “{text}”." for text in typed if text and text not in known)
