from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Self

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.passwords import normalize_password
from web.mail_addresses import encode_address


class DigestInterval(models.TextChoices):
    """How often a person is mailed what newly waits for them at the desk, at most."""

    HOURLY = "hourly", "At most once an hour"
    DAILY = "daily", "At most once a day"
    OFF = "off", "Never"


DIGEST_INTERVALS = {DigestInterval.HOURLY: timedelta(hours=1), DigestInterval.DAILY: timedelta(days=1)}


class UserManager(DjangoUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in lower case, because people sign in with it and do not think about case, and with its
        domain in ASCII, so that mail reaches that domain and no other.
        """
        return encode_address(super().normalize_email(email).lower())

    def wants_digest(self) -> "models.QuerySet[User]":
        """Return the people at the desk who want mail about what waits for them, and have an address."""
        at_desk = self.filter(is_active=True, is_staff=True)
        return at_desk.filter(digest_interval__in=DIGEST_INTERVALS).exclude(email="")

    def due_for_digest(self, *, at: datetime) -> "models.QuerySet[User]":
        """Return those whose interval has passed since their last digest, or who never got one."""
        is_over = [Q(digest_interval=name, digest_at__lte=at - interval) for name, interval in DIGEST_INTERVALS.items()]
        return self.wants_digest().filter(reduce(or_, is_over, Q(digest_at=None)))

    def _create_user_object(self, username: str, email: str | None, password: str | None, **fields: Any) -> "User":
        return super()._create_user_object(username, email, normalize_password(password), **fields)  # type: ignore[misc] # not in the stubs


class User(AbstractUser):
    """A person who signs in to the editors' desk. Readers and voters have no account."""

    email = models.EmailField("email address", blank=True)
    digest_interval = models.CharField(
        "mail about what waits for me", max_length=6, choices=DigestInterval, default=DigestInterval.HOURLY
    )
    digest_at = models.DateTimeField(null=True, editable=False)  # when the last digest was queued

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


class PresenceQuerySet(models.QuerySet["Presence"]):
    def here(self) -> Self:
        """Filter to users who still have the object open, longest first."""
        return self.filter(ends_at__gt=timezone.now()).order_by("opened_at", "pk")

    def expired(self, *, before: datetime) -> Self:
        return self.filter(ends_at__lt=before)


class Presence(models.Model):
    """A user who has the form of an object open at the desk, until they leave it or their heartbeats stop."""

    OPENING = timedelta(minutes=10)
    """How long a form counts as open if the browser sends no heartbeat."""
    BEAT = timedelta(minutes=2)
    """How long a form counts as open after a heartbeat (static/desk/presence.js)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="presences")
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.BigIntegerField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = PresenceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "user"],
                name="accounts_presence_one_per_user",
                violation_error_message="This user already has that object open.",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="accounts_presence_ends")]

    def __str__(self) -> str:
        return f"{self.user} since {self.opened_at:%H:%M} UTC"

    @classmethod
    def note(cls, *, user: User, obj: models.Model, lasts: timedelta) -> None:
        """Record that a user has an object open for `lasts` from now, or no longer if that is 0.

        A user who comes back within `BEAT`, such as after saving or in another tab, has had it open all the time.
        """
        now = timezone.now()
        key = {"user": user, "content_type": ContentType.objects.get_for_model(obj), "object_id": obj.pk}
        known = cls.objects.filter(**key)
        if lasts:
            opened = Case(When(ends_at__lt=now - cls.BEAT, then=now), default=F("opened_at"))
            if not known.update(opened_at=opened, seen_at=now, ends_at=now + lasts):
                row = cls(**key, opened_at=now, seen_at=now, ends_at=now + lasts)
                cls.objects.bulk_create([row], ignore_conflicts=True)
        else:
            known.update(seen_at=now, ends_at=now)

    @classmethod
    def list_others(cls, *, user: User, obj: models.Model) -> "list[Presence]":
        """Return who else has an object open, longest first. One query."""
        content_type = ContentType.objects.get_for_model(obj)
        others = cls.objects.here().filter(content_type=content_type, object_id=obj.pk).exclude(user=user)
        return list(others.select_related("user"))
