"""How often each comparison has been read recently, for the list of the most read ones.

Reads are counted per process. A thread of the process flushes them every POPULARITY_FLUSH_SECONDS, so that no request
writes. If the database is read-only or down, pages do not fail for it and the counts wait for the next flush. A process
that is killed loses the reads it has not flushed, which is acceptable for such a list. Readers are not distinguished.

Each comparison stores one number, its heat: the logarithm of the sum of all its reads, each weighted by exp(t / TAU),
where t is the time of the read in seconds. A read weighs half as much as one that is HALF_LIFE later. All weights grow
at the same rate, so heats can be compared at any time without an update.
"""

import logging
import math
import time
from collections import Counter
from threading import Lock, Thread

from django.conf import settings
from django.db import Error, connection

from votes import network
from web import clock

HALF_LIFE = 30 * 24 * 3600  # seconds
TAU = HALF_LIFE / math.log(2)

logger = logging.getLogger(__name__)

_pending: Counter[int] = Counter()
_lock = Lock()

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
    """Count one read of a comparison, given its id."""
    with _lock:
        _pending[comparison] += 1


def flush() -> None:
    """Write the reads that this process has counted. If that fails, they stay counted."""
    with _lock:
        reads = dict(_pending)
        _pending.clear()
    if not reads:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [time.time() / TAU, list(reads), [float(count) for count in reads.values()]])
    except Exception:
        with _lock:
            _pending.update(reads)
        raise


def start_flushing() -> None:
    """Start the thread that flushes. config/gunicorn.py calls this in each process."""
    Thread(target=_flush_forever, name="popularity", daemon=True).start()


def _flush_forever() -> None:
    while True:
        time.sleep(settings.POPULARITY_FLUSH_SECONDS)
        work_off()
        connection.close()  # not worth keeping for a statement per minute


def work_off() -> None:
    """Flush, and do what else is due regularly. Log every exception: one would end the thread for good."""
    try:
        flush()
        network.delete_old_keys_daily(today=clock.today())
    except Error as error:
        logger.warning("Page views could not be written; they will be later: %s", str(error).strip())
    except Exception:
        logger.exception("Page views could not be written; they will be later.")
