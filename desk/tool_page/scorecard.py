"""The scorecard on a tool's page: one row per seat of the panel, in which its next edition is written.

Published editions are shown but not edited. A row holds one form: for the seat's draft, for its scheduled edition, or
for a new edition. Saving creates or changes that edition and no other.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from functools import cached_property, partial
from hashlib import blake2b
from itertools import chain
from typing import Any, ClassVar

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString

from desk.fields import MARKDOWN_PREVIEW_URL, NativeDateInput
from desk.history.conflicts import CHANGE_REASON
from desk.history.form_merge import FormMerge, read_rows, write_rows
from desk.history.form_versions import FormVersions, build_row
from desk.history.merging import Question
from desk.ids import parse_id
from desk.permissions import AnyUser, may_publish, may_see_draft_of, may_write_for, writes_own_drafts_only
from desk.publishing.gate import MIN_QUOTE_LENGTH, Finding, check_review
from desk.publishing.transitions import TRANSITIONS, apply_transition
from reviews.basis import MAX_DAYS, MAX_VERSION_LENGTH, find_basis_errors
from reviews.choices import Basis, Outcome, Verdict
from reviews.models import MAX_GIST_LENGTH, Prediction, Review, Reviewer
from reviews.panel import Panel
from tools.models import Tool
from tools.publishing import PublicationState
from web import clock, markdown
from web.fields import LineField, MultilineField
from web.normalize import normalize_line

BLANK_PREDICTIONS = 2

EDITION_CHANGED = (
    "Someone has changed this seat’s review since you opened the page. Your text is still here, with theirs beside it. "
    "Save again to replace theirs with yours."
)


NOTHING_SEEN = "nothing"


class EditionChangedError(Exception):
    """Someone else has changed a seat's edition between validating and saving it."""


class SeatForm(forms.Form):
    """The next edition of a seat."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict.choices, required=False, widget=forms.RadioSelect)
    gist = LineField(
        required=False,
        max_length=MAX_GIST_LENGTH,
        widget=forms.TextInput(attrs={"data-count": "", "data-most": MAX_GIST_LENGTH}),
        help_text=f"The reason in one line of at most {MAX_GIST_LENGTH} characters. Needed to be published.",
    )
    quote = MultilineField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "data-preview": MARKDOWN_PREVIEW_URL, "data-count": "", "data-least": MIN_QUOTE_LENGTH}
        ),
        help_text=f"Markdown. Needs at least {MIN_QUOTE_LENGTH} characters to be published.",
    )
    flips_if = MultilineField(required=False, label="What would flip it", widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.ChoiceField(
        choices=[("", "---------"), *Basis.choices],
        required=False,
        label="How this seat knows",
        help_text="Readers see it beside the verdict.",
    )
    basis_version = LineField(
        required=False, max_length=MAX_VERSION_LENGTH, label="Version tried", help_text="Only where it was tried."
    )
    basis_days = forms.IntegerField(required=False, min_value=1, max_value=MAX_DAYS, label="Days tried")
    publish_now = forms.BooleanField(
        required=False,
        label="Publish this edition now",
        help_text="A published edition is final. A later one can supersede it.",
    )
    discard = forms.BooleanField(required=False, label="Delete this draft")


class PredictionForm(forms.Form):
    """A dated claim. Emptying it deletes it."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    claim = LineField(required=False, max_length=500)
    due_on = forms.DateField(required=False, widget=NativeDateInput, label="Due on", validators=[clock.validate_year])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        claim, due_on = cleaned.get("claim"), cleaned.get("due_on")
        if claim and due_on is None and "due_on" not in self.errors:
            self.add_error("due_on", "Enter the day on which it can be judged.")
        if due_on and not claim and "claim" not in self.errors:
            self.add_error("claim", "Enter the claim.")
        if due_on and "due_on" in self.changed_data and due_on <= clock.today():
            self.add_error("due_on", "A prediction must be due on a future day.")
        return cleaned


class PredictionFormSet(forms.BaseFormSet):
    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            claim = form.cleaned_data.get("claim")
            if claim and claim in seen:
                form.add_error("claim", "This review already makes that claim.")
            seen.add(claim)


