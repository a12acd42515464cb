"""Shipside broken on purpose: it answers first and commits a moment later. The proof must notice."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from config.wsgi import application as honest

LATE = 1.0  # seconds


class Late:
    """An answer after which the transaction is committed."""

    def __init__(self, answer: Iterable[bytes]) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer)

    def close(self) -> None:
        time.sleep(LATE)
        connection.commit()
        connection.set_autocommit(True)
        self.answer.close()  # type: ignore[attr-defined] # Django's answers have one


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return honest(environ, start_response)
    connection.set_autocommit(False)
    return Late(honest(environ, start_response))
