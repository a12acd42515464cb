"""The scorecard on a tool's page: one row for each seat of the panel, in which its next edition is written.

What is published is shown, not edited. A row holds one form, for the seat's draft, for an edition that is scheduled, or
for one that is yet to be written; saving it makes or changes that edition and no other.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.safestring import SafeString

from desk.fields import PREVIEW, DayInput, WordsField
from desk.history.conflicts import CHANGE_REASON
from desk.permissions import may_publish, may_write_for, writes_own_drafts_only
from desk.publishing.gate import SHORTEST_QUOTE, Finding, review_findings
from desk.publishing.transitions import STEPS, carry_out
from reviews.choices import Outcome, Verdict
from reviews.models import Prediction, Review, Reviewer
from reviews.panel import Panel
from tools.models import Tool
from tools.publishing import PublicationState
from web import clock, markdown

BLANK_PREDICTIONS = 2

CHANGED_MEANWHILE = (
    "Somebody has changed what this seat says since you opened the page; nothing of yours is lost. Theirs is shown "
    "beside your words. Save again to put yours in its place."
)


class OvertakenError(Exception):
    """Somebody else has changed a seat's edition between the look at it and the saving."""


class SeatForm(forms.Form):
    """The edition that a seat is writing."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict.choices, required=False, widget=forms.RadioSelect)
    quote = WordsField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "data-preview": PREVIEW, "data-count": "", "data-least": SHORTEST_QUOTE}
        ),
        help_text=f"Markdown. At least {SHORTEST_QUOTE} characters to be published.",
    )
    flips_if = WordsField(required=False, label="What would flip it", widget=forms.Textarea(attrs={"rows": 2}))
    publish_now = forms.BooleanField(
        required=False, label="Publish this edition now", help_text="Published words stay; a later edition can follow."
    )
    discard = forms.BooleanField(required=False, label="Delete this draft")


class PredictionForm(forms.Form):
    """A dated claim. One that is emptied goes away."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    claim = forms.CharField(required=False, max_length=500)
    due_on = forms.DateField(required=False, widget=DayInput, label="Due on")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        claim, due_on = cleaned.get("claim"), cleaned.get("due_on")
        if claim and due_on is None and "due_on" not in self.errors:
            self.add_error("due_on", "On which day can it be judged?")
        if due_on and not claim and "claim" not in self.errors:
            self.add_error("claim", "What is claimed?")
        if due_on and "due_on" in self.changed_data and due_on <= clock.today():
            self.add_error("due_on", "A prediction is due on a day to come.")
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


