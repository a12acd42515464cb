"""The fields of the pickers: which tool is meant by what was typed."""

from comparisons.shaping.search_results import PickerField, is_clear
from tools.models import Tool

MAX_CANDIDATES = 8  # tools that may be meant


def resolve_field(field: str, label: str, words: str) -> PickerField:
    """Resolve what was typed into a field of the picker: a slug, a name, or an alias; otherwise the one tool that it
    clearly resembles. At most six queries.
    """
    tools = Tool.objects.published().select_related("category")
    by_slug = tools.by_slug(words.lower()) if words else None
    called = list(tools.named(by_slug.name if by_slug else words)[:MAX_CANDIDATES]) if words else []
    if by_slug:
        typed = by_slug.name if len(called) == 1 else by_slug.slug
        return PickerField(field, label, typed, by_slug)
    near = called or (tools.suggest(words, limit=MAX_CANDIDATES) if words else [])
    meant = near[0] if is_clear(near) else None
    return PickerField(field, label, words, meant, near)
