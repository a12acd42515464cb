from django import template

from newsletter.models import Issue

register = template.Library()


@register.simple_tag
def newest_issue() -> Issue | None:
    """Return the newest issue that is out; None before the first. One query."""
    return Issue.objects.out().newest_first().first()
