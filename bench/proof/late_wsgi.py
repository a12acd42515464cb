"""Shipside broken on purpose: it answers first and commits a moment later. The proof must notice."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.signals import request_started
from django.db import connection

from config.wsgi import application as honest

LATE = 0.5  # seconds


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


def hold(*, environ: dict[str, Any], **kwargs: Any) -> None:
    """Open a transaction that nobody commits: after Django has looked its connections through at a request's start."""
    if environ["REQUEST_METHOD"] == "POST":
        connection.set_autocommit(False)


request_started.connect(hold)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return honest(environ, start_response)
    return Late(honest(environ, start_response))
