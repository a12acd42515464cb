"""Accounts: who may enter the desk, with which groups, and how safely."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import second_factor
from accounts.groups import GROUPS
from accounts.models import User
from accounts.sessions import end_sessions

# What allauth shows there by itself: secrets of second factors, and addresses that this site keeps in the account.
admin.site.unregister([Authenticator, EmailAddress, Group])


class SecondFactorFilter(admin.SimpleListFilter):
    title = "second factor"
    parameter_name = "second_factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Set up"), ("no", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() in ("yes", "no"):
            with_one = second_factor.of_outer_user()
            return queryset.filter(with_one if self.value() == "yes" else ~with_one)
        return queryset


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Everybody here works at the desk, so there is no tick for that; what they may do comes from groups alone.

    Superusers are made and changed by superusers only.
    """

    list_display = ["username", "full_name", "email", "in_groups", "second_factor", "last_login", "is_active"]
    list_filter = ["is_active", "groups", SecondFactorFilter]
    search_fields = ["username", "first_name", "last_name", "email"]
    readonly_fields = ["last_login", "date_joined", "second_factor"]
    filter_horizontal = []
    actions = ["remove_second_factors", "sign_out", "deactivate"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("What they may do", {"fields": ["is_active", "groups", "is_superuser"]}),
        ("Signing in", {"fields": ["second_factor", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["username", "email", "groups"]}),
        (
            "Password",
            {
                "classes": ["wide"],
                "fields": ["usable_password", "password1", "password2"],
                "description": "Leave password-based sign-in on and tell nobody what you type: with an address, they "
                "set a password of their own by “Forgotten your password?” on the sign-in page.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found = super().get_queryset(request).annotate(has_second_factor=second_factor.of_outer_user())
        return found.prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{"widget": CheckboxSelectMultiple, **kwargs})

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
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only of who never signed in: with an account goes its log, so whoever leaves is deactivated."""
        return super().has_delete_permission(request, obj) and obj is not None and obj.last_login is None

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, *([] if request.user.is_superuser else ["is_superuser"])]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.is_staff = True
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            end_sessions(user=obj)

    @admin.action(description="Remove second factors", permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._each(
            request,
            queryset,
            action="remove_second_factors",
            question="Remove the second factors of these people?",
            consequence="They sign in by password alone until they set up new ones, are signed out everywhere, and are "
            "told by mail. Be sure that it is them who ask: call them back.",
            do=lambda user: second_factor.remove_second_factors(user=user),
            done="Removed second factors",
            not_done="had none",
        )

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._each(
            request,
            queryset,
            action="sign_out",
            question="Sign these people out everywhere?",
            consequence="They can sign in again at once.",
            do=lambda user: bool(end_sessions(user=user)),
            done="Signed out everywhere",
            not_done="was not signed in",
        )

    @admin.action(description="Deactivate: somebody leaves", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._each(
            request,
            queryset,
            action="deactivate",
            question="Close the accounts of these people?",
            consequence="They are signed out at once and cannot sign in any more. What they wrote stays.",
            do=_deactivate,
            done="Deactivated",
            not_done="was inactive already",
        )

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[User],
        *,
        action: str,
        question: str,
        consequence: str,
        do: Any,
        done: str,
        not_done: str,
    ) -> HttpResponse | None:
        """Ask first; then do it to each one who may be touched, and say to whom it was done and to whom not."""
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": question,
                "consequence": consequence,
                "people": queryset,
                "action": action,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "desk/accounts/confirm.html", context)
        said: dict[str, list[str]] = {}
        for user in queryset:
            if user == request.user or not self._may_touch(request, user):
                said.setdefault("not yours to change this way", []).append(str(user))
            elif do(user):
                self.log_change(request, user, done)
                said.setdefault(done, []).append(str(user))
            else:
                said.setdefault(not_done, []).append(str(user))
        for what, people in said.items():
            level = messages.SUCCESS if what == done else messages.WARNING
            self.message_user(request, f"{what[0].upper()}{what[1:]}: {', '.join(people)}.", level)
        return None

    @staticmethod
    def _may_touch(request: HttpRequest, user: User | None) -> bool:
        return user is None or not user.is_superuser or request.user.is_superuser


def _deactivate(user: User) -> bool:
    was_active = user.is_active
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user=user)
    return was_active


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """The four groups of the site stay what accounts/groups.py says; others can be made beside them."""

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in GROUPS)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.name not in GROUPS
