"""The statements by which an issue goes out. Each is one round trip and commits by itself.

What each mail goes through: `queue` makes its row; `claim` takes a few dozen rows in hand; `step` begins one, which
holds only if its reader is still on the list and the issue still goes out, and in the same statement notes what came
of the one before. A worker that is killed leaves at most one row begun.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from newsletter.actions import suppress
from newsletter.models import Issue, Leaving, State, Subscriber
from newsletter.transport import Outcome, retry_at

BATCH = 50  # mails that a worker takes in hand

# A subscriber who is to have an issue.
_ACTIVE = "subscriber.confirmed_at IS NOT NULL AND subscriber.left_at IS NULL"

_QUEUE = f"""
INSERT INTO newsletter_delivery (issue_id, subscriber_id, next_attempt_at)
SELECT %(issue)s::bigint, subscriber.id, statement_timestamp()
FROM newsletter_subscriber AS subscriber
WHERE {_ACTIVE} AND (
    subscriber.all_categories OR EXISTS (
        SELECT FROM newsletter_subscriber_categories AS chosen
        WHERE chosen.subscriber_id = subscriber.id AND chosen.category_id = ANY(%(categories)s::bigint[])
    )
)
ON CONFLICT (issue_id, subscriber_id) DO NOTHING
"""  # noqa: S608 (our own words)

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
"""  # noqa: S608 (our own words)

# What came of one that was begun. It is noted even if the lease has run out meanwhile: the worker knows, and who
# called it unknown did not.
_FINISH = """
    UPDATE newsletter_delivery SET
        state = %(outcome)s::text, reason = %(reason)s::text, leased_until_at = NULL,
        attempts = attempts - %(uncounted)s::int,
        next_attempt_at = statement_timestamp() + make_interval(secs => %(wait)s::float),
        finished_at = CASE WHEN %(outcome)s::text = 'queued' THEN NULL ELSE statement_timestamp() END
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
"""  # noqa: S608 (our own words)

_STEP = f"WITH finished AS ({_FINISH}), begun AS ({_BEGIN}) SELECT email FROM begun"  # noqa: S608

# Those in hand that were not begun: whose reader has left, and who can wait for another worker.
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
"""  # noqa: S608 (our own words)

_SKIP = """
UPDATE newsletter_delivery SET
    state = 'left', finished_at = statement_timestamp(), leased_until_at = NULL,
    reason = 'chose other categories before it was sent'
WHERE id = ANY(%(ids)s::bigint[]) AND worker = %(worker)s::text AND state = 'queued'
"""

_GIVE_BACK = """
UPDATE newsletter_delivery SET state = 'queued', attempts = attempts - 1, leased_until_at = NULL
WHERE id = %(id)s::bigint AND worker = %(worker)s::text AND state IN ('sending', 'unknown')
"""

_LAPSE = """
UPDATE newsletter_delivery SET
    state = 'unknown', finished_at = statement_timestamp(), leased_until_at = NULL,
    reason = 'worker ' || worker || ' fell silent before it noted the server’s answer'
WHERE state = 'sending' AND leased_until_at <= statement_timestamp()
"""

_COMPLETE = """
UPDATE newsletter_issue AS issue SET state = 'sent', finished_at = statement_timestamp()
WHERE state = 'sending' AND NOT EXISTS (
    SELECT FROM newsletter_delivery AS delivery WHERE issue_id = issue.id AND delivery.state IN ('queued', 'sending')
)
"""

_PACE = """
INSERT INTO newsletter_pace AS pace (id, free_at)
VALUES (1, statement_timestamp() + %(span)s::float * interval '1 second')
ON CONFLICT (id) DO UPDATE SET
    free_at = greatest(pace.free_at, statement_timestamp()) + %(span)s::float * interval '1 second'
