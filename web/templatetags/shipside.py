from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.safestring import SafeString

from web import markdown as safe_markdown
from web import words

register = template.Library()


@register.filter
def markdown(text: str, base: str = "") -> SafeString:
    """Render Markdown as safe HTML; with `base`, the address of a page, with complete links."""
    return safe_markdown.render_absolute(text, base=base) if base else safe_markdown.render(text)


@register.filter
def line(text: str) -> SafeString:
    """Render a line of plain text, in which `this` is code."""
    return safe_markdown.render_line(text)


@register.filter
def short(name: str) -> str:
    """Truncate a very long name in a list, to the same length as in sentences."""
    return words.shorten(name, words.MAX_NAME_LENGTH)


@register.filter
def bound(text: str) -> str:
    """Keep each number in one line with the word before it: `Medium 3`, `Nov 20`."""
    return words.bind_numbers(text)


@register.filter
def spelled(number: int) -> str:
    """Spell a small number: `four`."""
    return words.spell_number(number)


@register.filter
def initial(name: str) -> str:
    """Return the first two letters of a seat's name without its article: `Sk` of The Skeptic."""
    return name.removeprefix("The ")[:2].capitalize()


@register.filter
def day(value: date | datetime) -> str:
    """Format a date, or the UTC date of a datetime, as `3 Aug 2026`."""
    return words.format_day(value.date() if isinstance(value, datetime) else value)


@register.simple_tag(takes_context=True)
def repeat_block(context: Context, name: str) -> SafeString:
    """Render a block again: a page defines its title and description once, and its link preview repeats them."""
    return context.render_context[BLOCK_CONTEXT_KEY].get_block(name).render(context)


@register.filter
def number(value: int) -> str:
    """Format a count as `9,357`."""
    return f"{value:,}"


@register.filter
def zip_with(items: Iterable[Any], others: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Pair each item with the other at its place, such as a column with its cell."""
    return zip(items, others, strict=True)
