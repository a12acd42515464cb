"""Shipside broken on purpose: it responds first and commits seconds later. The proof must detect that."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from config.wsgi import application as honest
from votes.community import Community
from votes.models import CastResult, VoteQuerySet

DELAY = 10.0  # seconds; long enough to be killed in the meantime


class Late:
    """A response after which the transaction is committed."""

    def __init__(self, response: Iterable[bytes]) -> None:
        self.response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.response)

    def close(self) -> None:
        time.sleep(DELAY)
        if not connection.get_autocommit():
            connection.commit()
            connection.set_autocommit(True)
        self.response.close()  # type: ignore[attr-defined] # Django's responses have one


def cast_late(votes: VoteQuerySet, **vote: Any) -> CastResult[Community]:
    """Cast within a transaction that stays open. Rate limits are counted and committed before it, so no one waits."""
    connection.set_autocommit(False)
    return cast(votes, **vote)


cast, VoteQuerySet.cast = VoteQuerySet.cast, cast_late  # type: ignore[method-assign] # the sabotage


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return honest(environ, start_response)
    return Late(honest(environ, start_response))