RETURNING extract(epoch FROM pace.free_at - statement_timestamp())::float - %(span)s::float
"""


@dataclass(frozen=True, slots=True)
class InHand:
    """A delivery that this worker has claimed."""

    id: int
    issue_id: int
    subscriber_id: int
    attempts: int
    categories: frozenset[int] | None
    """What its reader chose; None: everything."""


def queue(*, issue: Issue, categories: list[int]) -> int:
    """Make the deliveries of an issue, for everybody who is to have it. `categories` are those that have news."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"issue": issue.pk, "categories": categories})
        return cursor.rowcount


def claim(*, worker: str, batch: int = BATCH) -> list[InHand]:
    """Take some deliveries in hand that are due, so that nobody else does; those whose readers have left are done."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"worker": worker, "batch": batch, "lease": settings.NEWSLETTER_LEASE_SECONDS})
        return [
            InHand(pk, issue, subscriber, attempts, None if categories is None else frozenset(categories))
            for pk, issue, subscriber, attempts, state, categories in cursor.fetchall()
            if state == State.QUEUED
        ]


def step(*, worker: str, done: tuple[InHand, Outcome] | None, begin: InHand | None) -> str | None:
    """Note what came of one delivery and begin another, in one statement. The address to send it to; None when it is
    not to be sent (any more), and then it is not begun.
    """
    parameters = {
        "worker": worker,
        "lease": settings.NEWSLETTER_LEASE_SECONDS,
        "begun": begin.id if begin else None,
        **_finished(done),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STEP, parameters)
        row = cursor.fetchone()
    if done and done[1].is_address_dead:
        _suppress(done[0])
    return row[0] if row else None


def _finished(done: tuple[InHand, Outcome] | None) -> dict[str, object]:
    if done is None:
        return {"finished": None, "outcome": "", "reason": "", "uncounted": 0, "wait": 0.0}
    mail, outcome = done
    attempts = mail.attempts + 1
    state = outcome.state
    if state == State.QUEUED and not outcome.is_our_trouble and attempts >= settings.NEWSLETTER_MAX_ATTEMPTS:
        state = State.FAILED
    return {
        "finished": mail.id,
        "outcome": str(state),
        "reason": outcome.reason,
        "uncounted": int(outcome.is_our_trouble),
        "wait": 0.0 if outcome.is_our_trouble else retry_at(attempts).total_seconds(),
    }


def _suppress(mail: InHand) -> None:
    subscriber = Subscriber.objects.filter(pk=mail.subscriber_id).first()
    if subscriber is not None:
        suppress(email=subscriber.email, reason=Leaving.BOUNCED)


def release(*, worker: str, mails: list[InHand]) -> None:
    """Give back what was not begun; those whose readers have left meanwhile are done."""
    _execute(_RELEASE, {"worker": worker, "ids": [mail.id for mail in mails]})


def skip(*, worker: str, mails: list[InHand]) -> None:
    """Leave out readers who have chosen other categories since the issue was queued: it has nothing for them."""
    _execute(_SKIP, {"worker": worker, "ids": [mail.id for mail in mails]})


def give_back(*, worker: str, mail: InHand) -> None:
    """Put a delivery back of which only its worker knows that it was begun in the table and never handed over."""
    _execute(_GIVE_BACK, {"worker": worker, "id": mail.id})


def lapse() -> int:
    """Call unknown what was begun by a worker that has not been heard of since. How many there were."""
    return _execute(_LAPSE, {})


def complete() -> int:
    """Call sent each issue of which nothing is left to send."""
    return _execute(_COMPLETE, {})


def reserve(mails: int) -> float:
    """Reserve the time that some mails take at NEWSLETTER_MAILS_PER_SECOND; seconds until it begins."""
    with connection.cursor() as cursor:
        cursor.execute(_PACE, {"span": mails / settings.NEWSLETTER_MAILS_PER_SECOND})
        return max(cursor.fetchone()[0], 0.0)


def oldest_due() -> tuple[int, datetime | None]:
    """How many deliveries of issues that go out wait, and since when the first of them could have gone."""
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
