"""Who else has a form open: said above the form, and kept up to date by its page (static/desk/presence.js)."""

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from accounts.models import Presence, User
from web.words import join_words

if TYPE_CHECKING:
    from desk.base import DeskAdmin


def add_presence(request: HttpRequest, obj: models.Model, context: dict[str, object]) -> None:
    """Record that the user opened a form, and add to its context who else has it open."""
    user = cast("User", request.user)
    if request.method == "GET":
        Presence.note(user=user, obj=obj, lasts=Presence.OPENING)
    content_type = ContentType.objects.get_for_model(obj)
    context["presence"] = {
        "words": describe_others(user, obj),
        "url": reverse("admin:presence", args=[content_type.pk, obj.pk]),
    }


def describe_others(user: User, obj: models.Model) -> str:
    """Return who else has an object open, and since when, as a sentence; "" for nobody."""
    others = [
        (other.user.get_full_name() or other.user.get_username(), f"{other.opened_at:%H:%M} UTC")
        for other in Presence.list_others(user=user, obj=obj)
    ]
    noun = obj._meta.verbose_name
    match others:
        case []:
            return ""
        case [(name, since)]:
            return f"{capfirst(name)} has had this {noun} open since {since}."
    names = join_words([f"{name} (since {since})" for name, since in others])
    return f"{capfirst(names)} have this {noun} open."


@require_POST
def report(request: HttpRequest, content_type_id: int, object_id: int) -> JsonResponse:
    """Record that a form is still open, or that it was closed (`left`). Return who else has it open."""
    content_type = get_object_or_404(ContentType, pk=content_type_id)
    model_admin = admin.site._registry.get(content_type.model_class())  # type: ignore[arg-type] # None is no key
    if not getattr(model_admin, "shows_presence", False):
        raise Http404
    model_admin = cast("DeskAdmin[models.Model]", model_admin)
    obj = model_admin.get_object(request, str(object_id))
    if not model_admin.may_be_present(request, obj):
        raise PermissionDenied
    if obj is None:
        raise Http404
    user = cast("User", request.user)
    Presence.note(user=user, obj=obj, lasts=0 * Presence.BEAT if "left" in request.POST else Presence.BEAT)
    return JsonResponse({"words": describe_others(user, obj)})


report.is_use = False  # type: ignore[attr-defined] # a page that nobody looks at must not renew the session
