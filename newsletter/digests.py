"""Digests: what newly waits for somebody at the desk, mailed through the outbox, at most once per interval.

Any worker looks once per minute unless WORKER_RUNS_DAILY is false, and `manage.py daily` does in any case. A person
gets the next one once their interval is over and something new waits for them.
"""

import logging
from datetime import UTC, datetime

from django.db import Error, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from handovers.models import CommentMention, HandOver
from handovers.people import PUBLISH_PERMISSIONS
from handovers.waiting import list_waiting
from newsletter.models import Outbox, OutboxKind
from tools.models import ContentRevision

log = logging.getLogger(__name__)

MAX_ROWS = 1000  # of each kind: the newest comes last
_NEVER = datetime.min.replace(tzinfo=UTC)


def queue_digests() -> int:
    """Queue a digest for each person for whom something new waits, and return how many. Idempotent."""
    now = timezone.now()
    return sum(_queue(user) for user in _find_candidates(now) if _has_news(user, now))


def queue_if_due() -> None:
    """Queue the digests that are due, and close the connection. Log any trouble."""
    try:
        queue_digests()
    except Error as error:
        log.warning("Digests could not be queued: %s", str(error).strip().partition("\n")[0])
    finally:
        connection.close()


def _find_candidates(now: datetime) -> list[User]:
    """Return the people whose interval is over and for whom anything waits, new or not. Few queries."""
    due = User.objects.due_for_digest(at=now)
    answers = HandOver.objects.answered(at=now).filter(handed_over_by=OuterRef("pk"))
    mentions = CommentMention.objects.filter(user=OuterRef("pk"), is_read=False)
    found = {user.pk: user for user in due.filter(Q(Exists(answers)) | Q(Exists(mentions)))}
    for model, permission in PUBLISH_PERMISSIONS.items():
        if HandOver.objects.waiting().filter(**{f"{model._meta.model_name}__isnull": False}).exists():
            deciders = User.objects.with_perm(permission)
            found |= {user.pk: user for user in due.filter(pk__in=deciders.values("pk"))}
    return list(found.values())


def _has_news(user: User, now: datetime) -> bool:
    waiting, _ = list_waiting(user, now=now, most=MAX_ROWS)
    return any(one.at > (user.digest_at or _NEVER) for one in waiting)


@transaction.atomic
def _queue(user: User) -> bool:
    """Queue a digest for a user, unless another process has just done so. Return whether it did.

    The lock keeps anybody from handing over or commenting, so nothing gets an earlier time than this digest later.
    """
    ContentRevision.lock()
    now = timezone.now()
    due = User.objects.due_for_digest(at=now).filter(pk=user.pk)
    locked = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if locked is None or not _has_news(locked, now):
        return False
    Outbox.objects.create(kind=OutboxKind.DIGEST, payload={"user": locked.pk, "email": locked.email})
    User.objects.filter(pk=locked.pk).update(digest_at=now)
    return True
