"""The merge of a seat of the scorecard with what others saved since the page was opened."""

import re
from datetime import UTC
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from desk.history.form_merge import FormMerge, read_rows, write_rows
from desk.history.form_versions import FormVersions, build_row
from desk.history.merging import MergeQuestion
from desk.ids import parse_id
from desk.tool_page.seat_forms import read_prediction, read_words
from reviews.models import Prediction, Review

if TYPE_CHECKING:
    from desk.tool_page.scorecard import ScorecardRow

NOTHING_SEEN = "nothing"
"""The digest of no edition."""


def compute_digest(edition: Review) -> str:
    """Return what identifies an edition as a page showed it: its words and its state."""
    seen = edition.published_at and edition.published_at.astimezone(UTC).isoformat()
    words = (edition.pk, seen, *edition.words)
    return blake2b(repr(words).encode(), digest_size=8).hexdigest()


def is_digest(text: str) -> bool:
    """Return whether a text can be the digest of an edition, or of none."""
    return text == NOTHING_SEEN or bool(re.fullmatch(r"[0-9a-f]{16}", text))


class SeatMerge:
    """The merge of one seat: the words of its edition, and its predictions."""

    def __init__(self, row: "ScorecardRow", merge: FormMerge) -> None:
        self.row, self.form_merge, self.prefix = row, merge, f"{row.prefix}-predictions"
        self.seen = merge.before.get(f"{row.prefix}-seen", "")
        self.current = {prediction.pk: prediction for prediction in row.open_predictions}
        self.posted = read_rows(merge.before, self.prefix)

    def collect(self) -> None:
        row, prefix = self.row, self.row.prefix
        if not self.seen or not row.may_write:
            return
        base, is_known = self._find_base()
        is_gone = base is not None and row.edition is None
        read = partial(read_words, prefix=prefix)
        self.form_merge.add(
            FormVersions(
                prefix,
                row.reviewer.name,
                partial(read, base) if is_known else None,
                None if is_gone else partial(read, row.edition),
                is_removed=bool(self.form_merge.before.get(f"{prefix}-discard")),
                gone="They deleted or published it, and you changed it.",
            )
        )
        for number, posted in self.posted.items():
            pk = parse_id(posted.get("id", [""])[-1])
            if pk and not is_gone:
                self._add_prediction(number, pk, posted)
        self.form_merge.inlines.append(self)

    def _find_base(self) -> tuple[Review | None, bool]:
        """Return the edition that the page was opened with, and whether it is known."""
        if self.seen in (self.row.seen, NOTHING_SEEN):
            return (self.row.edition if self.seen == self.row.seen else None), True
        for values in self.form_merge.states.get(Review, {}).values():
            if values and values["reviewer_id"] == self.row.reviewer.pk:
                edition = build_row(Review, values)
                if isinstance(edition, Review) and compute_digest(edition) == self.seen:
                    return edition, True
        return None, False

    def _add_prediction(self, number: int, pk: int, posted: dict[str, list[str]]) -> None:
        now = self.current.get(pk)
        theirs = {"claim": now.claim, "due_on": now.due_on} if now else None
        base = self.form_merge.get_base(Prediction, pk)
        read = partial(read_prediction, prefix=f"{self.prefix}-{number}")
        base = theirs if base == {} else base
        self.form_merge.add(
            FormVersions(
                f"{self.prefix}-{number}",
                f"{self.row.reviewer.name}, prediction",
                None if base is None else partial(read, base),
                None if theirs is None else partial(read, theirs),
                is_removed=not any(posted.get(name, [""])[-1].strip() for name in ("claim", "due_on")),
            )
        )

    def write(self) -> None:
        """Update the posted seat: it goes on from the edition as it is now."""
        merge, prefix = self.form_merge, self.row.prefix
        is_left = merge.has_row(prefix)
        if not is_left and self.row.edition is None:  # they removed it
            for name in [name for name in merge.posted if name.startswith(f"{prefix}-")]:
                del merge.posted[name]
            merge.posted[f"{self.prefix}-TOTAL_FORMS"] = "0"
            self.posted = {}
        if is_left and prefix not in merge.mine and MergeQuestion(prefix) not in merge.merged.questions:
            merge.posted.pop(f"{prefix}-discard", None)  # I removed it, and theirs stays
        merge.posted[f"{prefix}-seen"] = self.row.seen
        existing: dict[int, tuple[int | None, dict[str, list[str]]]] = {}
        new = []
        for number, posted in read_rows(merge.posted, self.prefix).items():
            pk = parse_id(posted.get("id", [""])[-1])
            if pk in self.current:
                existing[pk] = (number, posted)
            elif not pk or self.row.edition is None or merge.has_row(f"{self.prefix}-{number}"):
                new.append((number, posted | {"id": [""]}))
        for pk, prediction in self.current.items():
            values = {"id": [str(pk)], "claim": [prediction.claim], "due_on": [prediction.due_on.isoformat()]}
            existing.setdefault(pk, (None, values))
        in_order = [existing[pk] for pk in self.current]
        merge.renamed |= write_rows(merge.posted, self.prefix, in_order, new)
