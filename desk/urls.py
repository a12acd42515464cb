"""Addresses outside the admin: previews need no account."""

from django.urls import path

from desk.publishing import previews

urlpatterns = [path("preview/<str:token>/", previews.preview, name="preview")]
