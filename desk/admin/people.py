"""The forms of accounts: an invitation, and what an administrator may change later, with the seat on the panel."""

from typing import Any, Unpack

from django import forms
from django.contrib.auth.forms import UserChangeForm
from django.db.models import Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.groups import GROUPS, RIGHTS
from accounts.models import User
from desk.shapes import Files, FormOptions, Posted
from reviews.models import Reviewer
from tools.models import ContentRevision


class SeatMixin(forms.ModelForm):
    """A form of an account with the reviewer's seat that its owner writes for."""

    seat = forms.ModelChoiceField(
        Reviewer.objects.none(),
        required=False,
        empty_label="None",
        help_text="The reviewer whose drafts this person writes, if they are in the group Reviewer. Seats that others "
        "hold are not listed.",
    )

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        if "groups" in self.fields:
            self.fields["groups"].help_text = describe_groups()
        if isinstance(seat := self.fields.get("seat"), forms.ModelChoiceField):
            mine = Q(held_by=self.instance.pk) if self.instance.pk else Q()
            seat.queryset = Reviewer.objects.filter(Q(held_by=None) | mine).order_by("seat")
            seat.initial = Reviewer.objects.filter(held_by=self.instance.pk).first() if self.instance.pk else None


class InvitationForm(SeatMixin):
    """A new account. Its owner chooses the password."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "groups")

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        self.fields["email"].required = True
        self.fields["email"].help_text = "The invitation goes to this address."

    def clean_username(self) -> str:
        """Reject user names that differ only in case from another's."""
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("Another account has this user name.")
        return username

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


class AccountForm(SeatMixin, UserChangeForm):
    """An account. Nobody sees anything of its password."""

    password: Any = None


def describe_groups() -> SafeString:
    """Return what each of GROUPS may do, folded."""
    lists = format_html_join("", "<dt>{}</dt><dd><ul>{}</ul></dd>", ((group, _list_rights(group)) for group in GROUPS))
    return format_html("<details><summary>What each group may do</summary><dl>{}</dl></details>", lists)


def _list_rights(group: str) -> SafeString:
    rights = (right.description for right in RIGHTS if group in right.groups)
    return format_html_join("", "<li>{}</li>", ((right,) for right in rights))


def assign_seat(*, user: User, seat: Reviewer | None) -> None:
    """Let a user hold a seat and no other; None for no seat. It is a change of content, so call it in a transaction.

    The caller has locked the content revision before anything else.
    """
    ContentRevision.lock()
    for held in Reviewer.objects.filter(held_by=user).exclude(pk=seat.pk if seat else None):
        held.held_by = None
        held.save(update_fields=["held_by"])
    if seat is not None and seat.held_by_id != user.pk:
        seat.held_by = user
        seat.save(update_fields=["held_by"])
