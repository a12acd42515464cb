"""Invitations: a new account has no password, and its owner gets a link to choose one."""

from collections.abc import Sequence

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction

from accounts.models import User


def may_be_invited(user: User) -> bool:
    """Return whether an account waits for its owner: active, with an address, and never signed in to."""
    return user.is_active and bool(user.email) and user.last_login is None


def invite(*, user: User, by: User, groups: Sequence[str]) -> None:
    """Mail an account's owner a link to choose a password, once the transaction commits.

    The link works once and for PASSWORD_RESET_TIMEOUT. `groups` are the names of the groups, which the mail tells.
    Raises ValueError for an account that cannot be invited.
    """
    if not may_be_invited(user):
        raise ValueError(f"{user} cannot be invited.")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    adapter = get_adapter()
    context = {
        "username": user.username,
        "by": by.get_full_name() or by.username,
        "groups": groups,
        "url": adapter.get_reset_password_from_key_url(key),
    }
    transaction.on_commit(lambda: adapter.send_mail("account/email/invitation", user.email, context))
