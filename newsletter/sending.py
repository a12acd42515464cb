"""The statements that send an issue. Each is one round trip and commits by itself.

The life of a delivery: `queue` inserts it; `claim` leases a few dozen to a worker; `step` begins one, provided that its
reader is still on the list and the issue is still being sent, and records the result of the previous one in the same
statement. A worker that is killed leaves at most one delivery begun.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q

from newsletter.actions import suppress
from newsletter.models import GOING_OUT, REACHED, Delivery, Issue, LeaveReason, SendState, Subscriber
from newsletter.transport import SendResult, get_retry_delay

BATCH_SIZE = 50  # deliveries that a worker claims at once

# A condition for subscribers who get issues.
_ACTIVE = "subscriber.confirmed_at IS NOT NULL AND subscriber.left_at IS NULL"

_QUEUE = f"""
INSERT INTO newsletter_delivery (issue_id, subscriber_id, next_attempt_at)
SELECT %(issue)s::bigint, subscriber.id, statement_timestamp()
FROM newsletter_subscriber AS subscriber
WHERE {_ACTIVE} AND (
    %(everyone)s::boolean OR subscriber.all_categories OR EXISTS (
        SELECT FROM newsletter_subscriber_categories AS chosen
        WHERE chosen.subscriber_id = subscriber.id AND chosen.category_id = ANY(%(categories)s::bigint[])
    )
)
ORDER BY subscriber.id
ON CONFLICT (issue_id, subscriber_id) DO NOTHING
"""  # noqa: S608 (no input)

_CLAIM = f"""
WITH due AS (
    SELECT delivery.id FROM newsletter_delivery AS delivery
    JOIN newsletter_issue AS issue ON issue.id = delivery.issue_id AND issue.state = 'sending'
    WHERE delivery.state = 'queued' AND delivery.next_attempt_at <= statement_timestamp()
      AND (delivery.leased_until_at IS NULL OR delivery.leased_until_at <= statement_timestamp())
    ORDER BY delivery.next_attempt_at, delivery.id
    LIMIT %(batch)s::int
    FOR UPDATE OF delivery SKIP LOCKED
), claimed AS (
    UPDATE newsletter_delivery AS delivery SET
        state = CASE WHEN subscriber.id IS NULL THEN 'left' ELSE delivery.state END,
        finished_at = CASE WHEN subscriber.id IS NULL THEN statement_timestamp() END,
        worker = %(worker)s::text,
        leased_until_at = statement_timestamp() + make_interval(secs => %(lease)s::float)
    FROM due
    JOIN newsletter_delivery AS held ON held.id = due.id
    LEFT JOIN newsletter_subscriber AS subscriber ON subscriber.id = held.subscriber_id AND {_ACTIVE}
    WHERE delivery.id = due.id
    RETURNING delivery.id, delivery.issue_id, delivery.subscriber_id, delivery.attempts, delivery.state
)
SELECT claimed.id, claimed.issue_id, claimed.subscriber_id, claimed.attempts, claimed.state,
       CASE WHEN subscriber.all_categories THEN NULL ELSE ARRAY(
           SELECT category_id FROM newsletter_subscriber_categories
           WHERE subscriber_id = claimed.subscriber_id ORDER BY 1
       ) END
FROM claimed LEFT JOIN newsletter_subscriber AS subscriber ON subscriber.id = claimed.subscriber_id
ORDER BY claimed.id
"""  # noqa: S608 (no input)

# Records the result of a delivery that was begun, even if its lease has expired in the meantime and it was marked as
# unknown: its worker knows the result.
_FINISH = """
    UPDATE newsletter_delivery SET
        state = %(result)s::text, reason = %(reason)s::text, leased_until_at = NULL,
        attempts = attempts - %(uncounted)s::int,
        next_attempt_at = statement_timestamp() + make_interval(secs => %(wait)s::float),
        finished_at = CASE WHEN %(result)s::text = 'queued' THEN NULL ELSE statement_timestamp() END
    WHERE id = %(finished)s::bigint AND worker = %(worker)s::text AND state IN ('sending', 'unknown')
