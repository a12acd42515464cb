"""A bulk action asks first: a page that says what will be done and what will not (admin/confirm_action.html)."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import helpers
from django.http import HttpRequest
from django.template.response import TemplateResponse

SHOWN = 100  # names of each kind on the page


def is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def confirmation(
    request: HttpRequest,
    admin: Any,
    *,
    title: str,
    question: str,
    yes: str,
    doing: Sequence[str],
    leaving: Sequence[tuple[str, Sequence[str]]] = (),
    back: str = "",
) -> TemplateResponse:
    """The page that asks. `doing` names what will be changed, `leaving` what stays, as (why, names); `yes` is the
    button's words, `back` where “no” leads (default: where the action was chosen). It posts the same selection again,
    with `confirmed`.
    """
    # The list says `action` (twice, once a form), a change form says it with a prefix; the page answers either.
    action = request.POST.get("CHANGE_FORM-action") or next(filter(None, request.POST.getlist("action")), "")
    return TemplateResponse(
        request,
        "admin/confirm_action.html",
        {
            **admin.admin_site.each_context(request),
            "opts": admin.model._meta,
            "title": title,
            "question": question,
            "yes": yes,
            "doing": doing[:SHOWN],
            "doing_more": max(0, len(doing) - SHOWN),
            "leaving": [(why, names[:SHOWN], max(0, len(names) - SHOWN)) for why, names in leaving],
            "action": action,
            "selected_name": helpers.ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "back": back or request.get_full_path(),
        },
    )
