"""The network a request comes from, as a number that cannot be turned back into an address.

The address is cut to its network (/24, or /56 of IPv6) and hashed with a random key that is valid for one day (UTC).
The key is stored in an UNLOGGED table, so that no backup of the write-ahead log contains it, and deleted after 48
hours. From then on the number only tells that two votes of one day came from the same network. No part of an address
reaches the database, not even as a parameter: this module does the hashing.
"""

import hmac
import ipaddress
import secrets
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from web.caching import on_clear
from web.locks import Lock

KEY_DAYS = 2
IPV4_PREFIX, IPV6_PREFIX = 24, 56
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Network:
    """A hashed network, and the id of the key that hashed it."""

    hash: uuid.UUID
    key: uuid.UUID


# This process's cached key: (day, id, secret). Never more than one: the first vote of today evicts yesterday's.
_cached_key: tuple[date, uuid.UUID, bytes] | None = None
# The day on which this process last deleted old keys.
_deleted_on: date | None = None


def get_prefix(address: str) -> str:
    """Return the network of an address as text: its /24, or its /56 of IPv6. Anything that is not an address belongs to
    one unknown network.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return f"6 {int(ip) >> (128 - IPV6_PREFIX):x}"
        ip = ip.ipv4_mapped
    return f"4 {int(ip) >> (32 - IPV4_PREFIX):x}"


def hash_network(address: str, *, at: datetime) -> Network:
    """Return the network of an address, hashed with the key of a day (UTC). Create the key if the day has none."""
    global _cached_key
    day, cached = at.date(), _cached_key  # read it once: another thread may clear or replace it at any moment
    if cached is None or cached[0] != day:
        _cached_key = cached = (day, *_read_or_create_key(day))
    _, key, secret = cached
    return Network(uuid.UUID(bytes=hmac.digest(secret, get_prefix(address).encode(), "sha256")[:16]), key)


def clear_cached_key() -> None:
    """Evict this process's key, because the database lost it in a crash or its day is over."""
    global _cached_key
    _cached_key = None


on_clear(clear_cached_key)


def _read_or_create_key(day: date) -> tuple[uuid.UUID, bytes]:
    """Return a day's key: the first one written, in all processes. Creating a key deletes the old ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO votes_networkkey (id, day_on, secret) VALUES (%s, %s, %s) ON CONFLICT (day_on) DO NOTHING",
            [uuid.uuid4(), day, secrets.token_bytes(32)],
        )
        if cursor.rowcount:
            delete_old_keys(today=day)
        cursor.execute("SELECT id, secret FROM votes_networkkey WHERE day_on = %s", [day])
        key, secret = cursor.fetchone()
    return key, bytes(secret)


def delete_old_keys_daily(*, today: date) -> None:
    """Delete old keys, and evict the cached one if it is not today's. Runs once per process and day.

    Call it from regular work, so that keys are also deleted on a site where nobody votes.
    """
    global _deleted_on
    if _deleted_on != today:
        cached = _cached_key
        if cached is not None and cached[0] != today:
            clear_cached_key()
        delete_old_keys(today=today)
        _deleted_on = today


def delete_old_keys(*, today: date) -> None:
    """Delete the keys of days that began 48 hours ago or earlier, and the amounts counted under them."""
    oldest = today - timedelta(days=KEY_DAYS - 1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM votes_networkkey WHERE day_on < %s", [oldest])
        # One process at a time, and the others skip it: two that delete the same rows could deadlock.
        cursor.execute(
            "DELETE FROM votes_amount WHERE starts_at < %s::date::timestamp AT TIME ZONE 'UTC'"
            " AND (SELECT pg_try_advisory_xact_lock(%s))",
            [oldest, Lock.OLD_AMOUNTS.value],
        )