"""

_BEGIN = f"""
    UPDATE newsletter_delivery AS delivery SET
        state = 'sending', attempts = delivery.attempts + 1,
        leased_until_at = statement_timestamp() + make_interval(secs => %(lease)s::float)
    FROM newsletter_subscriber AS subscriber, newsletter_issue AS issue
    WHERE delivery.id = %(begun)s::bigint AND delivery.state = 'queued' AND delivery.worker = %(worker)s::text
      AND delivery.leased_until_at > statement_timestamp()
      AND subscriber.id = delivery.subscriber_id AND {_ACTIVE}
      AND issue.id = delivery.issue_id AND issue.state = 'sending'
    RETURNING subscriber.email
"""  # noqa: S608 (no input)

_STEP = f"WITH finished AS ({_FINISH}), begun AS ({_BEGIN}) SELECT email FROM begun"  # noqa: S608

# Releases claimed deliveries that were not begun: to `left` if the reader has left, else to the queue.
_RELEASE = f"""
UPDATE newsletter_delivery AS delivery SET
    state = CASE WHEN active.id IS NULL THEN 'left' ELSE 'queued' END,
    finished_at = CASE WHEN active.id IS NULL THEN statement_timestamp() END,
    leased_until_at = NULL
FROM newsletter_delivery AS held
LEFT JOIN LATERAL (
    SELECT subscriber.id FROM newsletter_subscriber AS subscriber
    WHERE subscriber.id = held.subscriber_id AND {_ACTIVE}
) AS active ON true
WHERE held.id = ANY(%(ids)s::bigint[]) AND delivery.id = held.id
  AND delivery.state = 'queued' AND delivery.worker = %(worker)s::text
"""  # noqa: S608 (no input)

_SKIP = """
UPDATE newsletter_delivery SET
    state = 'left', finished_at = statement_timestamp(), leased_until_at = NULL,
    reason = %(reason)s::text
WHERE id = ANY(%(ids)s::bigint[]) AND worker = %(worker)s::text AND state = 'queued'
"""

_UNDO_BEGIN = """
UPDATE newsletter_delivery SET state = 'queued', attempts = attempts - 1, leased_until_at = NULL
WHERE id = %(id)s::bigint AND worker = %(worker)s::text AND state IN ('sending', 'unknown')
"""

_EXPIRE_LEASES = """
UPDATE newsletter_delivery SET
    state = 'unknown', finished_at = statement_timestamp(), leased_until_at = NULL,
    reason = 'worker ' || worker || ' stopped responding before it recorded the server’s reply'
WHERE state = 'sending' AND leased_until_at <= statement_timestamp()
"""

_COMPLETE_ISSUES = """
UPDATE newsletter_issue AS issue SET state = 'sent', finished_at = statement_timestamp()
WHERE state = 'sending' AND NOT EXISTS (
    SELECT FROM newsletter_delivery AS delivery WHERE issue_id = issue.id AND delivery.state IN ('queued', 'sending')
)
"""

_RESERVE_TIME = """
INSERT INTO newsletter_pace AS pace (id, free_at)
VALUES (1, statement_timestamp() + %(span)s::float * interval '1 second')
ON CONFLICT (id) DO UPDATE SET
    free_at = greatest(pace.free_at, statement_timestamp()) + %(span)s::float * interval '1 second'
RETURNING extract(epoch FROM pace.free_at - statement_timestamp())::float - %(span)s::float
"""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that a worker has claimed."""

    id: int
    issue_id: int
    subscriber_id: int
    attempts: int
    categories: frozenset[int] | None
    """What its reader chose; None for everything."""
    had: frozenset[int] = frozenset()
    """The ids of earlier issues with some of its news that its reader got."""


def queue(*, issue: Issue, categories: list[int]) -> int:
    """Queue the deliveries of an issue to all its readers, and return how many.

    `categories` are those with news. Without any, the issue consists of a lead, which is for everyone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"issue": issue.pk, "categories": categories, "everyone": not categories})
        return cursor.rowcount


def claim(*, worker: str, batch_size: int = BATCH_SIZE) -> list[ClaimedDelivery]:
    """Lease due deliveries to a worker and return them. Those whose readers have left are marked as `left` instead."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"worker": worker, "batch": batch_size, "lease": settings.NEWSLETTER_LEASE_SECONDS})
        return [
            ClaimedDelivery(pk, issue, subscriber, attempts, None if categories is None else frozenset(categories))
            for pk, issue, subscriber, attempts, state, categories in cursor.fetchall()
            if state == SendState.QUEUED
        ]


