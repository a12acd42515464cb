"""Counters and timers for Prometheus. `/metrics` shows them if METRICS_TOKEN is set (config/metrics.py).

Each process of a server counts in a file of its own (PROMETHEUS_MULTIPROC_DIR, config/gunicorn.py), and any of them
answers for all. Labels come from fixed sets: never a path, a slug, or anything else that a client can choose.
"""

from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # a series per counter that says when it was made; files of several processes have none
REQUESTS = Counter("shipside_requests", "Requests, by view and status.", ["view", "status"])
SECONDS = Histogram(
    "shipside_request_seconds",
    "How long Django took to answer. Of a streamed answer, until its first piece.",
    ["view"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PAGES = Counter(
    "shipside_cached_pages",
    "Public pages: stored (sent from memory), unchanged (304 from memory), or rendered.",
    ["result"],
)
REPLICA = Counter(
    "shipside_replica_reads",
    "Public pages that might be rendered from the replica: used, behind (the primary rendered them), or failed.",
    ["result"],
)
VOTES = Counter("shipside_votes", "Votes cast: counted, held, taken_back, or refused.", ["subject", "outcome"])
