"""Addresses outside the admin: previews need no account."""

from django.urls import path

from desk.pending.previews import preview as preview_pending
from desk.publishing import previews

urlpatterns = [
    path("preview/pending/<str:token>/", preview_pending, name="pending-preview"),
    path("preview/<str:token>/", previews.preview, name="preview"),
]
