from select import POLLIN, poll
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError

from config.postgresql import CONNECT_TIMEOUT

RETRY_SECONDS = 0.5  # how long after a failure this process does not try again

# While the server is down: when one thread may try again. None if it is up.
_retry_at: float | None = None


class DatabaseWrapper(base.DatabaseWrapper):
    connection: "Connection[Any] | None"

    def get_new_connection(self, conn_params: dict[str, Any]) -> "Connection[Any]":
        """Connect. While the server is down, one thread at a time tries; the others raise OperationalError at once, so
        that a server that does not even refuse connections does not take all threads.
        """
        global _retry_at
        if _retry_at is not None:
            if monotonic() < _retry_at:
                raise OperationalError("PostgreSQL did not answer a moment ago")
            _retry_at = monotonic() + CONNECT_TIMEOUT + RETRY_SECONDS
        try:
            connection: Connection[Any] = super().get_new_connection(conn_params)
        except OperationalError:
            _retry_at = monotonic() + RETRY_SECONDS
            raise
        _retry_at = None
        return connection

    def is_usable(self) -> bool:
        """Return whether the connection still works, in most cases without a round trip.

        A server that shuts down sends a message and closes the socket, so a dead idle connection is readable.
        """
        if self.connection is None or self.connection.closed:
            return False
        idle = poll()  # select() cannot watch file descriptors above 1,023, which a busy server reaches
        idle.register(self.connection.fileno(), POLLIN)
        if not idle.poll(0):
            return True
        return bool(super().is_usable())
