"""gunicorn's worker with threads, with limits for clients that are slow or do nothing.

gunicorn's own waits in a thread until a client has sent its request, for as long as the client likes, so that a few
such clients take all threads. This one takes a thread only when the head of a request has arrived, and expects the
rest, and the client's taking of the response, in time. A buffering proxy in front does the same for many more clients
(docs/operations.md).
"""

import os
from functools import partial
from selectors import EVENT_READ
from socket import SHUT_WR, socket
from time import monotonic
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import TConn, ThreadWorker

from web.request_ids import current_request_id

# For the head of a request, from its first byte or the connection; for its body; and for each piece of the response.
PATIENCE = float(os.environ.get("SLOW_CLIENT_SECONDS") or 10)  # seconds
MIN_RATE = 64 * 1024  # bytes of a body per second, for bodies that take longer
MAX_HEAD = 64 * 1024  # bytes; a longer one is left to the parser, which refuses it


class Response(wsgi.Response):
    """gunicorn's response without `Server`, which only tells scanners what to try, and with every `close` obeyed."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]

    def should_close(self) -> bool:
        """Return whether the client wants no more. gunicorn only knows a `close` that nothing else stands beside."""
        options = (option for name, value in self.req.headers if name == "CONNECTION" for option in value.split(","))
        return super().should_close() or any(option.strip(" \t").lower() == "close" for option in options)


wsgi.Response = Response  # there is no setting for it


class RequestReader:
    """What the parser reads a request from: a socket that raises NoMoreData when its time is over."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self._deadline = monotonic() + PATIENCE

    def recv(self, size: int) -> bytes:
        self._sock.settimeout(max(self._deadline - monotonic(), 0.01))
        try:
            data = self._sock.recv(size)
        except TimeoutError:
            raise NoMoreData from None
        finally:
            self._sock.settimeout(PATIENCE)
        self._deadline += len(data) / MIN_RATE
        return data


class ClientConnection(TConn):
    """A connection whose head is read without a thread."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._head = bytearray()

    def receive_head(self) -> bool:
        """Read what has arrived. Return whether a thread has something to do: parse the head, or handle an error."""
        try:
            data = self.sock.recv(MAX_HEAD)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._head += data
        return not data or b"\r\n\r\n" in self._head or len(self._head) >= MAX_HEAD

    def init(self) -> None:
        super().init()
        self.sock.settimeout(PATIENCE)
        self.parser.unreader.sock = RequestReader(self.sock)
        self.parser.unreader.unread(bytes(self._head))
        self._head.clear()

    def finish(self) -> None:
        """Send all of the response, although the client may still be sending a body that nobody reads."""
        try:
            self.sock.shutdown(SHUT_WR)
            self.sock.settimeout(0)
            if self.sock.recv(1):
                util.close_graceful(self.sock)
        except OSError:  # nothing unread, or closed already
            pass

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 (gunicorn's signature)
        util.close(self.sock)  # `graceful` would wait for the client in the main thread; `finish` has done it


class SiteWorker(ThreadWorker):
    def accept(self, listener: socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._wait_for_head(ClientConnection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: ClientConnection, client: socket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait_for_head(conn)

    def _wait_for_head(self, conn: ClientConnection) -> None:
        conn.timeout = monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: ClientConnection, client: socket) -> None:
        if conn.receive_head():
            super().on_pending_socket_readable(conn, client)

    def handle(self, conn: ClientConnection) -> Any:
        current_request_id.set("")  # what this thread served before
        result = super().handle(conn)
        if result is False:
            conn.finish()
        return result
