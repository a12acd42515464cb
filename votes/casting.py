"""Casting votes within the limits."""

import uuid
from datetime import datetime

from django.utils import timezone

from tools.models import Tool
from votes.community import Community
from votes.limits import LimitCheck, check_limits
from votes.models import CastResult, Choice, PairChoice, PairVote, Vote
from votes.preference import Preference
from votes.subjects import Subject
from web import metrics


class TooManyRequestsError(Exception):
    """A network sends far more requests than usual. `seconds` says when to retry."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def cast(*, tool: Tool, visitor: uuid.UUID, choice: Choice, address: str) -> CastResult[Community]:
    """Set a visitor's vote on a published tool, held if it exceeds a limit. Idempotent.

    Amounts are counted in a transaction of their own before that of the vote, so that nobody waits at a counter for
    somebody else's commit. Raises TooManyRequestsError, and then changes nothing.
    """
    at = timezone.now()
    admitted = _admit(Subject.of_tool(tool), visitor=visitor, sets=choice != Choice.NONE, address=address, at=at)
    result = Vote.objects.cast(
        tool=tool, visitor=visitor, choice=choice, held_for=admitted.held_for, network=admitted.network, at=at
    )
    metrics.VOTES.labels("tool", "taken_back" if choice == Choice.NONE else result.state).inc()
    return result


def cast_pair(
    *, shown: tuple[Tool, Tool], visitor: uuid.UUID, choice: PairChoice, address: str
) -> CastResult[Preference]:
    """Set which of two published tools, in the order shown, a visitor would ship with. Otherwise the same as `cast`."""
    at = timezone.now()
    admitted = _admit(Subject.of_pair(*shown), visitor=visitor, sets=choice != PairChoice.NONE, address=address, at=at)
    result = PairVote.objects.cast(
        shown=shown, visitor=visitor, choice=choice, held_for=admitted.held_for, network=admitted.network, at=at
    )
    metrics.VOTES.labels("pair", "taken_back" if choice == PairChoice.NONE else result.state).inc()
    return result


def _admit(subject: Subject, *, visitor: uuid.UUID, sets: bool, address: str, at: datetime) -> LimitCheck:
    """Return the limits' answer to a request. Raise TooManyRequestsError if they refuse it."""
    check = check_limits(subject=subject, visitor=visitor, sets=sets, address=address, at=at)
    if check.refused_for is not None:
        metrics.VOTES.labels(subject.kind.noun, "refused").inc()
        raise TooManyRequestsError(check.refused_for)
    return check
