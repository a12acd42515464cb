from datetime import date, datetime

from django import template
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.safestring import SafeString

from web import markdown as safe_markdown
from web import words

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML."""
    return safe_markdown.render(text)


@register.filter
def line(text: str) -> SafeString:
    """A line of plain text, in which `this` is code."""
    return safe_markdown.render_line(text)


@register.filter
def short(name: str) -> str:
    """A name for a list, where a very long one would take the list over; cut as sentences cut it."""
    return words.shorten(name, words.MAX_NAME_LENGTH)


@register.filter
def day(value: date | datetime) -> str:
    """A day, or the day of an instant (UTC), as `3 Aug 2026`."""
    return words.format_day(value.date() if isinstance(value, datetime) else value)


@register.simple_tag(takes_context=True)
def again(context: Context, name: str) -> SafeString:
    """What a block says, once more: a page writes its title and description once, and shared links show them too."""
    return context.render_context[BLOCK_CONTEXT_KEY].get_block(name).render(context)


@register.filter
def number(value: int) -> str:
    """A count as `9,357`."""
    return f"{value:,}"
