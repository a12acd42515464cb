"""Pages that a ModelAdmin serves besides Django's own, as objects: an admin is built from few classes."""

from django.contrib import admin
from django.contrib.admin.options import Action
from django.db import models
from django.http import HttpRequest
from django.urls import URLPattern


class AdminPages:
    """Pages of one ModelAdmin, and what they add to its change list."""

    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self.admin = model_admin
        self.model: type[models.Model] = model_admin.model
        self.opts, self.site = model_admin.opts, model_admin.admin_site

    def urls(self) -> list[URLPattern]:
        """Return the addresses of the pages, which the admin puts before Django's."""
        raise NotImplementedError

    def build_list_context(self, request: HttpRequest) -> dict[str, object]:
        """Return what the template of the change list needs to link to the pages."""
        return {}

    def list_actions(self, request: HttpRequest) -> list[Action]:
        """Return actions on selected rows of the change list that this user may take."""
        return []
