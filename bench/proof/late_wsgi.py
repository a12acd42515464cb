"""Shipside broken on purpose: it answers first and commits some seconds later. The proof must notice."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from config.wsgi import application as honest
from votes.models import Standing, VoteQuerySet

LATE = 5.0  # seconds: long enough to be killed in


class Late:
    """An answer after which the transaction is committed."""

    def __init__(self, answer: Iterable[bytes]) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer)

    def close(self) -> None:
        time.sleep(LATE)
        if not connection.get_autocommit():
            connection.commit()
            connection.set_autocommit(True)
        self.answer.close()  # type: ignore[attr-defined] # Django's answers have one


def cast_late(votes: VoteQuerySet, **vote: Any) -> Standing:
    """Cast within a transaction that stays open. The amounts that were counted before are committed by then, so nobody
    waits at them.
    """
    connection.set_autocommit(False)
    return cast(votes, **vote)


cast, VoteQuerySet.cast = VoteQuerySet.cast, cast_late  # type: ignore[method-assign] # the sabotage


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return honest(environ, start_response)
    return Late(honest(environ, start_response))
