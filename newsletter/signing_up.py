"""Signing up: one statement for every address.

The statement takes one from each limit in turn (per network, per address, in total). Once a limit is exhausted, the
steps after it do nothing. New, pending, confirmed, and suppressed addresses run the same statement, so that neither the
answer nor its timing tells them apart.
"""

import logging

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.addresses import compute_known_digests

log = logging.getLogger(__name__)

DAY = 24 * 3600  # seconds
SUPPRESSED_PAUSE = 30 * DAY  # seconds between two requests to confirm to an address that was erased or bounced


def _take(scope: str, *, key: str, seconds: str, limit: str, after: str) -> str:
    """Return a part of the statement that takes one from a limit, if the part `after` has a row.

    It returns a row unless the limit is exhausted.
    """
    is_over = f"cooldown.starts_at <= %(now)s::timestamptz - make_interval(secs => {seconds}::float)"
    return f"""
{scope} AS (
    INSERT INTO newsletter_cooldown AS cooldown (scope, key, starts_at, taken)
    SELECT '{scope}', {key}, %(now)s::timestamptz, 1 FROM {after}
    ON CONFLICT (scope, key) DO UPDATE SET
        taken = CASE WHEN {is_over} THEN 1 ELSE cooldown.taken + 1 END,
        starts_at = CASE WHEN {is_over} THEN %(now)s::timestamptz ELSE cooldown.starts_at END
    WHERE {is_over} OR cooldown.taken < {limit}
    RETURNING 1
)"""  # noqa: S608 (no input)


_ADDRESS, _NETWORK = "%(address)s::text", "%(network)s::text"
# A suppressed address may come back by confirming, except after a complaint.
_SUPPRESSED = """address_day WHERE EXISTS (SELECT FROM suppression)
      AND NOT EXISTS (SELECT FROM suppression WHERE reason = 'complained')"""
_SIGN_UP = f"""
WITH asked AS (SELECT 1),
suppression AS (SELECT reason FROM newsletter_suppression WHERE digest = ANY(%(digests)s::text[])),
{_take("network", key=_NETWORK, seconds=str(DAY), limit="%(per_network)s::int", after="asked")},
{_take("address", key=_ADDRESS, seconds="%(pause)s", limit="1", after="network")},
{_take("address_day", key=_ADDRESS, seconds=str(DAY), limit="%(per_address)s::int", after="address")},
{_take("came_back", key=_ADDRESS, seconds=str(SUPPRESSED_PAUSE), limit="1", after=_SUPPRESSED)},
allowed AS (
    SELECT 1 FROM address_day WHERE NOT EXISTS (SELECT FROM suppression) UNION ALL SELECT 1 FROM came_back
),
{_take("total", key="''", seconds=str(DAY), limit="%(per_day)s::int", after="allowed")},
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
"""  # noqa: S608 (no input)


def sign_up(*, email: str, network: str) -> None:
    """Put the reply to a sign-up into the outbox, if the limits allow it.

    The reply asks to confirm, or tells a confirmed address that it is on the list. `email` is normalized; `network` is
    the hash of the client's network.
    """
    digests = compute_known_digests(email)
    parameters = {
        "email": email,
        "digests": digests,
        "address": digests[0],
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
        log.warning("A sign-up got no reply: the limit NEWSLETTER_PER_DAY is reached.")
