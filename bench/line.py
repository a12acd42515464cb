"""A line to PostgreSQL that can be cut and repaired."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PORT = 5432


class CutLine:
    """A Unix socket that forwards to a server, to which `connect` connects. `folder` is the `host` of its clients.

    Each connection has two threads, so a line is for some dozens of them.
    """

    def __init__(self, connect: Callable[[], socket.socket], *, port: int = PORT) -> None:
        self._connect = connect
        self.folder = tempfile.mkdtemp(prefix="line", dir="/tmp")
        self._path = f"{self.folder}/.s.PGSQL.{port}"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def __enter__(self) -> "CutLine":
        self.repair()
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def remove(self) -> None:
        self.cut()
        shutil.rmtree(self.folder)

    def repair(self) -> None:
        """Close every connection, and forward new ones."""
        self.cut()
        self._listen()
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def stall(self) -> None:
        """Close every connection, and never answer new ones, as if the machine or the network were gone."""
        self.cut()
        self._listen()

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen(64)

    def cut(self) -> None:
        """Close every connection and refuse new ones, as a server that has stopped does."""
        if self._listener is None:
            return
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        Path(self._path).unlink()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the line was cut
            while True:
                near, _ = listener.accept()
                try:
                    far = self._connect()
                except OSError:  # the server is down
                    near.close()
                    continue
                self._open = [end for end in self._open if end.fileno() >= 0] + [near, far]
                threading.Thread(target=_join, args=[near, far], daemon=True).start()


def connect_to_unix_socket(folder: str, port: int = PORT) -> socket.socket:
    """Connect to the PostgreSQL whose socket is in a folder."""
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(f"{folder}/.s.PGSQL.{port}")
    except OSError:
        server.close()
        raise
    return server


def _join(near: socket.socket, far: socket.socket) -> None:
    """Forward both ways until one end closes, and close the other."""
    back = threading.Thread(target=_forward, args=[far, near], daemon=True)
    back.start()
    _forward(near, far)
    back.join()
    near.close()
    far.close()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
