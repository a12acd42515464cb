"""`/metrics`: what the processes of this server counted, and what the database says about the whole site."""

import hmac
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from catalog.models import BulkChange, BulkChangeKind
from config.counters import read_counters
from newsletter import daily
from newsletter.models import Worker
from newsletter.worker import measure_queue
from web import metrics
from web.logs import METRICS
from web.time_limits import TimeLimited

IMPORTS_PERIOD = timedelta(days=1)
PATIENCE = 5.0  # seconds until a database that does not answer counts as down; Prometheus waits for ten


class MetricsMiddleware:
    """Counts and times every request, and answers `/metrics` to requests with the token. Not used without one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == METRICS and _has_token(request):
            content = collect()
            headers = {"Cache-Control": "no-store", "Content-Length": str(len(content))}
            return HttpResponse(content, content_type=CONTENT_TYPE_LATEST, headers=headers)
        started = time.perf_counter()
        response = self._get_response(request)
        view = _name_view(request, response)
        metrics.SECONDS.labels(view).observe(time.perf_counter() - started)
        metrics.REQUESTS.labels(view, response.status_code).inc()
        return response


def _has_token(request: HttpRequest) -> bool:
    expected = f"Bearer {settings.METRICS_TOKEN}"
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode())


def _name_view(request: HttpRequest, response: HttpResponseBase) -> str:
    if match := request.resolver_match:
        return match.view_name or "unnamed"
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    return "unchanged" if response.status_code == 304 else "none"


def collect() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(SiteCollector())
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # set by config/gunicorn.py
    return (read_counters(Path(folder)) if folder else generate_latest(REGISTRY)) + generate_latest(registry)


class SiteCollector:
    """What is true of the whole site at this moment. Every server says the same."""

    def collect(self) -> Iterator[Metric]:
        """Yield gauges, or only that the database does not answer."""
        try:
            gauges = _measure_in_time()
        except (Error, TimeoutError):
            gauges = []
        yield _gauge("shipside_database_up", "Whether the database answers.", int(bool(gauges)))
        yield from gauges


def _measure_once() -> list[Metric]:
    try:
        return list(_measure())
    finally:
        connection.close()  # that of a thread which asks a few times per minute


_measure_in_time = TimeLimited(_measure_once, patience=PATIENCE)


def _measure() -> Iterator[Metric]:
    now = timezone.now()
    length, oldest = measure_queue()
    yield _gauge("shipside_mail_queue_length", "Mails that wait to be sent.", length)
    age = max((now - oldest).total_seconds(), 0) if oldest else 0
    yield _gauge("shipside_mail_queue_oldest_seconds", "For how long the oldest waiting mail has been due.", age)
    workers = [not worker.is_silent(now=now) for worker in Worker.objects.all()]
    yield _gauge("shipside_workers", "Mail workers with a recent heartbeat.", sum(workers))
    imports = BulkChange.objects.filter(kind=BulkChangeKind.IMPORT, made_at__gte=now - IMPORTS_PERIOD).count()
    yield _gauge("shipside_imports_last_day", "Imports of catalog files and sheets in the last 24 hours.", imports)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(state, 'unknown'), count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1"
        )
        sessions = GaugeMetricFamily("shipside_database_sessions", "Sessions of the database.", labels=["state"])
        for state, number in cursor.fetchall():
            sessions.add_metric([state], number)
        yield sessions
        cursor.execute("SELECT current_setting('max_connections')::int")
        [limit] = cursor.fetchone()
    yield _gauge("shipside_database_sessions_limit", "How many sessions PostgreSQL allows.", limit)
    last = daily.find_last_ended()
    yield _gauge(
        "shipside_daily_run_time_seconds",
        "When the daily work that has ended last began. Before the first, when the site was set up.",
        daily.find_last_start(last).timestamp(),
    )
    if last:
        yield _gauge("shipside_daily_run_failed_steps", "Its steps that failed.", len(last.failures))
    if verified := daily.find_last_verified(last):
        yield _gauge(
            "shipside_tally_differences",
            "Places where counts differ from the votes, when they were last compared.",
            verified.differences or 0,
        )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
