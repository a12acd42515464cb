from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower


class UserManager(DjangoUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in lower case, because people sign in with it and do not think about case."""
        return super().normalize_email(email).lower()


class User(AbstractUser):
    """A person who signs in to the editors' desk. Readers and voters have no account."""

    email = models.EmailField("email address", blank=True)

    objects: UserManager = UserManager()  # type: ignore[misc] # narrower than in AbstractUser

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_unique",
                condition=~models.Q(email=""),
                violation_error_message="Another account uses this email address.",
            ),
        ]
