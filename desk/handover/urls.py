"""Addresses of the pages about hand-overs that belong to no object."""

from django.urls import URLPattern, path

from desk.handover import views
from desk.shapes import WrapView


def urls(admin_view: WrapView) -> list[URLPattern]:
    return [path("waiting/read/", admin_view(views.mark_read), name="waiting_read")]
