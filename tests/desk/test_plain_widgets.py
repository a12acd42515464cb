"""Widgets that are written without templates look as Django's own templates render them."""

import re
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.fields import NativeDateInput
from desk.plain_widgets import PlainRenderer

TEXTS = st.text(st.sampled_from("""a "'<>&\n%{}é"""), max_size=6)
VALUES = st.one_of(st.none(), TEXTS, st.integers(), st.booleans(), TEXTS.map(mark_safe))
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"id": TEXTS, "class": TEXTS, "data-x": VALUES, "required": VALUES, "min": VALUES}
)
CHOICES = st.lists(
    st.one_of(
        st.tuples(TEXTS, TEXTS),
        st.tuples(st.sampled_from(["One & two", "B"]), st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=2)),
    ),
    max_size=4,
)
WITHOUT_CHOICES = [
    forms.TextInput, forms.NumberInput, forms.URLInput, forms.EmailInput, forms.HiddenInput, forms.CheckboxInput,
    forms.Textarea, forms.DateInput, NativeDateInput,
]  # fmt: skip
WITH_CHOICES = [forms.Select, forms.SelectMultiple, forms.RadioSelect, forms.CheckboxSelectMultiple]
PLAIN, DJANGO = PlainRenderer(), DjangoTemplates()


def _squeeze(html: str) -> str:
    """Return HTML without white space, which means nothing between choices."""
    return re.sub(r"\s", "", html)


@pytest.mark.parametrize("widget", WITHOUT_CHOICES)
@settings(max_examples=40)
@given(name=TEXTS, value=VALUES, attributes=ATTRIBUTES)
def test_widget_is_written_as_django_renders_it(widget: Any, name, value, attributes):
    one = widget(attrs=attributes)
    assert one.render(name, value, renderer=PLAIN) == one.render(name, value, renderer=DJANGO)


@pytest.mark.parametrize("widget", WITH_CHOICES)
@settings(max_examples=40)
@given(name=TEXTS, value=TEXTS, attributes=ATTRIBUTES, choices=CHOICES)
def test_choices_are_written_as_django_renders_them(widget: Any, name, value, attributes, choices):
    one = widget(attrs=attributes, choices=choices)
    plain, django = (_squeeze(one.render(name, [value], renderer=renderer)) for renderer in (PLAIN, DJANGO))
    assert plain == django


def test_errors_are_listed_as_django_lists_them():
    class Form(forms.Form):
        name = forms.CharField()

    plain, django = (Form({}, renderer=renderer) for renderer in (PLAIN, DJANGO))
    assert str(plain["name"].errors) == str(django["name"].errors)
    assert str(Form({"name": "x"}, renderer=PLAIN)["name"].errors) == ""
