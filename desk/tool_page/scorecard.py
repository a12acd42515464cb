"""The scorecard on a tool's page: one row per seat of the panel, in which its next edition is written.

Published editions are shown but not edited. A row holds one form: for the seat's draft, for its scheduled edition, or
for a new edition. Saving creates or changes that edition and no other.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import ClassVar

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString

from desk.history.conflicts import CHANGE_REASON
from desk.history.form_merge import FormMerge
from desk.ids import parse_id
from desk.permissions import AnyUser, may_publish, may_see_draft_of, may_write_for, writes_own_drafts_only
from desk.publishing.gate import Finding, check_review
from desk.publishing.transitions import TRANSITIONS, apply_transition
from desk.tool_page.seat_forms import PredictionForms, SeatForm
from desk.tool_page.seat_merge import NOTHING_SEEN, SeatMerge, compute_digest, is_digest
from reviews.basis import find_basis_errors
from reviews.choices import Outcome
from reviews.models import Prediction, Review, Reviewer
from reviews.panel import Panel
from reviews.verdicts import find_verdict_errors
from tools.models import Tool
from tools.publishing import PublicationState, Publishable
from web import markdown
from web.normalize import normalize_line

EDITION_CHANGED = (
    "Someone has changed this seat’s review since you opened the page. Your text is still here, with theirs beside it. "
    "Save again to replace theirs with yours."
)
COPY_IT = "Nothing was saved. Copy what you typed, and open the page again."
SEAT_DELETED = f"This seat was deleted since you opened the page. {COPY_IT}"
SEAT_TAKEN = f"You no longer write for this seat. {COPY_IT}"
EDITION_SCHEDULED = (
    f"This edition was scheduled since you opened the page, and only an editor may change it now. {COPY_IT}"
)


class EditionChangedError(Exception):
    """Someone else has changed a seat's edition between validating and saving it."""


