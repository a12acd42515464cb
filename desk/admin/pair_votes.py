"""Moderating votes between two tools: what is held, by pair, hour and network; decisions in bulk."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from desk.base import DeskAdmin
from tools.models import Tool
from votes import deciding
from votes.forms import PairDecisionForm, WhyForm
from votes.models import Decision, PairTally, PairVote
from votes.moderation import Action, held_pair_groups, pair_name
from votes.preference import Preference
from web.paging import parse_page_number

GROUPS_A_PAGE = 100
PAIRS_A_PAGE = 50
LATEST = 20


@admin.register(PairVote)
class PairVoteAdmin(DeskAdmin):
    """Held votes by pair, and of a pair by hour and network. Votes themselves are not edited by anybody."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: PairVote | None = None) -> bool:
        return request.user.has_perm("votes.moderate_vote")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PairVote | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PairVote | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        """The list and the page of a pair; there are no pages of single votes."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.queue), name="votes_pairvote_changelist"),
            path("<int:first_id>/<int:second_id>/", view(self.of_pair), name="votes_pairvote_pair"),
            path("<int:first_id>/<int:second_id>/decide/", view(self.decide), name="votes_pairvote_decide"),
            path(
                "<int:first_id>/<int:second_id>/reopen/<int:decision_id>/",
                view(self.reopen),
                name="votes_pairvote_reopen",
            ),
        ]

    def queue(self, request: HttpRequest) -> HttpResponse:
        """The pairs that have held votes, the most first."""
        self._require(request)
        waiting = PairTally.objects.waiting().select_related("first", "second")
        page = Paginator(waiting, PAIRS_A_PAGE).get_page(request.GET.get("page"))
        return self._render(request, "desk/pair_votes_queue.html", title="Held pair votes", page=page)

    def of_pair(self, request: HttpRequest, first_id: int, second_id: int) -> HttpResponse:
        """The held votes between two tools, and what was decided of them lately."""
        self._require(request)
        return self._pair_page(request, _pair(first_id, second_id))

    def decide(self, request: HttpRequest, first_id: int, second_id: int) -> HttpResponse:
        """Release or reject (POST)."""
        self._require(request)
        pair = _pair(first_id, second_id)
        form = PairDecisionForm(request.POST)
        if request.method != "POST" or not form.is_valid():
            return self._pair_page(request, pair, form=form if request.method == "POST" else None)
        said = form.cleaned_data
        action = Action(said["action"])
        moved = deciding.decide_pair(
            pair=pair,
            action=action,
            groups=said["groups"] if said["scope"] == "chosen" else None,
            until=said["until"],
            reason=said["reason"],
            words=said["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if moved:
            votes = f"{moved:,} vote{'' if moved == 1 else 's'}"
            messages.success(request, f"{action.label}: {votes} on {pair_name(*pair)}.")
        else:
            messages.warning(request, "Nothing was left to decide there: somebody else has done it meanwhile.")
        return self._back(pair)

    def reopen(self, request: HttpRequest, first_id: int, second_id: int, decision_id: int) -> HttpResponse:
        """Put what a decision moved back under review (POST)."""
        self._require(request)
        pair = _pair(first_id, second_id)
        decision = _decisions(pair).filter(pk=decision_id, action__in=[Action.RELEASE, Action.REJECT]).first()
        if decision is None:
            raise Http404
        form = WhyForm(request.POST)
        if request.method != "POST":
            return self._pair_page(request, pair)
        if not form.is_valid():
            messages.error(request, "Say why in a sentence, and try again.")
            return self._back(pair)
        moved = deciding.reopen_pair(
            pair=pair,
            decision=decision,
            words=form.cleaned_data["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if moved:
            messages.success(request, f"Back under review: {moved:,} vote{'' if moved == 1 else 's'}.")
        else:
            messages.warning(request, "None of those votes stands any more as that decision left it.")
        return self._back(pair)

    def _back(self, pair: tuple[Tool, Tool]) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:votes_pairvote_pair", args=[tool.pk for tool in pair]))

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _render(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return render(request, template, {**shared, **context}, status=status)

    def _pair_page(
        self, request: HttpRequest, pair: tuple[Tool, Tool], *, form: PairDecisionForm | None = None
    ) -> HttpResponse:
        now = timezone.now()
        first, second = pair
        page = parse_page_number(request.GET, max_pages=10_000)
        ids = first.pk, second.pk
        groups, count = held_pair_groups(ids, until=now, most=GROUPS_A_PAGE, start=(page - 1) * GROUPS_A_PAGE)
        name = pair_name(*pair)
        return self._render(
            request,
            "desk/pair_votes.html",
            status=422 if form else 200,
            title=f"Pair votes on {name}",
            first=first,
            second=second,
            name=name,
            preference=Preference.of(PairTally.objects.numbers(shown=pair)),
            groups=groups,
            count=count,
            page=page,
            previous=page - 1,
            next=page + 1,
            has_next=page * GROUPS_A_PAGE < count,
            form=form or PairDecisionForm(initial={"scope": "chosen"}),
            marked=set(request.POST.getlist("groups")),
            until=form.data.get("until", "") if form else now.isoformat(),
            decisions=[
                (decision, decision.action in (Action.RELEASE, Action.REJECT) and not decision.undone_by.all())
                for decision in _decisions(pair).prefetch_related("undone_by")[:LATEST]
            ],
        )


def _pair(first_id: int, second_id: int) -> tuple[Tool, Tool]:
    """Two tools, in the order of their ids. Raises Http404."""
    tools = Tool.objects.in_bulk([first_id, second_id]) if first_id < second_id else {}
    if len(tools) < 2:
        raise Http404
    return tools[first_id], tools[second_id]


def _decisions(pair: tuple[Tool, Tool]) -> "QuerySet[Decision]":
    return Decision.objects.filter(first=pair[0], second=pair[1])
