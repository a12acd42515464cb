"""What every page of the desk shares."""

from django.contrib import admin


class DeskAdmin(admin.ModelAdmin):
    """The base of every ModelAdmin of the site."""
