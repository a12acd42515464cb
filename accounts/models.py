from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower

from accounts.passwords import normalize_password
from web.mail_addresses import encode_address


class UserManager(DjangoUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in lower case, because people sign in with it and do not think about case, and with its
        domain in ASCII, so that mail reaches that domain and no other.
        """
        return encode_address(super().normalize_email(email).lower())

    def _create_user_object(self, username: str, email: str | None, password: str | None, **fields: Any) -> "User":
        return super()._create_user_object(username, email, normalize_password(password), **fields)  # type: ignore[misc] # not in the stubs


class User(AbstractUser):
    """A person who signs in to the editors' desk. Readers and voters have no account."""

    email = models.EmailField("email address", blank=True)

    objects: UserManager = UserManager()  # type: ignore[misc] # narrower than in AbstractUser

    def set_password(self, raw_password: str | None) -> None:
        normalized = normalize_password(raw_password)
        if normalized != raw_password and self._state.adding:
            # A failed sign-in hashes the password for nobody, if there is no such user. That must take as long as
            # `check_password`, which tries both forms.
            make_password(raw_password)
        super().set_password(normalized)

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether a password is right, as normalized or, if it was set before we normalized, as typed."""
        normalized = normalize_password(raw_password)
        return super().check_password(normalized) or (
            normalized != raw_password and super().check_password(raw_password)
        )

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await sync_to_async(self.check_password)(raw_password)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_unique",
                condition=~models.Q(email=""),
                violation_error_message="Another account uses this email address.",
            ),
        ]
