"""Moderating votes on tools: held votes, votes over time, freezes, and the log of all decisions."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from desk.admin.held_votes import HeldVotesAdmin, ModerationAdmin, count_votes
from desk.permissions import tools_to_moderate
from tools.expressions import SortKey
from tools.models import Tool
from tools.search import MAX_QUERY_LENGTH
from votes import deciding, ledger
from votes.busy_networks import read_busy_networks, read_network
from votes.chart import draw_chart
from votes.community import Community
from votes.forms import FreezeForm, NetworkForm
from votes.models import Action, Decision, Tally, Vote
from votes.subjects import TOOLS, Subject
from web import clock
from web.fields import LineField
from web.words import format_day

TOOLS_PER_PAGE = 50
MAX_FOUND = 20
MAX_NETWORKS = 20
SPANS = {"1": "a day", "7": "a week", "30": "a month"}  # days of the chart
MODERATORS = ("votes.moderate_vote", "votes.freeze_tool")


class FindToolForm(forms.Form):
    """A search for a tool whose votes to moderate."""

    q = LineField(required=False, max_length=MAX_QUERY_LENGTH)


class SpanForm(forms.Form):
    """The number of days that the chart of votes shows."""

    days = forms.ChoiceField(choices=list(SPANS.items()), required=False)


@admin.register(Vote)
class VoteAdmin(HeldVotesAdmin):
    """Held votes by tool, and those on one tool by hour and network. Freezing a tool."""

    noun = "tool"
    route = "tool/<int:tool_id>/"
    template = "desk/votes_tool.html"
    permissions = MODERATORS
    hits_title = "Votes on a tool"

    def get_names_to_find(self) -> Sequence[str]:
        return ["name", "slug", "aliases"]

    def get_rows_to_find(self, request: HttpRequest) -> QuerySet[Tool]:
        """Return the tools whose votes the user may moderate, as `list_subjects` offers them."""
        may_moderate = request.user.has_perm("votes.moderate_vote")
        tools = tools_to_moderate(request.user) if may_moderate else Tool.objects.none()
        return tools.order_by(SortKey("name"), "pk")

    def locate_hit(self, row: Tool) -> str:
        return reverse("admin:votes_vote_tool", args=[row.pk])

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *super().get_urls(),
            path(f"{self.route}freeze/", view(self.freeze), name="votes_vote_freeze"),
            path("network/<str:day>/<uuid:network>/", view(self.network), name="votes_vote_network"),
        ]

    def list_subjects(self, request: HttpRequest) -> HttpResponse:
        """Show the tools with held votes or a freeze, networks that voted on many subjects, and a search for a tool."""
        self.require(request)
        held = Tally.objects.filter(tool=OuterRef("pk"), held__gt=0)
        visible = tools_to_moderate(request.user)
        tools = visible.filter(Exists(held) | Q(freeze__isnull=False)).with_community().with_freeze()
        tools = tools.annotate(held=Coalesce(Sum("tallies__held"), 0)).order_by("-held", SortKey("name"), "pk")
        asked = _parse(FindToolForm(request.GET))["q"]
        found = (
            visible.filter(Q(name__folded_contains=asked) | Q(slug__folded_contains=asked)) if asked else visible.none()
        )
        page = Paginator(tools, TOOLS_PER_PAGE).get_page(request.GET.get("page"))
        return self.render(
            request,
            "desk/votes_queue.html",
            title="Held votes",
            page=page,
            rows=[(tool, _get_community(tool)) for tool in page.object_list],
            networks=read_busy_networks(today=clock.today(), most=MAX_NETWORKS),
            asked=asked,
            found=found.order_by(SortKey("name"), "pk")[:MAX_FOUND],
        )

    def get_subject(self, request: HttpRequest, **ids: int) -> Subject:
        """Return the tool, with its community and freeze. Raise Http404."""
        tool: Any = tools_to_moderate(request.user).with_community().with_freeze().filter(pk=ids["tool_id"]).first()
        if tool is None:
            raise Http404
        return Subject.of_tool(tool)

    def get_page_context(self, request: HttpRequest, subject: Subject) -> dict[str, object]:
        [tool] = subject.tools
        community = _get_community(tool)
        span = _parse(SpanForm(request.GET))["days"] or "7"
        end = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        start = end - timedelta(days=int(span))
        rows = ledger.read_rows(tool.pk, start=start, end=end, step="hour")
        return {
            "title": f"Votes on {tool.name}",
            "tool": tool,
            "community": community,
            "choices": ["Ship", "Skip"],
            "chart": draw_chart(ledger.fill_hours(rows, start=start, end=end)),
            "hours": rows[::-1],
            "total": ledger.sum_rows(rows),
            "span": span,
            "spans": SPANS.items(),
            "start": start,
            "freeze_form": FreezeForm(initial={"frozen": "0" if community.is_frozen else "1"}),
            "may_freeze": request.user.has_perm("votes.freeze_tool"),
        }

    def network(self, request: HttpRequest, day: str, network: uuid.UUID) -> HttpResponse:
        """Show what one network did on all tools and pairs in a day; hold, release, or reject all of it (POST)."""
        self.require(request, "votes.moderate_vote" if request.method == "POST" else "")
        try:
            on = date.fromisoformat(day)
        except ValueError:
            raise Http404 from None
        if day != on.isoformat():
            raise Http404  # one address per page
        rows, browsers = read_network(network, day=on, tools=tools_to_moderate(request.user))
        if not rows:
            raise Http404
        form = NetworkForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            asked = form.cleaned_data
            action = Action(asked["action"])
            moved = deciding.decide_network(
                subjects=[row.subject for row in rows],
                network=network,
                day=on,
                action=action,
                until=asked["until"],
                reason=asked["reason"],
                words=asked["words"],
                by=request.user,  # type: ignore[arg-type] # signed in
            )
            nothing = "No change: none of these votes are in that state."
            self.report(request, moved, f"{action.label}: {count_votes(moved)}.", nothing=nothing)
            return HttpResponseRedirect(request.path)
        return self.render(
            request,
            "desk/votes_network.html",
            status=422 if form.is_bound else 200,
            title=f"Network {network.hex[:8]} on {format_day(on)}",
            day=on,
            short_network=network.hex[:8],
            browsers=browsers,
            rows=[(row, self._locate(row.subject)) for row in rows],
            total=sum(row.votes for row in rows),
            form=form,
            until=form.data.get("until", "") or timezone.now().isoformat(),
            may_decide=request.user.has_perm("votes.moderate_vote"),
        )

    def _locate(self, subject: Subject) -> str:
        """Return the URL of a subject's page, of either kind."""
        name = "admin:votes_vote_tool" if subject.kind is TOOLS else "admin:votes_pairvote_pair"
        return reverse(name, args=subject.ids)

    def freeze(self, request: HttpRequest, tool_id: int) -> HttpResponse:
        """Freeze or unfreeze a tool (POST)."""
        self.require(request, "votes.freeze_tool")
        subject = self.get_subject(request, tool_id=tool_id)
        [tool] = subject.tools
        form = FreezeForm(request.POST)
        if request.method != "POST":
            return self.render_subject(request, subject)
        if not form.is_valid():
            return self.render_subject(request, subject, status=422, freeze_form=form)
        asked = form.cleaned_data
        frozen = asked["frozen"] == "1"
        changed = deciding.freeze(
            tool=tool,
            frozen=frozen,
            reason=asked["reason"],
            words=asked["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if not changed:
            state = "frozen" if frozen else "open"
            messages.warning(request, f"No change: voting was already {state}.")
        elif frozen:
            messages.success(request, f"Frozen: new votes on {tool.name} are held, and its pages say so.")
        else:
            messages.success(
                request, f"New votes on {tool.name} count again. Votes held during the freeze are listed below."
            )
        return self.redirect_to(subject)


@admin.register(Decision)
class DecisionAdmin(ModerationAdmin):
    """The log of decisions, which only grows."""

    permissions = MODERATORS
    list_display = ["made_at", "tool_name", "action", "reason", "words", "votes", "by_name"]
    list_display_links = None
    list_filter = ["action", "reason"]
    search_fields = ["tool_name", "words", "by_name"]
    is_in_desk_search = False  # a decision has no page of its own
    date_hierarchy = "made_at"


def _parse(form: forms.Form) -> dict[str, str]:
    """Return the fields of a form. A missing or invalid one is ""."""
    form.is_valid()
    return {name: form.cleaned_data.get(name, "") for name in form.fields}


def _get_community(tool: Any) -> Community:
    return Community.of(tool.community, is_frozen=tool.is_frozen)
