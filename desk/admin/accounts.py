"""Accounts: who may use the desk, their groups, and their second factors."""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import ManyToManyField, QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import second_factor
from accounts.groups import GROUPS
from accounts.models import User
from accounts.sessions import end_sessions, end_sessions_of_promoted, read_rights
from desk.base import SearchAdmin
from desk.fields import NormalizedTextAdmin
from desk.front.front_list import join_notes
from desk.idempotency import SavedOnceAdmin
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
    readonly_fields = ["last_login", "date_joined", "second_factor"]
    filter_horizontal = []
    actions = ["remove_second_factors", "sign_out", "deactivate"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Permissions", {"fields": ["is_active", "groups", "is_superuser"]}),
        ("Signing in", {"fields": ["second_factor", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["username", "email", "groups"]}),
        (
            "Password",
            {
                "classes": ["wide"],
                "fields": ["usable_password", "password1", "password2"],
                "description": "Leave password-based sign-in on, and do not share this password. Users with an email "
                "address set their own through “Forgot your password?” on the sign-in page.",
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
        request.rights_before = read_rights(obj) if change else None
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            end_sessions(user=obj)

    def save_related(self, request: Any, form: ModelForm, formsets: list[Any], change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        if change:
            _sign_out_promoted(request, {form.instance: request.rights_before})

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

    def save_related(self, request: Any, form: ModelForm, formsets: list[Any], change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        _sign_out_promoted(request, request.rights_before)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in GROUPS)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.name not in GROUPS
