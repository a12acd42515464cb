"""How often each comparison has been read recently, for the list of the most read ones.

Reads are counted per process and flushed every POPULARITY_FLUSH_SECONDS, so that a request writes nothing. A process
that is killed loses the reads it has not flushed, which is acceptable for such a list. Readers are not distinguished.

Each comparison stores one number, its heat: the logarithm of the sum of all its reads, each weighted by exp(t / TAU),
where t is the time of the read in seconds. A read weighs half as much as one that is HALF_LIFE later. All weights grow
at the same rate, so heats can be compared at any time without an update.
"""

import math
import time
from collections import Counter
from threading import Lock

from django.conf import settings
from django.db import connection

from votes import network
from web import clock

HALF_LIFE = 30 * 24 * 3600  # seconds
TAU = HALF_LIFE / math.log(2)

_pending: Counter[int] = Counter()
_lock = Lock()
_flushed_at = time.monotonic()

# The new heat is ln(exp(a) + exp(b)), rearranged so that it does not overflow. Reads of deleted pairs are dropped.
_UPSERT = """
INSERT INTO comparisons_reading AS reading (comparison_id, heat)
SELECT comparison.id, %s + ln(counted.reads)
FROM unnest(%s::bigint[], %s::float8[]) AS counted(id, reads)
JOIN comparisons_comparison AS comparison ON comparison.id = counted.id
ORDER BY 1
ON CONFLICT (comparison_id) DO UPDATE
SET heat = GREATEST(reading.heat, excluded.heat) + ln(1 + exp(-abs(reading.heat - excluded.heat)))
"""


def count_read(comparison: int) -> None:
    """Count one read of a comparison, given its id, and flush when it is time."""
    with _lock:
        _pending[comparison] += 1
    if time.monotonic() - _flushed_at > settings.POPULARITY_FLUSH_SECONDS:
        flush()
        network.delete_old_keys_daily(today=clock.today())


def flush() -> None:
    """Write the reads that this process has counted."""
    global _flushed_at
    with _lock:
        reads = dict(_pending)
        _pending.clear()
        _flushed_at = time.monotonic()
    if reads:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [time.time() / TAU, list(reads), [float(count) for count in reads.values()]])
