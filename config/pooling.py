"""Health checks of pooled database connections."""

from select import select

import psycopg
from psycopg_pool import ConnectionPool


def check_connection(connection: psycopg.Connection) -> None:
    """Raise OperationalError for a pooled connection that the server has closed, without a round trip to the server.

    A server that shuts down sends a message and closes the socket, so a dead idle connection is readable. Only then
    this makes a round trip, which raises the error, and the pool opens another connection.
    """
    if select([connection], [], [], 0)[0]:
        ConnectionPool.check_connection(connection)
