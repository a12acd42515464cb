from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict

from newsletter.addresses import MAX_ADDRESS_LENGTH, normalize
from newsletter.models import Subscriber
from tools.models import Category
from web.fields import EmailAddressField


class SubscribeForm(forms.Form):
    email = EmailAddressField(
        label="Email",
        max_length=MAX_ADDRESS_LENGTH,
        error_messages={
            "required": "Enter your email address.",
            "invalid": "This does not look like an email address. Is a letter missing?",
        },
    )
    # A honeypot: the style sheet hides it, so only a program fills it in. Its name means nothing to password managers.
    leave_empty = forms.CharField(required=False)

    def clean_email(self) -> str:
        return normalize(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # What is not valid here, such as a NUL character, is filled in, too.
        is_filled = "leave_empty" in self.errors or cleaned["leave_empty"]
        if is_filled and "email" not in self.errors:
            self.add_error(
                "email",
                "A program on your side filled in a field that you cannot see, so we took this for spam. It is empty "
                "now: send the form again.",
            )
        return cleaned


class PreferencesForm(forms.Form):
    """What a subscriber wants to read: everything, or some categories."""

    scope = forms.ChoiceField(
        choices=[("all", "Everything"), ("some", "Only these categories")], widget=forms.RadioSelect
    )
    categories = forms.ModelMultipleChoiceField(
        Category.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of these categories is gone. Choose again."},
    )

    def __init__(self, data: QueryDict | None, *, subscriber: Subscriber) -> None:
        initial = {
            "scope": "all" if subscriber.all_categories else "some",
            "categories": subscriber.categories.all(),
        }
        super().__init__(data, initial=initial)
        field = self.fields["categories"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 (for the types)
        visible = Category.objects.with_published_tools()
        field.queryset = Category.objects.filter(Q(pk__in=visible) | Q(pk__in=subscriber.categories.all()))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("scope") == "some" and "categories" in cleaned and not cleaned["categories"]:
            self.add_error("categories", "Choose at least one category, or everything; or unsubscribe below.")
        return cleaned
