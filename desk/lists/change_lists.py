"""The filters and columns of change lists."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.front.gaps import select_tools_missing_a_seat
from desk.permissions import writes_own_drafts_only
from reviews.choices import Outcome
from reviews.models import Review, Reviewer
from tools.models import Fact, Plan
from tools.publishing import PublicationState, is_draft, is_published
from tools.sourcing import is_stale, site_name
from web import clock
from web.words import format_day

# -- Filters ----------------------------------------------------------------------------------------------


class ConditionFilter(admin.SimpleListFilter):
    """A filter whose choices are conditions, so that facets count them in one pass over the rows."""

    def conditions(self) -> dict[str, tuple[str, Q]]:
        """Return the choices: {value in the query string: (label, condition)}."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        self.known = self.conditions()
        return [(value, label) for value, (label, _) in self.known.items()]

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet") -> "models.QuerySet":
        value = self.value()
        if value is None:
            return queryset
        if value not in self.known:
            raise IncorrectLookupParameters(f"{value!r} is not a choice of {self.parameter_name}")
        return queryset.filter(self.known[value][1])

    def get_facet_counts(self, pk_attname: str, filtered_qs: "models.QuerySet") -> dict[str, Count]:
        return {f"{i}__c": Count(pk_attname, filter=condition) for i, (_, condition) in enumerate(self.known.values())}


class StateFilter(ConditionFilter):
    """Draft, scheduled, published, withdrawn."""

    title = "state"
    parameter_name = "state"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        is_kept = Q(withdrawn_at__isnull=True)
        conditions = {
            PublicationState.DRAFT: is_draft(),
            PublicationState.SCHEDULED: is_kept & Q(published_at__gt=timezone.now()),
            PublicationState.PUBLISHED: is_published(),
            PublicationState.WITHDRAWN: Q(withdrawn_at__isnull=False),
        }
        return {state.value: (str(state.label), condition) for state, condition in conditions.items()}


def first_fresh_day(today: date) -> date:
    """Return the earliest day on which a check is not yet stale."""
    return today - timedelta(days=settings.STALE_AFTER_DAYS)


def build_check_conditions(today: date) -> dict[str, tuple[str, Q]]:
    """Return the ages of a check as {value: (label, condition)}."""
    limit, days = first_fresh_day(today), settings.STALE_AFTER_DAYS
    return {
        "stale": (f"Over {days} days ago", Q(verified_on__lt=limit)),
        "unverified": ("Never", Q(verified_on__isnull=True)),
        "fresh": (f"Within {days} days", Q(verified_on__gte=limit)),
    }


class CheckedFilter(ConditionFilter):
    """When a price or fact was last checked at its source."""

    title = "last check"
    parameter_name = "checked"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        return build_check_conditions(clock.today())


class ToolCheckedFilter(ConditionFilter):
    """Tools with current prices and facts that need a check."""

    title = "prices and facts"
    parameter_name = "checked"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        conditions = build_check_conditions(clock.today())

        def any_current(value: str) -> Q:
            _, condition = conditions[value]
            plans = Plan.objects.filter(condition, tool=OuterRef("pk"), superseded_at__isnull=True)
            facts = Fact.objects.filter(condition, tool=OuterRef("pk"), superseded_at__isnull=True)
            return Q(Exists(plans)) | Q(Exists(facts))

        return {
            "stale": (f"Some checked over {settings.STALE_AFTER_DAYS} days ago", any_current("stale")),
            "unverified": ("Some never checked", any_current("unverified")),
        }


class CurrentFilter(ConditionFilter):
    """Current rows, unless the user asks for superseded ones."""

    title = "version"
    parameter_name = "version"
    IS_CURRENT = Q(superseded_at__isnull=True)

    def conditions(self) -> dict[str, tuple[str, Q]]:
        return {"superseded": ("Superseded", ~self.IS_CURRENT), "all": ("Both", Q())}

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet") -> "models.QuerySet":
        return queryset.filter(self.IS_CURRENT) if self.value() is None else super().queryset(request, queryset)

    def get_facet_counts(self, pk_attname: str, filtered_qs: "models.QuerySet") -> dict[str, Count]:
        return {"0__c": Count(pk_attname, filter=~self.IS_CURRENT), "1__c": Count(pk_attname)}

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        default, *others = super().choices(changelist)
        yield {**default, "display": "Current"}
        yield from others


class MissingSeatFilter(ConditionFilter):
    """Tools that a seat has not written about, not even a draft.

    Users who may not see the drafts of other seats are offered only their own seat, because others would reveal drafts.
    """

    title = "seat without a review"
    parameter_name = "unwritten"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        self.user = request.user
        return super().lookups(request, model_admin)

    def conditions(self) -> dict[str, tuple[str, Q]]:
        is_own_only = writes_own_drafts_only(self.user)
        reviewers = Reviewer.objects.filter(held_by=self.user.pk) if is_own_only else Reviewer.objects.all()
        is_kept = Q(withdrawn_at__isnull=True)
        reviews = Review.objects.filter(is_kept, tool=OuterRef("pk"))
        seats = {
            slug: (name, is_kept & ~Q(Exists(reviews.filter(reviewer=pk)))) for pk, slug, name in reviewers.seats()
        }
        if is_own_only:
            return seats
        return {"any": ("Any seat", is_kept & Q(pk__in=select_tools_missing_a_seat())), **seats}


class FlippedFilter(ConditionFilter):
    """Editions with the opposite verdict of the seat's previous edition."""

    title = "flipped"
    parameter_name = "flipped"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        has_flipped = Q(flip__published_at__lte=timezone.now())
        is_public = is_published() & is_published(prefix="tool__")
        return {"yes": ("Flipped", has_flipped & is_public)}


class DueFilter(ConditionFilter):
    """Predictions by whether they can be judged. Predictions of drafts cannot."""

    title = "when"
    parameter_name = "due"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        today = clock.today()
        is_open = Q(outcome=Outcome.OPEN) & is_published(prefix="review__") & is_published(prefix="review__tool__")
        return {
            "due": ("To be judged", is_open & Q(due_on__lte=today)),
            "later": ("Not due yet", is_open & Q(due_on__gt=today)),
            "judged": ("Judged", ~Q(outcome=Outcome.OPEN)),
        }


# -- Columns ----------------------------------------------------------------------------------------------


def render_mark(value: str, text: str) -> SafeString:
    """Return a text with a mark in front, whose shape and color depend on a value (desk.css)."""
    return format_html('<span class="mark mark--{}">{}</span>', value, text)


def render_check(verified_on: date | None, *, today: date) -> SafeString:
    """Return the day of the last check, marked if that is stale or there was none."""
    if verified_on is None:
        return render_mark("unverified", "Never checked")
    return render_mark("stale" if is_stale(verified_on, today=today) else "fresh", format_day(verified_on))


def render_source_link(address: str) -> SafeString:
    """Return a link to a source that opens in a new tab."""
    if not address:
        return render_mark("unverified", "No source")
    return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', address, site_name(address))


class PreparedChangeList(ChangeList):
    """A change list that passes the rows of the shown page to `prepare_rows` of its admin.

    Columns that cost queries are computed there, for the rows of one page instead of all rows.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        self.model_admin.prepare_rows(rows)  # type: ignore[attr-defined] # of the admins that use this class
        self.result_list = rows