def note_had(deliveries: list[ClaimedDelivery], *, issue: int, earlier: frozenset[int]) -> list[ClaimedDelivery]:
    """Return claimed deliveries with the `earlier` issues that the readers of one issue got, may have got, or will get
    because they are queued again.
    """
    readers = [delivery.subscriber_id for delivery in deliveries if delivery.issue_id == issue]
    has_it = Q(state__in=REACHED) | Q(state=SendState.QUEUED, issue__state__in=GOING_OUT)
    got = Delivery.objects.filter(has_it, issue__in=earlier, subscriber__in=readers)
    had: dict[int, set[int]] = {}
    for pk, reader in got.values_list("issue_id", "subscriber_id"):
        had.setdefault(reader, set()).add(pk)
    return [
        replace(delivery, had=frozenset(had.get(delivery.subscriber_id, ())))
        if delivery.issue_id == issue
        else delivery
        for delivery in deliveries
    ]


def step(*, worker: str, done: tuple[ClaimedDelivery, SendResult] | None, begin: ClaimedDelivery | None) -> str | None:
    """Record the result of one delivery and begin another, in one statement.

    Return the address to send it to; None if it must not be sent any more, in which case it is not begun.
    """
    parameters = {
        "worker": worker,
        "lease": settings.NEWSLETTER_LEASE_SECONDS,
        "begun": begin.id if begin else None,
        **_get_finish_parameters(done),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STEP, parameters)
        row = cursor.fetchone()
    if done and done[1].is_address_dead:
        _suppress_reader(done[0])
    return row[0] if row else None


def _get_finish_parameters(done: tuple[ClaimedDelivery, SendResult] | None) -> dict[str, object]:
    if done is None:
        return {"finished": None, "result": "", "reason": "", "uncounted": 0, "wait": 0.0}
    delivery, result = done
    attempts = delivery.attempts + 1
    state = result.state
    if state == SendState.QUEUED and not result.is_our_fault and attempts >= settings.NEWSLETTER_MAX_ATTEMPTS:
        state = SendState.FAILED
    return {
        "finished": delivery.id,
        "result": str(state),
        "reason": result.reason,
        "uncounted": int(result.is_our_fault),
        "wait": 0.0 if result.is_our_fault else get_retry_delay(attempts).total_seconds(),
    }


def _suppress_reader(delivery: ClaimedDelivery) -> None:
    subscriber = Subscriber.objects.filter(pk=delivery.subscriber_id).first()
    if subscriber is not None:
        suppress(email=subscriber.email, reason=LeaveReason.BOUNCED)


def release(*, worker: str, deliveries: list[ClaimedDelivery]) -> None:
    """Queue deliveries again that were not begun. Those whose readers have left are marked as `left` instead."""
    _execute(_RELEASE, {"worker": worker, "ids": [delivery.id for delivery in deliveries]})


def skip(*, worker: str, deliveries: list[ClaimedDelivery]) -> None:
    """Skip readers for whom an issue has nothing: they chose other categories since, or got its news earlier."""
    for had_earlier, reason in ((False, "chose other categories before it was sent"), (True, "got its news earlier")):
        ids = [delivery.id for delivery in deliveries if bool(delivery.had) == had_earlier]
        _execute(_SKIP, {"worker": worker, "ids": ids, "reason": reason})


def undo_begin(*, worker: str, delivery: ClaimedDelivery) -> None:
    """Queue a delivery again that may have been begun in the database, but that its worker knows it did not send."""
    _execute(_UNDO_BEGIN, {"worker": worker, "id": delivery.id})


def expire_leases() -> int:
    """Mark begun deliveries with expired leases as unknown, and return how many: their workers stopped responding."""
    return _execute(_EXPIRE_LEASES, {})


def complete_issues() -> int:
    """Mark issues with nothing left to send as sent, and return how many."""
    return _execute(_COMPLETE_ISSUES, {})


def reserve_time(messages: int) -> float:
    """Reserve the time that `messages` take at NEWSLETTER_MAILS_PER_SECOND. Return the seconds until it begins."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE_TIME, {"span": messages / settings.NEWSLETTER_MAILS_PER_SECOND})
        return max(cursor.fetchone()[0], 0.0)


def count_due() -> tuple[int, datetime | None]:
    """Return how many deliveries of issues being sent are waiting, and when the first was due (None without any)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(next_attempt_at) FROM newsletter_delivery AS delivery WHERE state = 'queued' "
            "AND issue_id IN (SELECT id FROM newsletter_issue WHERE state = 'sending')"
        )
        return cursor.fetchone()


def _execute(sql: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount
