"""Addresses of the pages about hand-overs that belong to no object."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from desk.handover import views


def urls(admin_view: Callable[[Any], Any]) -> list[URLPattern]:
    return [path("waiting/read/", admin_view(views.mark_read), name="waiting_read")]
