"""Sentences that refuse a change of what readers see, and say what to do instead or whom to ask."""

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from comparisons.models import Comparison
from handovers.models import name_person
from handovers.people import PUBLISH_PERMISSIONS
from tools.models import Correction, Fact, Plan, Tool
from web.words import join_words

MAX_NAMES = 3  # people whom a sentence names


def explain(content: type[Model], row: Model) -> SafeString:
    """Return why a user may not change a row at once, and what to do instead.

    `content` is what they would have to be able to publish (`desk.permissions.find_missing_right`).
    """
    return format_html(
        "Readers see this, and your account may not publish a {}. {}{}",
        content._meta.verbose_name,
        _describe_proposing(row),
        ask_editor(content),
    )


def explain_adding(content: type[Model], model: type[Model]) -> str:
    """Return why a user may not add a row of a model, which readers see at once, and what to do instead."""
    way = "Write it on the form of its tool, where it is kept as a pending change. " if model is Correction else ""
    words = f"Readers see a new {model._meta.verbose_name} at once, and your account may not publish a "
    return f"{words}{content._meta.verbose_name}. {way}{ask_editor(content)}"


def explain_publishing(content: type[Model]) -> str:
    """Return why a user may not publish, schedule, or withdraw content of a kind, and whom to ask."""
    return f"Your account may not publish a {content._meta.verbose_name}. {ask_editor(content)}"


def ask_editor(content: type[Model]) -> str:
    """Return a sentence that names people who may publish content of a kind."""
    people = User.objects.with_perm(PUBLISH_PERMISSIONS[content]).filter(is_staff=True).order_by("username")
    names = [name_person(user) for user in people[:MAX_NAMES]]
    return f"Ask an editor: {join_words(names, 'or')}." if names else "Ask an editor."


def _describe_proposing(row: Model) -> SafeString | str:
    """Return where a change of a row can be kept as a pending change, as a sentence; "" if nowhere."""
    owner = row.tool if isinstance(row, Plan | Fact | Correction) else row
    if not isinstance(owner, Tool | Comparison):
        return ""
    kind = owner._meta
    address = reverse(f"admin:{kind.app_label}_{kind.model_name}_change", args=[owner.pk])
    words = 'Change it on <a href="{}">the form of {}</a>, where it is kept as a pending change. '
    return format_html(words, address, owner)
