"""When a pooled database connection is still good."""

from select import select

import psycopg
from psycopg_pool import ConnectionPool


def check_connection(connection: psycopg.Connection) -> None:
    """Refuse a pooled connection that the server has closed meanwhile, without asking the server.

    A server that goes away says so and closes the socket, so a dead idle connection has something to read. Only then
    is a round trip made; it raises OperationalError, and the pool opens another connection.
    """
    if select([connection], [], [], 0)[0]:
        ConnectionPool.check_connection(connection)