class Seat:
    """One row of the scorecard."""

    def __init__(
        self, reviewer: Reviewer, editions: list[Review], scorecard: "Scorecard", data: Any, *, may_write: bool
    ) -> None:
        """Take all editions of a seat on the tool, oldest first, with their predictions; and what was posted."""
        self.reviewer, self.scorecard = reviewer, scorecard
        self.prefix = f"{scorecard.prefix}-{reviewer.pk}"
        by_state = {state: [one for one in editions if one.state == state] for state in PublicationState}
        self.standing: Review | None = next(iter(by_state[PublicationState.PUBLISHED][::-1]), None)
        self.earlier = len(by_state[PublicationState.PUBLISHED]) - 1
        scheduled, drafts = by_state[PublicationState.SCHEDULED], by_state[PublicationState.DRAFT]
        self.edition: Review | None = next(iter(drafts or scheduled[::-1]), None)
        self.also_scheduled = [one for one in scheduled if one is not self.edition]
        if self.edition in scheduled and writes_own_drafts_only(scorecard.user):
            may_write = False
        self.may_write = may_write
        is_sent = data is not None and f"{self.prefix}-seen" in data and may_write
        self.is_sent = is_sent
        self.form = SeatForm(data if is_sent else None, prefix=self.prefix, initial=self._initial())
        if not scorecard.may_publish_here:
            del self.form.fields["publish_now"]
        elif self.edition and self.edition.state == PublicationState.SCHEDULED:
            self.form.fields["publish_now"].label = "Publish this edition now, not at its time"
        if not (drafts and scorecard.may_delete):
            del self.form.fields["discard"]
        self.predictions = PredictionForms(
            data if is_sent else None,
            prefix=f"{self.prefix}-predictions",
            initial=[{"id": one.pk, "claim": one.claim, "due_on": one.due_on} for one in self.open_predictions],
        )

    def _initial(self) -> dict[str, Any]:
        words = {name: getattr(self.edition, name) for name in Review.WORD_FIELDS} if self.edition else {}
        return {**words, "seen": self.seen}

    @property
    def seen(self) -> str:
        """What the edition said when the page was made, as a short digest: who saves has seen it."""
        if self.edition is None:
            return "nothing"
        words = (self.edition.pk, self.edition.published_at, *(getattr(self.edition, n) for n in Review.WORD_FIELDS))
        return blake2b(repr(words).encode(), digest_size=8).hexdigest()

    @property
    def open_predictions(self) -> list[Prediction]:
        made = self.edition.predictions.all() if self.edition else ()
        return [one for one in made if one.outcome == Outcome.OPEN]

    @property
    def judged_predictions(self) -> list[Prediction]:
        made = self.edition.predictions.all() if self.edition else ()
        return [one for one in made if one.outcome != Outcome.OPEN]

    @property
    def verdict(self) -> str:
        """What the seat will say of the tool when all that is written comes out; "" when it says nothing."""
        typed = self.form["verdict"].value() if self.is_sent else None
        return typed or (self.edition and self.edition.verdict) or (self.standing and self.standing.verdict) or ""

    @property
    def standing_quote(self) -> SafeString:
        return markdown.render_uncached(self.standing.quote) if self.standing else SafeString()

    @property
    def is_open(self) -> bool:
        """Whether the form is shown at once, and not behind “write a new edition”."""
        return self.edition is not None or self.standing is None or self.has_changed()

    def has_changed(self) -> bool:
        """Whether anything was typed that is to be saved."""
        if not self.is_sent:
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
            self.is_overtaken = True
            self.form.add_error(None, CHANGED_MEANWHILE)
            self.form.data = {**self.form.data.dict(), self.form.add_prefix("seen"): self.seen}  # type: ignore[attr-defined] # a QueryDict
        if not self.form.cleaned_data.get("discard"):
            self._check_words()
        return all([self.form.is_valid(), self.predictions.is_valid()])

    def _check_words(self) -> None:
        said = self.form.cleaned_data
        if not said.get("verdict") and "verdict" not in self.form.errors:
            self.form.add_error("verdict", "Ship or skip? There is no third answer.")
        if not said.get("quote"):
            self.form.add_error("quote", "A verdict needs reasons.")
        if said.get("publish_now") and not self.form.errors and self.predictions.is_valid():
            for finding in self._findings():
                self.form.add_error("publish_now", finding.words)

    def _findings(self) -> list[Finding]:
        """What blocks the edition as it was typed at the gate."""
        said, tool = self.form.cleaned_data, self.scorecard.tool
        typed = Review(tool=tool, reviewer=self.reviewer, **{name: said[name] for name in Review.WORD_FIELDS})
        predictions = [
            Prediction(claim=form.cleaned_data["claim"], due_on=form.cleaned_data["due_on"])
            for form in self.predictions.forms
            if form.cleaned_data.get("claim")
        ]
        findings = review_findings(typed, predictions=predictions, at=timezone.now())
        return [finding for finding in findings if finding.blocks]

    is_overtaken = False

    def errors(self) -> list[Any]:
        if not self.has_changed():
            return []
        return [self.form.errors, *self.predictions.errors]

    def save(self, tool: Tool) -> None:
        """Write what was typed, publish it if asked to, and note it in the scorecard. Raises OvertakenError."""
        cleaned = self.form.cleaned_data
        if self.edition is not None:
            self._lock(self.edition)
        if cleaned.get("discard") and self.edition is not None:
            self.edition.delete()
            self.scorecard.deleted_objects.append(self.edition)
            return
        changed = [name for name in self.form.changed_data if name in Review.WORD_FIELDS]
        review = self._save_words(tool, has_changed=bool(changed))
        if self._save_predictions(review):
            changed.append("predictions")
        if cleaned.get("publish_now"):
            self._publish(review)
            changed.append("published_at")
        if self.edition is None:
            self.scorecard.new_objects.append(review)
        elif changed:
            self.scorecard.changed_objects.append((review, changed))

    def _save_words(self, tool: Tool, *, has_changed: bool) -> Review:
        """Return the edition with the typed words: the one that was waiting, or a new draft."""
        words = {name: self.form.cleaned_data[name] for name in Review.WORD_FIELDS}
        if self.edition is not None:
            for name, value in words.items():
                setattr(self.edition, name, value)
            if has_changed:
                self.edition.save()
            return self.edition
        if self.standing is not None:
            return self.standing.draft_next_edition(**words)
        return Review.objects.create(tool=tool, reviewer=self.reviewer, **words)

    def _publish(self, review: Review) -> None:
        """Publish a saved edition as the button on its own page does, with the reason that was typed for the page."""
        card = self.scorecard
        report = carry_out(review, STEPS["publish"], seen=None, user=card.user, reason=card.reason)
        if not report.is_done:  # the gate let it pass when the form was checked
            raise OvertakenError(report.words)

    @staticmethod
    def _lock(edition: Review) -> None:
        """Make sure that nobody has changed an edition since it was read, and that nobody does before we are done."""
        fields = ("published_at", "withdrawn_at", *Review.WORD_FIELDS)
        row = Review.objects.select_for_update().filter(pk=edition.pk).values_list(*fields).first()
        if row is None or row != tuple(getattr(edition, name) for name in fields):
            raise OvertakenError

    def _save_predictions(self, review: Review) -> bool:
        """Make, change and remove claims as typed; return whether there was anything to do."""
        known = {one.pk: one for one in self.open_predictions}
        changed = [form for form in self.predictions.forms if form.has_changed()]
        for form in changed:
            claim, due_on = form.cleaned_data.get("claim"), form.cleaned_data.get("due_on")
            prediction = known.get(form.cleaned_data.get("id"), Prediction(review=review))
            if claim:
                prediction.claim, prediction.due_on = claim, due_on
                prediction.save()
            elif prediction.pk:
                prediction.delete()
        return bool(changed)


