"""Moderating votes on tools: held votes, votes over time, freezes, and the log of all decisions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone

from desk.admin.held_votes import HeldVotesAdmin, ModerationAdmin
from desk.permissions import tools_to_moderate
from tools.expressions import SortKey
from tools.models import Tool
from tools.search import MAX_QUERY_LENGTH
from votes import deciding, ledger
from votes.chart import draw_chart
from votes.community import Community
from votes.forms import FreezeForm
from votes.models import Decision, Tally, Vote
from votes.subjects import Subject
from web.fields import LineField

TOOLS_PER_PAGE = 50
MAX_FOUND = 20
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

    def get_urls(self) -> list[Any]:
        freeze = self.admin_site.admin_view(self.freeze)
        return [*super().get_urls(), path(f"{self.route}freeze/", freeze, name="votes_vote_freeze")]

    def list_subjects(self, request: HttpRequest) -> HttpResponse:
        """Show the tools that have held votes or are frozen, and a search for any other."""
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
            asked=asked,
            found=found.order_by(SortKey("name"), "pk")[:MAX_FOUND],
        )

    def get_subject(self, request: HttpRequest, **ids: int) -> Subject:
        """Return the tool, with its community and freeze. Raise Http404."""
        tool: Any = tools_to_moderate(request.user).with_community().with_freeze().filter(pk=ids["tool_id"]).first()
        if tool is None:
            raise Http404
        return Subject.of_tool(tool)

    def get_page_context(self, request: HttpRequest, subject: Subject) -> dict[str, Any]:
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