PredictionForms = forms.formset_factory(
    PredictionForm, formset=PredictionFormSet, extra=BLANK_PREDICTIONS, max_num=30, validate_max=True
)


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
        if self.edition in scheduled and writes_own_drafts_only(scorecard.user):
            may_write = False
        self.may_write = may_write
        is_submitted = data is not None and f"{self.prefix}-seen" in data and may_write
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

    def _initial(self) -> dict[str, Any]:
        words = {name: getattr(self.edition, name) for name in Review.WORD_FIELDS} if self.edition else {}
        return {**words, "seen": self.seen}

    @property
    def seen(self) -> str:
        """A digest of the edition as the page shows it. A form posts it back, which reveals an edit in between."""
        return _compute_digest(self.edition) if self.edition else NOTHING_SEEN

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
        typed = self.form["verdict"].value() if self.is_submitted else None
        return typed or (self.edition and self.edition.verdict) or (self.published and self.published.verdict) or ""

    @property
    def published_words(self) -> dict[str, Any]:
        """The words of the published edition as an editor wrote them, from which a new edition can start."""
        return {name: getattr(self.published, name) for name in Review.WORD_FIELDS} if self.published else {}

    @property
    def published_quote(self) -> SafeString:
        return markdown.render_uncached(self.published.quote) if self.published else SafeString()

    @property
    def is_open(self) -> bool:
        """Whether the form is visible at once, and not behind “Write a new edition”."""
        return self.edition is not None or self.published is None or self.has_changed()

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
        if self.form.cleaned_data.get("seen") != self.seen:
            self.is_outdated = True
            self.form.add_error(None, EDITION_CHANGED)
            self.form.data = {**self.form.data.dict(), self.form.add_prefix("seen"): self.seen}  # type: ignore[attr-defined] # a QueryDict
        if not self.form.cleaned_data.get("discard"):
            self._check_text()
        return all([self.form.is_valid(), self.predictions.is_valid()])

    def _check_text(self) -> None:
        cleaned = self.form.cleaned_data
        if not cleaned.get("verdict") and "verdict" not in self.form.errors:
            self.form.add_error("verdict", "Choose ship or skip. There is no third answer.")
        if not cleaned.get("quote"):
            self.form.add_error("quote", "A verdict needs reasons.")
        self._check_basis()
        if cleaned.get("publish_now") and not self.form.errors and self.predictions.is_valid():
            for finding in self._findings():
                self.form.add_error("publish_now", finding.words)

    def _check_basis(self) -> None:
        cleaned = self.form.cleaned_data
        if not cleaned.get("basis") and "basis" not in self.form.errors:
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
        fields = ("published_at", "withdrawn_at", *Review.WORD_FIELDS)
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


def _compute_digest(edition: Review) -> str:
    seen = edition.published_at and edition.published_at.astimezone(UTC).isoformat()
    words = (edition.pk, seen, *edition.words)
    return blake2b(repr(words).encode(), digest_size=8).hexdigest()


class SeatMerge:
    """The merge of one seat: the words of its edition, and its predictions."""

    def __init__(self, row: ScorecardRow, merge: FormMerge) -> None:
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
        read = partial(_read_words, prefix=prefix)
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
                if isinstance(edition, Review) and _compute_digest(edition) == self.seen:
                    return edition, True
        return None, False

    def _add_prediction(self, number: int, pk: int, posted: dict[str, list[str]]) -> None:
        now = self.current.get(pk)
        theirs = {"claim": now.claim, "due_on": now.due_on} if now else None
        base = self.form_merge.get_base(Prediction, pk)
        read = partial(_read_prediction, prefix=f"{self.prefix}-{number}")
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
        if is_left and prefix not in merge.mine and Question(prefix) not in merge.merged.questions:
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


def _read_words(edition: Review | None, data: QueryDict | None, *, prefix: str) -> forms.Form:
    words = {name: getattr(edition, name) for name in Review.WORD_FIELDS} if edition else {}
    form = SeatForm(data, prefix=prefix, initial=words)
    for name in set(form.fields) - set(Review.WORD_FIELDS):
        del form.fields[name]
    return form


def _read_prediction(initial: dict[str, Any], data: QueryDict | None, *, prefix: str) -> forms.Form:
    form = PredictionForm(data, prefix=prefix, initial=initial)
    del form.fields["id"]
    return form


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
