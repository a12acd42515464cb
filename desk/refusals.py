"""Answers of the desk, in its own look, to requests that make no sense or are not allowed."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.contrib.admin import AdminSite
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import (
    BadRequest,
    FieldDoesNotExist,
    FieldError,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse, TemplateResponse

from accounts.models import User
from tools.expressions import SortKey
from web.words import join_words

logger = logging.getLogger(__name__)

# What Django's admin raises for a filter, an id, or a date in the query string that is not valid.
_QUERY_ERRORS = (
    ValueError,
    OverflowError,
    FieldError,
    FieldDoesNotExist,
    IncorrectLookupParameters,
    ValidationError,
)


class MayNotPublishError(PermissionDenied):
    """What a user would change is seen by readers, and they may not publish it. The words say what to do instead."""


def answer(site: AdminSite, request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return the response of a view, or a page of the desk that says why there is none.

    Errors that a query string causes become a 400. Without a query string they are faults of ours and propagate. The
    response is rendered here, because querysets are often evaluated in templates.
    """
    try:
        if _has_nul(request):
            raise BadRequest("The query string contains a NUL character.")
        response = view()
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _refuse_method(site, request, response)
        return response.render() if isinstance(response, SimpleTemplateResponse) else response
    except MayNotPublishError as error:
        return _render(site, request, status=403, title="You may not publish this", words=error.args[0])
    except PermissionDenied:
        return _refuse_permission(site, request)
    except (BadRequest, SuspiciousOperation, DataError) as error:
        return _refuse_request(site, request, error)
    except _QUERY_ERRORS as error:
        if not request.GET:
            raise
        return _refuse_request(site, request, error)


def _has_nul(request: HttpRequest) -> bool:
    """Return whether the query string contains NUL, which PostgreSQL cannot store in a text."""
    return any("\0" in text for name, values in request.GET.lists() for text in (name, *values))


def _refuse_permission(site: AdminSite, request: HttpRequest) -> HttpResponse:
    groups = [group.name for group in cast("User", request.user).groups.order_by(SortKey("name"))]
    whose = f"Your {'group' if len(groups) == 1 else 'groups'} ({join_words(groups)})" if groups else "Your account"
    verb = "do" if len(groups) > 1 else "does"
    words = f"{whose} {verb} not include this. Ask an administrator if you need it."
    return _render(site, request, status=403, title="You may not do this", words=words)


def _refuse_request(site: AdminSite, request: HttpRequest, error: Exception) -> HttpResponse:
    # With the traceback: a fault of ours might hide behind it.
    logger.warning("Refused %s %s: %r", request.method, request.path, error, exc_info=error)
    words = "A filter, a number, or a date in the address or in the form is not valid. Nothing was changed."
    return _render(site, request, status=400, title="This request is not valid", words=words)


def _refuse_method(site: AdminSite, request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    words = "This address belongs to a button of another page. Nothing was changed."
    page = _render(site, request, status=response.status_code, title="Nothing to see here", words=words)
    page.headers["Allow"] = response.headers["Allow"]
    return page


def _render(site: AdminSite, request: HttpRequest, *, status: int, **context: object) -> HttpResponse:
    page = TemplateResponse(request, "desk/refusal.html", {**site.each_context(request), **context}, status=status)
    return page.render()
