"""Which network a request comes from, as a number that nobody can turn back into an address.

The address is cut to its network (/24, or /56 of IPv6) and hashed with a random key that holds for one day (UTC). The
key lives in an UNLOGGED table, so that it gets into no backup of the write-ahead log, and is deleted after 48 hours.
What is left of a vote's network then is a number that is the same for the same network on the same day, and no more.
Nothing of an address reaches the database, not even as a parameter: the hashing is done here.
"""

import hmac
import ipaddress
import secrets
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, models

from web.caching import on_clear
from web.locks import Lock

KEPT_DAYS = 2
IPV4_PREFIX, IPV6_PREFIX = 24, 56
UNKNOWN = "unknown"


class NetworkKey(models.Model):
    """The key of a day. Its id is as random as the key: a crash empties the table, and a number would come again."""

    id = models.UUIDField(primary_key=True)
    day_on = models.DateField(unique=True)
    secret = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.day_on}"


@dataclass(frozen=True, slots=True)
class Network:
    """A hashed network, and the id of the key that it was hashed with."""

    hash: uuid.UUID
    key: uuid.UUID


# The key of the day in this process. One key and never more: yesterday's is forgotten with the first vote of today.
_held: tuple[date, uuid.UUID, bytes] | None = None
# The day on which this process last deleted old ones.
_tidied_on: date | None = None


def prefix_of(address: str) -> str:
    """The network of an address as text: its /24, or its /56 of IPv6. All that is no address is one unknown network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return f"6 {int(ip) >> (128 - IPV6_PREFIX):x}"
        ip = ip.ipv4_mapped
    return f"4 {int(ip) >> (32 - IPV4_PREFIX):x}"


def network_of(address: str, *, at: datetime) -> Network:
    """The network of an address under the key of a day (UTC), which is made when it is the day's first."""
    global _held
    day, held = at.date(), _held  # another thread may forget or renew it at any moment
    if held is None or held[0] != day:
        _held = held = (day, *_key_of(day))
    _, key, secret = held
    return Network(uuid.UUID(bytes=hmac.digest(secret, prefix_of(address).encode(), "sha256")[:16]), key)


def forget_key() -> None:
    """Drop what this process remembers: the database has lost that key, in a crash."""
    global _held
    _held = None


on_clear(forget_key)


def _key_of(day: date) -> tuple[uuid.UUID, bytes]:
    """A day's key; all processes agree on the first one that was written. A new one takes the old ones with it."""
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


def tidy(*, today: date) -> None:
    """Delete old keys, and forget the one that is held when it is of another day; in each process once a day.

    For what runs anyhow, so that keys go on a site on which nobody votes.
    """
    global _tidied_on
    if _tidied_on != today:
        _tidied_on = today
        held = _held
        if held is not None and held[0] != today:
            forget_key()
        delete_old_keys(today=today)


def delete_old_keys(*, today: date) -> None:
    """Delete the keys of days that began 48 hours ago or earlier, and what was counted by them."""
    oldest = today - timedelta(days=KEPT_DAYS - 1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM votes_networkkey WHERE day_on < %s", [oldest])
        # One at a time, and the others leave it to that one: two that delete the same rows may wait in a circle.
        cursor.execute(
            "DELETE FROM votes_amount WHERE starts_at < %s::date::timestamp AT TIME ZONE 'UTC'"
            " AND (SELECT pg_try_advisory_xact_lock(%s))",
            [oldest, Lock.OLD_AMOUNTS.value],
        )
