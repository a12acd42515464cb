from django.contrib import admin

from desk.base import DeskAdmin
from newsletter.models import Subscriber


@admin.register(Subscriber)
class SubscriberAdmin(DeskAdmin):
    list_display = ["email", "created_at", "confirmed_at"]
    search_fields = ["email"]
    date_hierarchy = "created_at"
