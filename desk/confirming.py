"""The confirmation page of bulk actions (admin/confirm_action.html): what will be changed, and what will not."""

from collections.abc import Sequence

from django.contrib import admin
from django.contrib.admin import helpers
from django.http import HttpRequest
from django.template.response import TemplateResponse

MAX_NAMES = 100  # per list on the page


def is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def ask_to_confirm(
    request: HttpRequest,
    model_admin: admin.ModelAdmin,
    *,
    title: str,
    question: str,
    yes: str,
    to_change: Sequence[str],
    unchanged: Sequence[tuple[str, Sequence[str]]] = (),
    back: str = "",
) -> TemplateResponse:
    """Return the page that asks for confirmation.

    `to_change` names what will be changed, and `unchanged` what will not, as (reason, names). `yes` is the text of the
    button, and `back` the address behind “No” (default: where the action was chosen). The page posts the same selection
    again, with `confirmed`.
    """
    # The list posts `action` twice, once empty; a change form posts it with a prefix. The page posts back either.
    action = request.POST.get("CHANGE_FORM-action") or next(filter(None, request.POST.getlist("action")), "")
    return TemplateResponse(
        request,
        "admin/confirm_action.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": title,
            "question": question,
            "yes": yes,
            "to_change": to_change[:MAX_NAMES],
            "to_change_more": max(0, len(to_change) - MAX_NAMES),
            "unchanged": [(reason, names[:MAX_NAMES], max(0, len(names) - MAX_NAMES)) for reason, names in unchanged],
            "action": action,
            "selected_name": helpers.ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "back": back or request.get_full_path(),
        },
    )
