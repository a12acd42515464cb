from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower


class UserManager(DjangoUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """An address in small letters all through: people sign in by it and do not think of case."""
        return super().normalize_email(email).lower()


class User(AbstractUser):
    """Somebody who signs in to the editors' desk. Readers and voters have no account."""

    email = models.EmailField("e-mail address", blank=True)

    objects: UserManager = UserManager()  # type: ignore[misc] # of this class, and not of any AbstractUser

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_unique",
                condition=~models.Q(email=""),
                violation_error_message="Another account uses this e-mail address.",
            ),
        ]
