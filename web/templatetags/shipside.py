from django import template
from django.utils.safestring import SafeString

from web import markdown as safe_markdown

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML."""
    return safe_markdown.render(text)