class Scorecard:
    """All rows, in seat order. Stands where the admin expects a formset, and does what it asks of one."""

    model = Review
    user: ClassVar[Any]
    initial_forms: ClassVar[list[Any]] = []
    extra_forms: ClassVar[list[Any]] = []
    media = forms.Media()

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        instance: Tool | None = None,
        prefix: str = "scorecard",
        queryset: Any = None,
        save_as_new: bool = False,  # noqa: FBT001, FBT002 (as formsets take it)
    ) -> None:
        self.tool, self.prefix, self.is_bound = instance or Tool(), prefix, data is not None
        self.reason = data.get(CHANGE_REASON, "").strip() if data is not None else ""
        self.new_objects: list[Review] = []
        self.changed_objects: list[tuple[Review, list[str]]] = []
        self.deleted_objects: list[Review] = []
        self.may_delete = self.user.has_perm("reviews.delete_review")
        self.may_publish_here = (
            may_publish(self.user, Review) and self.tool.pk and self.tool.state == PublicationState.PUBLISHED
        )
        editions: dict[int, list[Review]] = defaultdict(list)
        if self.tool.pk:
            written = Review.objects.filter(tool=self.tool).prefetch_related("predictions")
            for edition in written.order_by("published_at", "pk"):
                editions[edition.reviewer_id].append(edition)
        self.seats = [
            Seat(reviewer, editions[reviewer.pk], self, data, may_write=may_write_for(self.user, reviewer))
            for reviewer in Reviewer.objects.order_by("seat")
        ]

    def __iter__(self) -> Iterator[Seat]:
        return iter(self.seats)

    @property
    def panel(self) -> Panel:
        """Panel ship as it will be."""
        return Panel.from_verdicts([(seat.reviewer.name, seat.verdict) for seat in self.seats if seat.verdict])

    # -- What the admin asks of a formset -------------------------------------------------------------------

    @classmethod
    def get_default_prefix(cls) -> str:
        return "scorecard"

    @property
    def forms(self) -> list[SeatForm]:
        return [seat.form for seat in self.seats]

    def is_valid(self) -> bool:
        are_valid = [seat.is_valid() for seat in self.seats]  # every one, so that each can say what is wrong
        return all(are_valid)

    @property
    def errors(self) -> list[Any]:
        return list(chain.from_iterable(seat.errors() for seat in self.seats))

    def non_form_errors(self) -> list[str]:
        return []

    def is_multipart(self) -> bool:
        return False

    def get_queryset(self) -> list[Review]:
        return []

    def save(self) -> None:
        for seat in self.seats:
            if seat.has_changed():
                seat.save(self.tool)

    @property
    def written(self) -> list[Review]:
        """The reviews that were made or changed."""
        return [*self.new_objects, *(review for review, _ in self.changed_objects)]
