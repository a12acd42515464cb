"""How much comparisons are read of late, for the list of the most read ones.

Reads are counted in the process and written every READINGS_SECONDS, so that a page writes nothing: what a killed
process had not written is lost, which a list of favourites can bear. No reader is told from another.

Of each comparison one number is kept, its heat: the logarithm of the sum of all its reads, each weighted by
exp(t / TAU) with t the time of reading in seconds. A read weighs half as much as one HALF_LIFE later, and because the
weights of all grow alike, heats can be compared at any time without being computed anew.
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

# ln(exp(a) + exp(b)) without leaving the range of floating point.
_UPSERT = """
INSERT INTO comparisons_reading AS reading (comparison_id, heat)
SELECT comparison.id, %s + ln(noted.reads)
FROM unnest(%s::bigint[], %s::float8[]) AS noted(id, reads)
JOIN comparisons_comparison AS comparison ON comparison.id = noted.id
ORDER BY 1
ON CONFLICT (comparison_id) DO UPDATE
SET heat = GREATEST(reading.heat, excluded.heat) + ln(1 + exp(-abs(reading.heat - excluded.heat)))
"""


def count_read(comparison: int) -> None:
    """Count one read of a comparison (its id)."""
    with _lock:
        _pending[comparison] += 1
    if time.monotonic() - _flushed_at > settings.READINGS_SECONDS:
        flush()
        network.delete_old_keys_daily(today=clock.today())


def flush() -> None:
    """Write what this process has counted."""
    global _flushed_at
    with _lock:
        reads = dict(_pending)
        _pending.clear()
        _flushed_at = time.monotonic()
    if reads:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [time.time() / TAU, list(reads), [float(count) for count in reads.values()]])
