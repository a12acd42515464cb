"""What a sign-up does, whoever it is for: one statement.

It takes from each limit in turn (network, address, over all), and where one has nothing left, what follows does not
happen. New, pending, confirmed and suppressed addresses go through the same statement, so that neither the answer nor
the time it takes tells them apart.
"""

import logging

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.addresses import digests

log = logging.getLogger(__name__)

DAY = 24 * 3600  # seconds
RETURN = 30 * DAY  # seconds; an address that was erased, or bounced, is asked to confirm no more often than that


def _take(scope: str, *, key: str, seconds: str, most: str, after: str) -> str:
    """A part of the statement: take one from a limit after another part. It has a row unless nothing is left."""
    over = f"cooldown.starts_at <= %(now)s::timestamptz - make_interval(secs => {seconds}::float)"
    return f"""
{scope} AS (
    INSERT INTO newsletter_cooldown AS cooldown (scope, key, starts_at, taken)
    SELECT '{scope}', {key}, %(now)s::timestamptz, 1 FROM {after}
    ON CONFLICT (scope, key) DO UPDATE SET
        taken = CASE WHEN {over} THEN 1 ELSE cooldown.taken + 1 END,
        starts_at = CASE WHEN {over} THEN %(now)s::timestamptz ELSE cooldown.starts_at END
    WHERE {over} OR cooldown.taken < {most}
    RETURNING 1
)"""  # noqa: S608 (our own words)


_ADDRESS, _NETWORK = "%(address)s::text", "%(network)s::text"
_SUPPRESSED = """address_day WHERE EXISTS (SELECT FROM suppression)
      AND NOT EXISTS (SELECT FROM suppression WHERE reason = 'complained')"""
_SIGN_UP = f"""
WITH asked AS (SELECT 1),
suppression AS (SELECT reason FROM newsletter_suppression WHERE digest = ANY(%(digests)s::text[])),
{_take("network", key=_NETWORK, seconds=str(DAY), most="%(per_network)s::int", after="asked")},
{_take("address", key=_ADDRESS, seconds="%(pause)s", most="1", after="network")},
{_take("address_day", key=_ADDRESS, seconds=str(DAY), most="%(per_address)s::int", after="address")},
{_take("came_back", key=_ADDRESS, seconds=str(RETURN), most="1", after=_SUPPRESSED)},
allowed AS (
    SELECT 1 FROM address_day WHERE NOT EXISTS (SELECT FROM suppression) UNION ALL SELECT 1 FROM came_back
),
{_take("total", key="''", seconds=str(DAY), most="%(per_day)s::int", after="allowed")},
subscriber AS (
    INSERT INTO newsletter_subscriber AS known (email, created_at, left_reason)
    SELECT %(email)s::text, %(now)s::timestamptz, '' FROM total
    ON CONFLICT (lower(email)) DO UPDATE SET
        created_at = CASE WHEN known.confirmed_at IS NULL THEN %(now)s::timestamptz ELSE known.created_at END
    RETURNING id
),
queued AS (
    INSERT INTO newsletter_outbox (kind, subscriber_id, created_at, next_attempt_at)
    SELECT 'sign-up', id, %(now)s::timestamptz, %(now)s::timestamptz FROM subscriber
    RETURNING 1
)
SELECT EXISTS (SELECT FROM allowed), EXISTS (SELECT FROM queued)
"""  # noqa: S608 (our own words)


def sign_up(*, email: str, network: str) -> None:
    """Put the answer to a sign-up into the outbox, if the limits allow: a question to confirm, or, for a confirmed
    address, word that it is on the list. `email` is normalised; `network` is the hash of the network that asks.
    """
    parameters = {
        "email": email,
        "digests": (hashes := digests(email)),
        "address": hashes[0],
        "network": network,
        "now": timezone.now(),
        "pause": settings.NEWSLETTER_ADDRESS_PAUSE,
        "per_address": settings.NEWSLETTER_PER_ADDRESS,
        "per_network": settings.NEWSLETTER_PER_NETWORK,
        "per_day": settings.NEWSLETTER_PER_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SIGN_UP, parameters)
        allowed, queued = cursor.fetchone()
    if allowed and not queued:
        log.warning("No answer to a sign-up went out: NEWSLETTER_PER_DAY is reached.")
