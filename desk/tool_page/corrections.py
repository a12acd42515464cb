"""Corrections at the desk. They are added, but never changed or deleted."""

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.http import HttpRequest

from desk.fields import NormalizedTextAdmin
from tools.models import Correction, Tool


class AppendOnlyAdmin(BaseModelAdmin):
    """An admin, or an inline, of rows that are never changed or deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CorrectionForm(forms.ModelForm):
    class Meta:
        model = Correction
        fields = ["tool", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})}
        help_texts = {
            "note": "What was wrong and what is right, in a sentence or two. Readers see it with today’s date on the "
            "tool’s page, in its comparisons, and among the changes. It cannot be edited or deleted afterwards."
        }

    def clean_tool(self) -> Tool:
        tool: Tool = self.cleaned_data["tool"]
        if not tool.was_public:
            raise forms.ValidationError("Readers have not seen this tool yet, so there is nothing to correct.")
        return tool


class CorrectionInline(AppendOnlyAdmin, NormalizedTextAdmin, admin.StackedInline):
    """The corrections on a tool's page, and a form for another one if readers have seen the tool."""

    model = Correction
    form = CorrectionForm
    template = "admin/tools/tool/corrections.html"
    extra = 0
    fields = ["note", "made_at"]
    readonly_fields = ["made_at"]

    def has_add_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        return (obj is None or obj.was_public) and super().has_add_permission(request, obj)
