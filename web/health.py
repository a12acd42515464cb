"""Addresses for load balancers and container engines: whether this process answers, and whether it can serve.

They are answered before every other middleware, so that a check by IP address or plain HTTP is neither refused for its
host nor redirected.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from web.caching import process_cache
from web.logs import ALIVE, HEALTH_PATHS
from web.time_limits import TimeLimited

PATIENCE = 3.0  # seconds until a check that has not ended counts as failed
_BLOCK = b"\0" * 4096  # a full disk may still take an empty file


class HealthMiddleware:
    """Answers `/healthz` and `/readyz`. Everything else passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in HEALTH_PATHS:
            return self._get_response(request)
        response: HttpResponse
        if request.method not in ("GET", "HEAD"):
            response = HttpResponseNotAllowed(["GET", "HEAD"])
        elif request.path_info == ALIVE:
            response = HttpResponse("alive\n")
        else:
            problems = find_problems()
            status = 503 if problems else 200
            response = HttpResponse("".join(f"{line}\n" for line in problems or ["ready"]), status=status)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response._has_been_logged = True  # type: ignore[attr-defined] # Django logs no 4xx or 5xx that is marked so
        return response


def _check_again() -> list[str]:
    connection.close_if_unusable_or_obsolete()  # what Django does at the start of a request
    return check()


_check_in_time = TimeLimited(_check_again, patience=PATIENCE)


def find_problems() -> list[str]:
    """Return why this process cannot serve, one line each, after PATIENCE seconds at most."""
    try:
        return _check_in_time()
    except TimeoutError:
        return [f"The checks did not end within {PATIENCE:.0f} seconds."]


def check() -> list[str]:
    """Check database, migrations, and disk. Return what is wrong, without addresses or other details of the site."""
    problems = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            missing = read_disk_migrations() - set(cursor.fetchall())
        if missing:
            problems.append(f"Migrations are not applied: {len(missing)}.")
    except Error:
        connection.close()
        problems.append("The database does not answer.")
    for name in ("DATA_DIR", "MEDIA_ROOT"):
        try:
            _write_to(Path(getattr(settings, name)))
        except OSError as error:
            problems.append(f"{name} cannot be written: {os.strerror(error.errno or 0)}.")
    return problems


@process_cache(maxsize=1)
def read_disk_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations that this code comes with. A database that has more of them serves a newer release too."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _write_to(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(_BLOCK)