class ScorecardRow:
    """One row of the scorecard: a seat, its published edition, and the form for its next one."""

    def __init__(
        self,
        reviewer: Reviewer,
        editions: list[Review],
        scorecard: "Scorecard",
        data: QueryDict | None,
        *,
        may_write: bool,
    ) -> None:
        """Take all editions of a seat on the tool, oldest first, with their predictions, and the posted data."""
        self.reviewer, self.scorecard = reviewer, scorecard
        self.prefix = f"{scorecard.prefix}-{reviewer.pk}"
        by_state = {state: [edition for edition in editions if edition.state == state] for state in PublicationState}
        self.published: Review | None = next(iter(by_state[PublicationState.PUBLISHED][::-1]), None)
        self.earlier_count = len(by_state[PublicationState.PUBLISHED]) - 1
        scheduled, drafts = by_state[PublicationState.SCHEDULED], by_state[PublicationState.DRAFT]
        if not may_see_draft_of(scorecard.user, reviewer):
            scheduled, drafts = [], []
        self.edition: Review | None = next(iter(drafts or scheduled[::-1]), None)
        self.also_scheduled = [edition for edition in scheduled if edition is not self.edition]
        refusal = "" if may_write else SEAT_DELETED if reviewer._state.adding else SEAT_TAKEN
        if self.edition in scheduled and writes_own_drafts_only(scorecard.user):
            refusal = refusal or EDITION_SCHEDULED
        seen = data.get(f"{self.prefix}-seen", "") if data is not None else ""
        self.refusal = refusal if is_digest(seen) else ""
        """Why the form of a page that could be written in may no longer be saved; it is shown again as it was typed."""
        self.may_write = not refusal or bool(self.refusal)
        is_submitted = data is not None and f"{self.prefix}-seen" in data and self.may_write
        self.is_submitted = is_submitted
        self.is_outdated = False
        self.form = SeatForm(data if is_submitted else None, prefix=self.prefix, initial=self._initial())
        if not scorecard.may_publish_here:
            del self.form.fields["publish_now"]
        elif self.edition and self.edition.state == PublicationState.SCHEDULED:
            self.form.fields["publish_now"].label = "Publish this edition now, not at its time"
        if not (drafts and scorecard.may_delete):
            del self.form.fields["discard"]
        self.predictions = PredictionForms(
            data if is_submitted else None,
            prefix=f"{self.prefix}-predictions",
            initial=[
                {"id": prediction.pk, "claim": prediction.claim, "due_on": prediction.due_on}
                for prediction in self.open_predictions
            ],
        )

    def _initial(self) -> dict[str, object]:
        words = {name: getattr(self.edition, name) for name in Review.WORD_FIELDS} if self.edition else {}
        return {**words, "seen": self.seen}

    @property
    def seen(self) -> str:
        """A digest of the edition as the page shows it. A form posts it back, which reveals an edit in between."""
        return compute_digest(self.edition) if self.edition else NOTHING_SEEN

    @property
    def open_predictions(self) -> list[Prediction]:
        predictions = self.edition.predictions.all() if self.edition else ()
        return [prediction for prediction in predictions if prediction.outcome == Outcome.OPEN]

    @property
    def judged_predictions(self) -> list[Prediction]:
        predictions = self.edition.predictions.all() if self.edition else ()
        return [prediction for prediction in predictions if prediction.outcome != Outcome.OPEN]

    @property
    def verdict(self) -> str:
        """The seat's verdict once everything on the page is published; "" if there is none."""
        if self.is_submitted:
            return self.form["verdict"].value() or self.published_verdict
        return (self.edition and self.edition.verdict) or self.published_verdict

    @property
    def published_verdict(self) -> str:
        return self.published.verdict if self.published else ""

    @property
    def published_words(self) -> dict[str, object]:
        """The words of the published edition as an editor wrote them, from which a new edition can start."""
        return {name: getattr(self.published, name) for name in Review.WORD_FIELDS} if self.published else {}

    @property
    def published_quote(self) -> SafeString:
        return markdown.render_uncached(self.published.quote) if self.published else SafeString()

    @property
    def is_open(self) -> bool:
        """Whether the form is visible at once, and not behind “Write a new edition”."""
        return self.edition is not None or self.published is None or self.has_changed()

    @property
    def summary(self) -> str:
        """What a folded row says about the seat: its published verdict, and what is to come."""
        published = f"{self.published.get_verdict_display()}, published" if self.published else "Nothing published"
        if self.edition is None:
            return f"{published}."
        if self.edition.state == PublicationState.SCHEDULED:
            return f"{published}; another edition is scheduled."
        return f"{published}; there is a draft."

    def merge(self, merge: FormMerge) -> None:
        """Add this seat's edition and predictions to the merge of a posted form with what others saved."""
        SeatMerge(self, merge).collect()

    def has_changed(self) -> bool:
        """Return whether anything was typed that needs saving."""
        if not self.is_submitted:
            return False
        return bool(set(self.form.changed_data) - {"seen"}) or self.predictions.has_changed()

    def is_valid(self) -> bool:
        return self._is_valid

    @cached_property
    def _is_valid(self) -> bool:
        if not self.has_changed():
            return True
        self.form.full_clean()
        if self.refusal:
            self.form.add_error(None, self.refusal)
        elif self.form.cleaned_data.get("seen") != self.seen:
            self.is_outdated = True
            self.form.add_error(None, EDITION_CHANGED)
            self.form.data = {**self.form.data.dict(), self.form.add_prefix("seen"): self.seen}  # type: ignore[attr-defined] # a QueryDict
        if not self.form.cleaned_data.get("discard"):
            self._check_text()
        return all([self.form.is_valid(), self.predictions.is_valid()])

    def _check_text(self) -> None:
        cleaned = self.form.cleaned_data
        verdict, quote = cleaned.get("verdict", ""), cleaned.get("quote", "")
        is_draft = not cleaned.get("publish_now") and (self.edition is None or self.edition.published_at is None)
        for field, message in find_verdict_errors(verdict=verdict, quote=quote, is_draft=is_draft).items():
            if field not in self.form.errors:
                self.form.add_error(field, message)
        self._check_basis()
        if cleaned.get("publish_now") and not self.form.errors and self.predictions.is_valid():
            for finding in self._findings():
                self.form.add_error("publish_now", finding.words)

    def _check_basis(self) -> None:
        cleaned = self.form.cleaned_data
        if not cleaned.get("basis") and cleaned.get("verdict") and "basis" not in self.form.errors:
            self.form.add_error("basis", "Choose what stands behind the verdict.")
            return
        errors = find_basis_errors(
            basis=cleaned.get("basis", ""),
            basis_version=cleaned.get("basis_version", ""),
            basis_days=cleaned.get("basis_days"),
        )
        for field, message in errors.items():
            if field not in self.form.errors:
                self.form.add_error(field, message)

    def _findings(self) -> list[Finding]:
        """Return what the gate finds missing in the edition as typed, if it blocks."""
        text = {name: self.form.cleaned_data[name] for name in Review.WORD_FIELDS}
        typed = Review(tool=self.scorecard.tool, reviewer=self.reviewer, **text)
        predictions = [
            Prediction(claim=form.cleaned_data["claim"], due_on=form.cleaned_data["due_on"])
            for form in self.predictions.forms
            if form.cleaned_data.get("claim")
        ]
        findings = check_review(typed, predictions=predictions, at=timezone.now())
        return [finding for finding in findings if finding.blocks]

    def errors(self) -> list[ErrorDict | ErrorList]:
        if not self.has_changed():
            return []
        return [self.form.errors, *self.predictions.errors]

    def save(self, tool: Tool) -> None:
        """Save what was typed, publish it if requested, and record it in the scorecard. Raises EditionChangedError."""
        cleaned = self.form.cleaned_data
        if self.edition is not None:
            self._lock(self.edition)
        if cleaned.get("discard") and self.edition is not None:
            self.edition.delete()
            self.scorecard.deleted_objects.append(self.edition)
            return
        changed = [name for name in self.form.changed_data if name in Review.WORD_FIELDS]
        review = self._save_text(tool, has_changed=bool(changed))
        if self._save_predictions(review):
            changed.append("predictions")
        if cleaned.get("publish_now"):
            self._publish(review)
            changed.append("published_at")
        if self.edition is None:
            self.scorecard.new_objects.append(review)
        elif changed:
            self.scorecard.changed_objects.append((review, changed))

    def _save_text(self, tool: Tool, *, has_changed: bool) -> Review:
        """Return the edition with the typed text: the existing draft or scheduled edition, or a new draft."""
        words = {name: self.form.cleaned_data[name] for name in Review.WORD_FIELDS}
        if self.edition is not None:
            for name, value in words.items():
                setattr(self.edition, name, value)
            if has_changed:
                self.edition.save()
            return self.edition
        if self.published is not None:
            return self.published.draft_next_edition(**words)
        return Review.objects.create(tool=tool, reviewer=self.reviewer, **words)

    def _publish(self, review: Review) -> None:
        """Publish a saved edition as the button on its own page does, with the reason that was typed on this page."""
        card = self.scorecard
        result = apply_transition(review, TRANSITIONS["publish"], seen=None, user=card.user, reason=card.reason)
        if not result.is_done:  # the gate passed it when the form was validated
            raise EditionChangedError(result.words)

    @staticmethod
    def _lock(edition: Review) -> None:
        """Lock the edition's row. Raises EditionChangedError if someone has changed it since it was read."""
        fields = (*Publishable.TIME_FIELDS, *Review.WORD_FIELDS)
        rows = Review.objects.filter(pk=edition.pk).order_by().select_for_update(of=("self",), no_key=True)
        row = rows.values_list(*fields).first()
        if row is None or row != tuple(getattr(edition, name) for name in fields):
            raise EditionChangedError

    def _save_predictions(self, review: Review) -> bool:
        """Create, change, and delete predictions as typed. Return whether anything changed."""
        existing = {prediction.pk: prediction for prediction in self.open_predictions}
        changed = [form for form in self.predictions.forms if form.has_changed()]
        for form in changed:
            claim, due_on = form.cleaned_data.get("claim"), form.cleaned_data.get("due_on")
            prediction = existing.get(form.cleaned_data.get("id"), Prediction(review=review))
            if claim:
                prediction.claim, prediction.due_on = claim, due_on
                prediction.save()
            elif prediction.pk:
                prediction.delete()
        return bool(changed)


