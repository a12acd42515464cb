"""Public pages may be rendered from a replica of the database (DATABASE_REPLICA_URL), as long as it is not behind.

The primary says which revision of the site is current, and the replica which one it has. If they are the same, the page
is rendered in the snapshot of the replica in which that was read; otherwise by the primary. So a page is never older
than a change that was acknowledged before it was asked for (docs/decisions/0034-replicas.md).

Public pages read by the ORM, which asks `Router`, or by this module's `connection`. Everything else reads and writes on
the primary.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.utils.connection import ConnectionProxy
from django.utils.module_loading import import_string

from web import metrics
from web.caching import on_clear, process_cache

type Answer = tuple[bytes | None, ...]

ALIAS = "replica"
PATIENCE = 0.5  # seconds that a replica may take to say which revision it has
REST = 5.0  # seconds for which a process asks nothing of a replica that has failed

logger = logging.getLogger(__name__)

_alias = ContextVar("_alias", default=DEFAULT_DB_ALIAS)  # which database the current request reads from
_rests_until = 0.0  # monotonic


class Router:
    """A database router: the ORM reads where the request reads, and writes to the primary."""

    def db_for_read(self, model: object, **hints: object) -> str:
        return _alias.get()

    def db_for_write(self, model: object, **hints: object) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: object, second: object, **hints: object) -> bool:
        return True  # it is one database

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == DEFAULT_DB_ALIAS


class _Connection(ConnectionProxy):
    """What `django.db.connection` is, for statements that only read."""

    @property
    def _alias(self) -> str:
        return _alias.get()


connection: Any = _Connection(connections, "")


def current_alias() -> str:
    """Return the name of the database that the current request reads from."""
    return _alias.get()


@process_cache(maxsize=1)
def find_site_columns() -> str:
    """Return SQL that differs whenever any public page would, unless the clock alone changes it."""
    columns: str = import_string(settings.SITE_REVISION_SQL)
    return columns


def read_from_replica[T](render: Callable[[], T], *, revision: Answer | None = None) -> T:
    """Return what `render` returns. It reads from the replica if there is one and it has everything that was committed
    on the primary before this call; else from the primary.

    `revision` is what the primary has answered for `find_site_columns`, if it was asked already. If the replica fails
    halfway, `render` is called again.
    """
    if ALIAS not in settings.DATABASES or monotonic() < _rests_until:
        return render()
    try:
        revision = revision or connection.fetch_row(f"SELECT {find_site_columns()}", ())
    except Error:
        return render()  # the primary is down, and nobody knows how old the replica is
    try:
        with _snapshot() as known:
            if is_current := known == revision:
                result = render()
    except Error as error:
        _let_rest(error)
        return render()
    metrics.REPLICA.labels("used" if is_current else "behind").inc()
    return result if is_current else render()


@contextmanager
def _snapshot() -> Iterator[Answer]:
    """Read from one snapshot of the replica until the end of the block. Yield its revision of the site."""
    with transaction.atomic(using=ALIAS):
        revision: Answer = cast("Any", connections[ALIAS]).begin_snapshot(f"SELECT {find_site_columns()}", PATIENCE)
        token = _alias.set(ALIAS)
        try:
            yield revision
        finally:
            _alias.reset(token)


def _let_rest(error: Error) -> None:
    global _rests_until
    _rests_until = monotonic() + REST
    metrics.REPLICA.labels("failed").inc()
    logger.warning("The replica is not used for %d seconds: %s", REST, str(error).strip())


def _wake() -> None:
    global _rests_until
    _rests_until = 0.0


on_clear(_wake)
