"""How the seats of the panel judge, cached per revision of the site."""

from collections import Counter
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.safestring import SafeString

from comparisons.reading.agreement import SeatRecord, read_seat_records
from comparisons.reading.revision import Revision
from comparisons.shaping.claims import render_marks
from reviews.models import Prediction, Reviewer
from reviews.track_record import TrackRecord
from web.caching import cached_per_revision


class PanelRecords(NamedTuple):
    """What depends only on editors' content and the clock, by reviewer's id."""

    records: dict[int, SeatRecord]
    track_records: dict[int, TrackRecord]


@cached_per_revision()
def read_panel(revision: Revision) -> PanelRecords:
    """Return the records of all seats. Two queries at the first look per revision, and none after that."""
    outcomes = Prediction.objects.on_record().outcomes()
    return PanelRecords(read_seat_records(), {seat: TrackRecord.of(counts) for seat, counts in outcomes.items()})


@cached_per_revision(maxsize=16)
def read_predictions(revision: Revision, reviewer: int, *, most: int) -> list[Prediction]:
    """Return the predictions of a seat, given by its reviewer's id, in the order of time: at most those due last."""
    return list(Prediction.objects.on_record().of_seat(reviewer)[:most])[::-1]


class SeatPredictions(NamedTuple):
    """How the predictions of a seat that were due last turned out, in the order of time."""

    seat: Reviewer
    outcomes: list[str]
    marks: SafeString
    record: TrackRecord


@cached_per_revision(maxsize=4)
def read_last_predictions(revision: Revision, *, most: int) -> list[SeatPredictions]:
    """Return how the predictions of each seat that has any turned out, at most those due last. One query."""
    latest = Prediction.objects.on_record().of_seat(OuterRef("pk")).values("outcome")[:most]
    seats: Any = Reviewer.objects.order_by("seat").annotate(latest=ArraySubquery(latest))
    by_seat = [(seat, seat.latest[::-1]) for seat in seats if seat.latest]
    return [
        SeatPredictions(seat, outcomes, render_marks(outcomes), TrackRecord.of(Counter(outcomes)))
        for seat, outcomes in by_seat
    ]
