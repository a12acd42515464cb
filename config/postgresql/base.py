from collections.abc import Sequence
from itertools import count
from select import POLLIN, poll
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from config.postgresql import CONNECT_TIMEOUT

UNKNOWN_STATEMENT = b"26000"  # SQLSTATE
PATIENCE = 5.0  # seconds for which `fetch_row` waits
RETRY_SECONDS = 0.5  # how long after a failure this process does not try again

_retry_at: dict[str, float] = {}  # for each server that is down, when one thread may try again; by alias
_numbers = count()  # of prepared statements


class DatabaseWrapper(base.DatabaseWrapper):
    connection: "Connection[Any] | None"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._prepared: dict[str, bytes] = {}  # names of the statements of `fetch_row` that this session has prepared
        self._is_doubtful = False  # whether psycopg may have deallocated them

    def get_new_connection(self, conn_params: dict[str, Any]) -> "Connection[Any]":
        """Connect. While the server is down, one thread at a time tries; the others raise OperationalError at once, so
        that a server that does not even refuse connections does not take all threads.
        """
        if (retry_at := _retry_at.get(self.alias)) is not None:
            if monotonic() < retry_at:
                raise OperationalError("PostgreSQL did not answer a moment ago")
            _retry_at[self.alias] = monotonic() + CONNECT_TIMEOUT + RETRY_SECONDS
        try:
            connection: Connection[Any] = super().get_new_connection(conn_params)
        except OperationalError:
            _retry_at[self.alias] = monotonic() + RETRY_SECONDS
            raise
        _retry_at.pop(self.alias, None)
        self._prepared.clear()
        self._is_doubtful = False
        return connection

    def _rollback(self) -> None:
        self._is_doubtful = True
        super()._rollback()  # type: ignore[misc] # the stubs lack it

    def _savepoint_rollback(self, sid: str) -> None:
        self._is_doubtful = True
        super()._savepoint_rollback(sid)  # type: ignore[misc] # as above

    def chunked_cursor(self) -> Any:
        """Return a cursor of the server only in a transaction: a transaction pooler would lose it otherwise."""
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()

    def fetch_row(self, sql: str, parameters: Sequence[str]) -> tuple[bytes | None, ...]:
        """Return the only row of a statement with the parameters $1, $2, …, as PostgreSQL writes it.

        It goes straight to libpq, which takes a third of the time of a cursor. If there is no answer in PATIENCE
        seconds, the connection is closed and OperationalError is raised: the statement is a quick one, so the server is
        frozen, and would keep the thread for as long as it is.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        session = self.connection.pgconn  # type: ignore[union-attr] # it is connected
        values = [parameter.encode() for parameter in parameters]
        with self.wrap_database_errors:
            if self.in_atomic_block or not self.settings_dict["OPTIONS"].get("server_side_binding"):
                # Without DATABASE_PREPARE; and in a transaction, which a missing statement would abort.
                session.send_query_params(sql.encode(), values)
                result = self._receive(session)
            else:
                if self._is_doubtful:
                    self._close_prepared(session)
                session.send_query_prepared(self._prepare(session, sql), values)
                result = self._receive(session)
                if result.error_field(DiagnosticField.SQLSTATE) == UNKNOWN_STATEMENT:
                    # psycopg deallocates all statements after DROP and ALTER as well.
                    self._prepared.clear()
                    session.send_query_prepared(self._prepare(session, sql), values)
                    result = self._receive(session)
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result)
            return _read_row(result)

    def _prepare(self, session: PGconn, sql: str) -> bytes:
        """Return the name under which this session has prepared a statement of `fetch_row`."""
        if (name := self._prepared.get(sql)) is None:
            name = f"fetch_row_{next(_numbers)}".encode()
            session.send_prepare(name, sql.encode())
            result = self._receive(session)
            if result.status != ExecStatus.COMMAND_OK:
                raise error_from_result(result)
            self._prepared[sql] = name
        return name

    def _close_prepared(self, session: PGconn) -> None:
        """Close the statements of `fetch_row`, whether they still exist or not.

        After a rollback, psycopg deallocates all statements, if it has prepared any itself. Executing one that does not
        exist is an error for PostgreSQL, after which it could be prepared again, but PgBouncer ends the session.
        Closing one that does not exist is fine for both.
        """
        for name in self._prepared.values():
            session.send_close_prepared(name)
            self._receive(session)
        self._prepared.clear()
        self._is_doubtful = False

    def begin_snapshot(self, sql: str, patience: float) -> tuple[bytes | None, ...]:
        """Begin a transaction that reads one snapshot, and return the only row of a statement in it. One round trip.

        Call it at the start of an atomic block. If there is no answer within `patience` seconds, the connection is
        closed and OperationalError is raised: a server that is frozen would otherwise take the thread with it.
        """
        session = self.connection.pgconn  # type: ignore[union-attr] # the atomic block has connected
        results = []
        until = monotonic() + patience
        with self.wrap_database_errors:
            session.send_query(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {sql}".encode())
            session.flush()
            while self._wait_for_result(session, until) and (result := session.get_result()):
                results.append(result)
            for result in results:
                if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                    raise error_from_result(result)
        return _read_row(results[-1])

    def _receive(self, session: PGconn) -> PGresult:
        """Return the result of what was sent. Raise OperationalError if it takes longer than PATIENCE."""
        session.flush()
        self._wait_for_result(session, monotonic() + PATIENCE)
        result = session.get_result()
        while session.get_result():  # libpq takes no other statement before there is none
            pass
        if result is None:
            raise OperationalError("the connection has ended")
        return result

    def _wait_for_result(self, session: PGconn, until: float) -> bool:
        """Return true as soon as `get_result` does not block. Raise OperationalError if that takes too long."""
        answers = poll()
        answers.register(session.socket, POLLIN)
        while session.is_busy():
            if not answers.poll(max(until - monotonic(), 0) * 1000):
                self.close()
                raise OperationalError("the server does not answer in time")
            session.consume_input()
        return True

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


def _read_row(result: PGresult) -> tuple[bytes | None, ...]:
    return tuple(result.get_value(0, column) for column in range(result.nfields))
