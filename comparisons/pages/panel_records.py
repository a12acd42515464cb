"""How the seats of the panel judge, cached per revision of the site."""

from collections import Counter
from itertools import groupby
from typing import NamedTuple

from comparisons.reading.agreement import SeatRecord, read_seat_records
from comparisons.reading.revision import Revision
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
    """The predictions of a seat that were due last, in the order of time, and how they turned out."""

    seat: Reviewer
    predictions: list[Prediction]
    record: TrackRecord


@cached_per_revision(maxsize=4)
def read_last_predictions(revision: Revision, *, most: int) -> list[SeatPredictions]:
    """Return the predictions of each seat that has any, at most those due last. One query per revision."""
    predictions = Prediction.objects.on_record().last_of_each_seat(most)
    by_seat = [(seat, list(rows)) for seat, rows in groupby(predictions, key=lambda one: one.review.reviewer)]
    return [SeatPredictions(seat, rows, TrackRecord.of(Counter(one.outcome for one in rows))) for seat, rows in by_seat]
