"""The account page, which shows what is set up and what is missing."""

from typing import Any

from allauth.mfa.base.views import IndexView

from accounts import second_factor


class AccountView(IndexView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "required": second_factor.is_required(self.request.user),
            "missing": second_factor.is_missing(self.request.user),
        }
