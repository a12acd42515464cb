"""The change lists: what their columns say, and what they can be filtered by."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from desk.base import DeskAdmin
from desk.front.gaps import select_tools_missing_a_seat
from reviews.choices import Outcome
from reviews.models import Review, Reviewer
from tools.models import Fact, Plan
from tools.publishing import PublicationState, is_published
from tools.sourcing import is_stale, site_name
from web import clock
from web.words import format_day

# -- Filters ----------------------------------------------------------------------------------------------


class ConditionFilter(admin.SimpleListFilter):
    """A filter whose choices are conditions, which facets can count in one pass over the rows."""

    def conditions(self) -> dict[str, tuple[str, Q]]:
        """The choices: {value in the address: (words, condition)}."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.choice = self.conditions()
        return [(value, words) for value, (words, _) in self.choice.items()]

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        value = self.value()
        if value is None:
            return queryset
        if value not in self.choice:
            raise IncorrectLookupParameters(f"{value!r} is no choice of {self.parameter_name}")
        return queryset.filter(self.choice[value][1])

    def get_facet_counts(self, pk_attname: str, filtered_qs: "models.QuerySet[Any]") -> dict[str, Any]:
        return {f"{i}__c": Count(pk_attname, filter=condition) for i, (_, condition) in enumerate(self.choice.values())}


class StateFilter(ConditionFilter):
    """Draft, scheduled, published, withdrawn."""

    title = "state"
    parameter_name = "state"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        stays = Q(withdrawn_at__isnull=True)
        conditions = {
            PublicationState.DRAFT: stays & Q(published_at__isnull=True),
            PublicationState.SCHEDULED: stays & Q(published_at__gt=timezone.now()),
            PublicationState.PUBLISHED: is_published(),
            PublicationState.WITHDRAWN: Q(withdrawn_at__isnull=False),
        }
        return {state.value: (str(state.label), condition) for state, condition in conditions.items()}


def stale_before(today: date) -> date:
    """The first day on which a check is not yet stale."""
    return today - timedelta(days=settings.STALE_AFTER_DAYS)


def check_conditions(today: date) -> dict[str, tuple[str, Q]]:
    """How well a price or fact is founded: {value: (words, condition)}."""
    limit, days = stale_before(today), settings.STALE_AFTER_DAYS
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
        return check_conditions(clock.today())


class ToolCheckedFilter(ConditionFilter):
    """Tools by the standing prices and facts that wait for a check."""

    title = "prices and facts"
    parameter_name = "checked"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        conditions = check_conditions(clock.today())

        def any_of(value: str) -> Q:
            _, condition = conditions[value]
            plans = Plan.objects.filter(condition, tool=OuterRef("pk"), superseded_at__isnull=True)
            facts = Fact.objects.filter(condition, tool=OuterRef("pk"), superseded_at__isnull=True)
            return Q(Exists(plans)) | Q(Exists(facts))

        return {
            "stale": (f"Some checked over {settings.STALE_AFTER_DAYS} days ago", any_of("stale")),
            "unverified": ("Some never checked", any_of("unverified")),
        }


class StandingFilter(ConditionFilter):
    """What stands today is shown unless somebody asks for history."""

    title = "standing"
    parameter_name = "standing"
    STANDS = Q(superseded_at__isnull=True)

    def conditions(self) -> dict[str, tuple[str, Q]]:
        return {"superseded": ("Superseded", ~self.STANDS), "all": ("Both", Q())}

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        return queryset.filter(self.STANDS) if self.value() is None else super().queryset(request, queryset)

    def get_facet_counts(self, pk_attname: str, filtered_qs: "models.QuerySet[Any]") -> dict[str, Any]:
        return {"0__c": Count(pk_attname, filter=~self.STANDS), "1__c": Count(pk_attname)}

    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        return [{**first, "display": "Stands today"}, *rest]


class UnwrittenFilter(ConditionFilter):
    """Tools on which a seat has written nothing, not even a draft."""

    title = "seat without a review"
    parameter_name = "unwritten"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        stays = Q(withdrawn_at__isnull=True)
        written = Review.objects.filter(stays, tool=OuterRef("pk"))
        seats = {
            slug: (name, stays & ~Q(Exists(written.filter(reviewer=pk)))) for pk, slug, name in Reviewer.objects.seats()
        }
        return {"any": ("Any seat", stays & Q(pk__in=select_tools_missing_a_seat())), **seats}


class FlippedFilter(ConditionFilter):
    """Editions that say the opposite of the seat's edition before."""

    title = "flipped"
    parameter_name = "flipped"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        flips = Q(flip__published_at__lte=timezone.now())
        out = is_published() & is_published(prefix="tool__")
        return {"yes": ("Flipped", flips & out)}


class DueFilter(ConditionFilter):
    """Predictions by whether they can be judged; those of drafts cannot."""

    title = "when"
    parameter_name = "due"

    def conditions(self) -> dict[str, tuple[str, Q]]:
        today = clock.today()
        out = Q(outcome=Outcome.OPEN) & is_published(prefix="review__") & is_published(prefix="review__tool__")
        return {
            "due": ("To be judged", out & Q(due_on__lte=today)),
            "later": ("Not due yet", out & Q(due_on__gt=today)),
            "judged": ("Judged", ~Q(outcome=Outcome.OPEN)),
        }


# -- Columns ----------------------------------------------------------------------------------------------


def mark(value: str, words: str) -> SafeString:
    """Words with a mark before them, whose shape and colour follow from a value (desk.css)."""
    return format_html('<span class="mark mark--{}">{}</span>', value, words)


def check_mark(verified_on: date | None, *, today: date) -> SafeString:
    """When something was last checked, marked when that is too long ago or never was."""
    if verified_on is None:
        return mark("unverified", "Never checked")
    return mark("stale" if is_stale(verified_on, today=today) else "fresh", format_day(verified_on))


def source_link(address: str) -> SafeString | str:
    """A link to a source, which opens beside the desk."""
    if not address:
        return mark("unverified", "No source")
    return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', address, site_name(address))


class PageList(ChangeList):
    """A change list whose rows get what only they show after it has counted, sorted and cut, from a method of its admin
    (`for_page`): what a column costs is not paid for rows that nobody sees.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        admin_: Any = self.model_admin
        self.result_list = list(self.result_list)
        admin_.for_page(self.result_list)


class ListAdmin[ModelT: models.Model](DeskAdmin[ModelT]):
    """What all our change lists have in common."""

    list_per_page = 50
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """A list is headed by what it lists."""
        title = capfirst(str(self.opts.verbose_name_plural))
        heading = {} if IS_POPUP_VAR in request.GET else {"title": title}
        return super().changelist_view(request, heading | (extra_context or {}))
