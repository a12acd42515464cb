from django.contrib import admin

from desk.base import DeskAdmin
from newsletter.models import Subscriber


@admin.register(Subscriber)
class SubscriberAdmin(DeskAdmin):
    list_display = ["email", "standing", "created_at", "confirmed_at", "left_at"]
    search_fields = ["email"]
    date_hierarchy = "created_at"
    readonly_fields = ["created_at", "confirmed_at", "left_at", "left_reason"]
    filter_horizontal = ["categories"]