class Scorecard:
    """All rows, in seat order. Duck-types a formset for the admin."""

    model = Review
    user: ClassVar[AnyUser]
    initial_forms: ClassVar[list[SeatForm]] = []
    extra_forms: ClassVar[list[SeatForm]] = []
    media = forms.Media()

    def __init__(
        self,
        data: QueryDict | None = None,
        files: object = None,
        instance: Tool | None = None,
        prefix: str = "scorecard",
        queryset: object = None,
        save_as_new: bool = False,  # noqa: FBT001, FBT002 (as formsets take it)
    ) -> None:
        self.tool, self.prefix, self.is_bound = instance or Tool(), prefix, data is not None
        self.reason = normalize_line(data.get(CHANGE_REASON, "")) if data is not None else ""
        self.new_objects: list[Review] = []
        self.changed_objects: list[tuple[Review, list[str]]] = []
        self.deleted_objects: list[Review] = []
        self.may_delete = self.user.has_perm("reviews.delete_review")
        self.may_publish_here = (
            may_publish(self.user, Review) and self.tool.pk and self.tool.state == PublicationState.PUBLISHED
        )
        editions: dict[int, list[Review]] = defaultdict(list)
        if self.tool.pk:
            reviews = Review.objects.filter(tool=self.tool).prefetch_related("predictions")
            for edition in reviews.order_by("published_at", "pk"):
                editions[edition.reviewer_id].append(edition)
        self.rows = [
            ScorecardRow(reviewer, editions[reviewer.pk], self, data, may_write=may_write_for(self.user, reviewer))
            for reviewer in Reviewer.objects.order_by("seat")
        ]
        if data is not None:
            self.rows += self._list_deleted_seats(data)

    def _list_deleted_seats(self, data: QueryDict) -> list[ScorecardRow]:
        """Return a row for each seat that was deleted while somebody wrote for it."""
        known = {row.reviewer.pk for row in self.rows}
        posted = (re.fullmatch(rf"{re.escape(self.prefix)}-([0-9]+)-seen", name) for name in data)
        pks = {pk for match in posted if match and (pk := parse_id(match[1]))} - known
        seats = [Reviewer(pk=pk, slug=f"deleted-{pk}", name="A seat that was deleted") for pk in sorted(pks)]
        rows = [ScorecardRow(seat, [], self, data, may_write=False) for seat in seats]
        return [row for row in rows if row.has_changed()]

    def __iter__(self) -> Iterator[ScorecardRow]:
        return iter(self.rows)

    def merge(self, merge: FormMerge) -> None:
        """Add all seats to the merge of a posted form with what others saved."""
        for row in self.rows:
            row.merge(merge)

    @property
    def panel(self) -> Panel:
        """Panel ship once everything on the page is published."""
        return Panel.from_verdicts([(row.reviewer.name, row.verdict) for row in self.rows if row.verdict])

    # -- The interface of a formset ---------------------------------------------------------------------------

    @classmethod
    def get_default_prefix(cls) -> str:
        return "scorecard"

    @property
    def forms(self) -> list[SeatForm]:
        return [row.form for row in self.rows]

    def is_valid(self) -> bool:
        are_valid = [row.is_valid() for row in self.rows]  # all of them, so that each reports its errors
        return all(are_valid)

    @property
    def errors(self) -> list[ErrorDict | ErrorList]:
        return list(chain.from_iterable(row.errors() for row in self.rows))

    def non_form_errors(self) -> list[str]:
        return []

    def is_multipart(self) -> bool:
        return False

    def get_queryset(self) -> list[Review]:
        return []

    def save(self) -> None:
        for row in self.rows:
            if row.has_changed():
                row.save(self.tool)

    @property
    def saved_reviews(self) -> list[Review]:
        """The reviews that were created or changed."""
        return [*self.new_objects, *(review for review, _ in self.changed_objects)]
