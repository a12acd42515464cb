"""The account page, and the pages that change second factors."""

from typing import Any, cast

from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.generic import View

from accounts import second_factor
from accounts.forms import DigestForm
from accounts.models import User


class AccountView(IndexView):
    """What is set up, and what is missing."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "required": second_factor.is_required(self.request.user),
            "missing": second_factor.is_missing(self.request),
            "digest_form": DigestForm(instance=self.request.user),
        }


@require_POST
def change_digest(request: HttpRequest) -> HttpResponseBase:
    """Save how often a person wants mail from the desk."""
    user = User.objects.get(pk=cast("User", request.user).pk)
    form = DigestForm(request.POST, instance=user)
    if form.is_valid():
        user.save(update_fields=["digest_interval"])
        messages.success(request, "Saved how often the desk mails you.")
    else:
        messages.error(request, "Choose how often the desk mails you. Nothing was changed.")
    return HttpResponseRedirect(reverse("mfa_index"))


class FactorChangeMixin(View):
    """A page that changes a user's second factors: one change at a time, after which other sessions are over."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=request.user.pk)
            before = second_factor.read_factors(user)
            response = self.repeat(user) or super().dispatch(request, *args, **kwargs)
            second_factor.note_change(request, before=before)
        return response

    def repeat(self, user: User) -> HttpResponseBase | None:
        """Return the response to a form that was sent before and has done its work; None for any other."""
        return None


class ActivateAppView(FactorChangeMixin, ActivateTOTPView):
    def repeat(self, user: User) -> HttpResponseBase | None:
        is_set = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
        return _show_what_was_added(user) if is_set else None


class AddPasskeyView(FactorChangeMixin, AddWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponseBase:
        user, credential = cast("User", self.request.user), form.cleaned_data["credential"]
        if Authenticator.objects.filter(user=user, data__credential=credential).exists():
            return _show_what_was_added(user)
        return super().form_valid(form)


class RemoveAppView(FactorChangeMixin, DeactivateTOTPView):
    pass


class RemovePasskeyView(FactorChangeMixin, RemoveWebAuthnView):
    pass


class RenewRecoveryCodesView(FactorChangeMixin, GenerateRecoveryCodesView):
    pass


def _show_what_was_added(user: User) -> HttpResponseRedirect:
    """Redirect as after the first factor: to the recovery codes, unless they were shown."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    is_new = codes is not None and not RecoveryCodes(codes).did_view
    return HttpResponseRedirect(reverse("mfa_view_recovery_codes" if is_new else "mfa_index"))
