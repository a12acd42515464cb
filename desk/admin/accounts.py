"""Accounts: who may use the desk, their groups, and their second factors."""

from collections.abc import Callable
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import ManyToManyField, QuerySet
from django.forms import BaseFormSet, CheckboxSelectMultiple, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import second_factor
from accounts.groups import GROUPS
from accounts.invitations import invite, may_be_invited
from accounts.models import User
from accounts.sessions import end_sessions, end_sessions_of_promoted, read_rights
from desk.admin.people import AccountForm, InvitationForm, assign_seat
from desk.base import SearchAdmin
from desk.fields import NormalizedTextAdmin
from desk.front.front_list import join_notes
from desk.idempotency import SavedOnceAdmin
from desk.shapes import Fieldsets
from reviews.models import Reviewer
from tools.expressions import SortKey
from tools.models import ContentRevision

# allauth registers these: the secrets of second factors, and email addresses, which this site stores in the account.
admin.site.unregister([Authenticator, EmailAddress, Group])


class SecondFactorFilter(admin.SimpleListFilter):
    """Accounts with and without a second factor."""

    title = "second factor"
    parameter_name = "second_factor"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "Set up"), ("no", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() in ("yes", "no"):
            has_one = second_factor.has_second_factor()
            return queryset.filter(has_one if self.value() == "yes" else ~has_one)
        return queryset


@admin.register(User)
class UserAdmin(SavedOnceAdmin, NormalizedTextAdmin, SearchAdmin, DjangoUserAdmin):
    """Accounts of the people who work at the desk. All of them are staff, and groups alone give them permissions.

    Only superusers create and change superusers.
    """

    ordering = [SortKey("username")]
    list_display = ["username", "full_name", "email", "in_groups", "second_factor", "last_login", "is_active"]
    list_filter = ["is_active", "groups", SecondFactorFilter]
    search_fields = ["username", "first_name", "last_name", "email"]
    form = AccountForm
    add_form = InvitationForm
    add_form_template = "admin/change_form.html"  # Django's own text is about passwords
    readonly_fields = ["last_login", "date_joined", "second_factor", "password_state"]
    filter_horizontal = []
    actions = ["invite_again", "remove_second_factors", "sign_out", "deactivate"]
    fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        ("Permissions", {"fields": ["is_active", "groups", "seat", "is_superuser"]}),
        ("Signing in", {"fields": ["password_state", "second_factor", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["username", "first_name", "last_name", "email", "groups", "seat"],
                "description": "They get an email with a link to choose their own password. Nobody else ever needs it.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users = super().get_queryset(request).annotate(has_second_factor=second_factor.has_second_factor())
        return users.prefetch_related("groups")

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: object
    ) -> ModelMultipleChoiceField | None:
        return super().formfield_for_manytomany(db_field, request, **{"widget": CheckboxSelectMultiple, **kwargs})

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs: object) -> type[ModelForm]:  # type: ignore[override] # as Django's
        form = super().get_form(request, obj, **kwargs)
        if request.user.has_perm("reviews.change_reviewer"):
            return form
        return type(form.__name__, (form,), {"seat": None})  # a field that is only left out of the page can be sent

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Fieldsets:
        """Leave out the seat for a user who may not change the panel."""
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.has_perm("reviews.change_reviewer"):
            return fieldsets
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field != "seat"]})
            for name, options in fieldsets
        ]

    @admin.display(description="seat")
    def seat(self, user: User) -> str:
        return str(Reviewer.objects.filter(held_by=user.pk).first() or "None")

    @admin.display(description="password")
    def password_state(self, user: User) -> SafeString:
        """Say whether the owner has chosen one, and link to setting one for them, for sites without mail."""
        state = "Set." if user.has_usable_password() else "None yet: they have been invited."
        return format_html('{} <a href="../password/">Set one for them…</a>', state)

    def describe_hit(self, row: User) -> str:
        return join_notes(row.get_full_name(), self.in_groups(row))

    @admin.display(description="name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="groups")
    def in_groups(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join((["superuser"] if user.is_superuser else []) + names)

    @admin.display(description="second factor", boolean=True)
    def second_factor(self, user: User) -> bool:
        return second_factor.is_set(user) if not hasattr(user, "has_second_factor") else user.has_second_factor

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Allow it only before the first sign-in. Deleting an account deletes its log, so later it is deactivated."""
        return super().has_delete_permission(request, obj) and obj is not None and obj.last_login is None

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, *([] if request.user.is_superuser else ["is_superuser"])]

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete an account. A seat that it held is vacated, which is a change of content."""
        ContentRevision.lock()
        super().delete_model(request, obj)

    def save_model(self, request: Any, obj: User, form: ModelForm, change: bool) -> None:  # noqa: FBT001
        obj.is_staff = True
        if "seat" in form.changed_data:
            ContentRevision.lock()  # before the account (web/locks.py)
        request.rights_before = read_rights(obj) if change else None
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            end_sessions(user=obj)

    def save_related(self, request: Any, form: ModelForm, formsets: list[BaseFormSet], change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        if "seat" in form.changed_data:
            assign_seat(user=form.instance, seat=form.cleaned_data["seat"])
        if change:
            _sign_out_promoted(request, {form.instance: request.rights_before})
        else:
            _invite(form.instance, by=request.user)
            messages.info(request, f"An invitation goes to {form.instance.email}. Its link works for a day.")

    @admin.action(description="Invite again: they never signed in", permissions=["change"])
    def invite_again(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._act_on_each(
            request,
            queryset,
            action="invite_again",
            question="Send these users another invitation?",
            consequence="They get a link to choose a password. Links that they got before keep working for their day.",
            do=lambda user: _invite(user, by=cast("User", request.user)),
            done="Invited again",
            not_done="has signed in before, is inactive, or has no email address",
        )

    @admin.action(description="Remove second factors", permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._act_on_each(
            request,
            queryset,
            action="remove_second_factors",
            question="Remove the second factors of these users?",
            consequence="They are signed out everywhere and notified by email, and can sign in with their password "
            "alone until they set up new ones. Make sure that the request is really theirs: call them back.",
            do=lambda user: second_factor.remove_second_factors(user=user),
            done="Removed second factors",
            not_done="had none",
        )

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._act_on_each(
            request,
            queryset,
            action="sign_out",
            question="Sign these users out everywhere?",
            consequence="They can sign in again immediately.",
            do=lambda user: bool(end_sessions(user=user)),
            done="Signed out everywhere",
            not_done="was not signed in",
        )

    @admin.action(description="Deactivate: someone leaves", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._act_on_each(
            request,
            queryset,
            action="deactivate",
            question="Deactivate the accounts of these users?",
            consequence="They are signed out immediately and can no longer sign in. Everything they wrote stays.",
            do=_deactivate,
            done="Deactivated",
            not_done="was already inactive",
        )

    def _act_on_each(
        self,
        request: HttpRequest,
        queryset: QuerySet[User],
        *,
        action: str,
        question: str,
        consequence: str,
        do: Callable[[User], bool],
        done: str,
        not_done: str,
    ) -> HttpResponse | None:
        """Ask first. Then act on each user who may be managed, and report who was changed and who was not, and why.

        `do` returns whether it changed anything.
        """
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": question,
                "consequence": consequence,
                "users": queryset,
                "action": action,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "desk/accounts/confirm.html", context)
        outcomes: dict[str, list[str]] = {}
        for user in queryset:
            if user == request.user or not self._may_manage(request, user):
                outcomes.setdefault("you may not do this to", []).append(str(user))
            elif do(user):
                self.log_change(request, user, done)
                outcomes.setdefault(done, []).append(str(user))
            else:
                outcomes.setdefault(not_done, []).append(str(user))
        for outcome, names in outcomes.items():
            level = messages.SUCCESS if outcome == done else messages.WARNING
            self.message_user(request, f"{outcome[0].upper()}{outcome[1:]}: {', '.join(names)}.", level)
        return None

    @staticmethod
    def _may_manage(request: HttpRequest, user: User | None) -> bool:
        return user is None or not user.is_superuser or request.user.is_superuser


def _invite(user: User, *, by: User) -> bool:
    """Invite a user. Return whether they could be invited."""
    if not may_be_invited(user):
        return False
    invite(user=user, by=by, groups=[group.name for group in user.groups.order_by(SortKey("name"))])
    return True


def _deactivate(user: User) -> bool:
    """Deactivate an account and end its sessions. Return whether it was active."""
    was_active = user.is_active
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user=user)
    return was_active


def _sign_out_promoted(request: HttpRequest, rights_before: dict[User, frozenset[str]]) -> None:
    """Sign out the users who may do more than before, except in the session of this request."""
    promoted = [
        str(user)
        for user, before in rights_before.items()
        if end_sessions_of_promoted(user=user, before=before, but=request.session.session_key)
    ]
    if promoted:
        messages.info(request, f"Signed out everywhere, because they may do more now: {', '.join(promoted)}.")


@admin.register(Group)
class GroupAdmin(SavedOnceAdmin, SearchAdmin, DjangoGroupAdmin):
    """Groups. The four groups of accounts/groups.py cannot be changed here; others can be added."""

    def save_model(self, request: Any, obj: Group, form: ModelForm, change: bool) -> None:  # noqa: FBT001
        members = User.objects.filter(groups=obj) if change else User.objects.none()
        request.rights_before = {user: read_rights(user) for user in members}
        super().save_model(request, obj, form, change)

    def save_related(self, request: Any, form: ModelForm, formsets: list[BaseFormSet], change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        _sign_out_promoted(request, request.rights_before)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in GROUPS)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.name not in GROUPS
