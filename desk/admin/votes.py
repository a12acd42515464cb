"""Moderating votes: what is held, grouped and drawn; decisions in bulk, their log, and freezes."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from desk.base import DeskAdmin
from tools.models import Tool
from votes import deciding, ledger
from votes.chart import chart
from votes.community import Community
from votes.forms import DecisionForm, FreezeForm, WhyForm
from votes.models import Decision, Reason, Tally, Vote
from votes.moderation import Action, held_groups
from web.paging import parse_page_number

GROUPS_A_PAGE = 100
TOOLS_A_PAGE = 50
FOUND = 20
LATEST = 20
SPANS = {"1": "a day", "7": "a week", "30": "a month"}  # days of the chart


@admin.register(Vote)
class VoteAdmin(DeskAdmin):
    """Held votes by tool, and of a tool by hour and network. Votes themselves are not edited by anybody."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Vote | None = None) -> bool:
        return request.user.has_perm("votes.moderate_vote") or request.user.has_perm("votes.freeze_tool")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Vote | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Vote | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        """The list and the page of a tool; there are no pages of single votes."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.queue), name="votes_vote_changelist"),
            path("tool/<int:tool_id>/", view(self.of_tool), name="votes_vote_tool"),
            path("tool/<int:tool_id>/decide/", view(self.decide), name="votes_vote_decide"),
            path("tool/<int:tool_id>/freeze/", view(self.freeze), name="votes_vote_freeze"),
            path("tool/<int:tool_id>/reopen/<int:decision_id>/", view(self.reopen), name="votes_vote_reopen"),
        ]

    def queue(self, request: HttpRequest) -> HttpResponse:
        """The tools that have held votes or are frozen, and a search for any other."""
        self._require(request)
        waiting = Tally.objects.filter(tool=OuterRef("pk"), held__gt=0)
        tools = Tool.objects.filter(Exists(waiting) | Q(freeze__isnull=False)).with_community().with_freeze()
        tools = tools.annotate(held=Coalesce(Sum("tallies__held"), 0)).order_by("-held", "name", "pk")
        asked = request.GET.get("q", "").strip()
        found = (
            Tool.objects.filter(Q(name__icontains=asked) | Q(slug__icontains=asked)) if asked else Tool.objects.none()
        )
        page = Paginator(tools, TOOLS_A_PAGE).get_page(request.GET.get("page"))
        return self._render(
            request,
            "desk/votes_queue.html",
            title="Held votes",
            page=page,
            rows=[(tool, _community(tool)) for tool in page.object_list],
            asked=asked,
            found=found.order_by("name", "pk")[:FOUND],
        )

    def of_tool(self, request: HttpRequest, tool_id: int) -> HttpResponse:
        """The held votes on a tool, its votes over time, and what was decided lately."""
        self._require(request)
        return self._tool_page(request, _tool(tool_id))

    def decide(self, request: HttpRequest, tool_id: int) -> HttpResponse:
        """Release or reject (POST)."""
        self._require(request, "votes.moderate_vote")
        tool = _tool(tool_id)
        form = DecisionForm(request.POST)
        if request.method != "POST" or not form.is_valid():
            return self._tool_page(request, tool, decision_form=form if request.method == "POST" else None)
        said = form.cleaned_data
        action = Action(said["action"])
        moved = deciding.decide(
            tool=tool,
            action=action,
            groups=said["groups"] if said["scope"] == "chosen" else None,
            until=said["until"],
            reason=said["reason"],
            words=said["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if moved:
            messages.success(request, f"{action.label}: {_votes(moved)} on {tool.name}.")
        else:
            messages.warning(request, "Nothing was left to decide there: somebody else has done it meanwhile.")
        return self._back(tool)

    def freeze(self, request: HttpRequest, tool_id: int) -> HttpResponse:
        """Freeze a tool, or no longer (POST)."""
        self._require(request, "votes.freeze_tool")
        tool = _tool(tool_id)
        form = FreezeForm(request.POST)
        if request.method != "POST" or not form.is_valid():
            return self._tool_page(request, tool, freeze_form=form if request.method == "POST" else None)
        said = form.cleaned_data
        changed = deciding.freeze(
            tool=tool,
            frozen=said["frozen"] == "1",
            reason=said["reason"],
            words=said["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if changed and said["frozen"] == "1":
            messages.success(request, f"Frozen: new votes on {tool.name} are held, and its pages say so.")
        elif changed:
            messages.success(request, f"New votes on {tool.name} count again. Those held meanwhile wait below.")
        else:
            messages.warning(request, "It was so already.")
        return self._back(tool)

    def reopen(self, request: HttpRequest, tool_id: int, decision_id: int) -> HttpResponse:
        """Put what a decision moved back under review (POST)."""
        self._require(request, "votes.moderate_vote")
        tool = _tool(tool_id)
        decision = tool.decisions.filter(pk=decision_id, action__in=[Action.RELEASE, Action.REJECT]).first()
        if decision is None:
            raise Http404
        form = WhyForm(request.POST)
        if request.method != "POST":
            return self._tool_page(request, tool)
        if not form.is_valid():
            messages.error(request, "Say why in a sentence, and try again.")
            return self._back(tool)
        moved = deciding.reopen(
            decision=decision,
            words=form.cleaned_data["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        if moved:
            messages.success(request, f"Back under review: {_votes(moved)}.")
        else:
            messages.warning(request, "None of those votes stands any more as that decision left it.")
        return self._back(tool)

    def _require(self, request: HttpRequest, permission: str = "") -> None:
        allowed = request.user.has_perm(permission) if permission else self.has_view_permission(request)
        if not allowed:
            raise PermissionDenied

    def _back(self, tool: Tool) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:votes_vote_tool", args=[tool.pk]))

    def _render(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return render(request, template, {**shared, **context}, status=status)

    def _tool_page(
        self,
        request: HttpRequest,
        tool: Any,
        *,
        decision_form: DecisionForm | None = None,
        freeze_form: FreezeForm | None = None,
    ) -> HttpResponse:
        now = timezone.now()
        page = parse_page_number(request.GET, max_pages=10_000)
        groups, count = held_groups(tool.pk, until=now, most=GROUPS_A_PAGE, start=(page - 1) * GROUPS_A_PAGE)
        asked = request.GET.get("days", "")
        span = asked if asked in SPANS else "7"
        end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        start = end - timedelta(days=int(span))
        hours = ledger.entries(tool.pk, start=start, end=end, step="hour")
        latest = tool.decisions.prefetch_related("undone_by")[:LATEST]
        return self._render(
            request,
            "desk/votes_tool.html",
            status=422 if decision_form or freeze_form else 200,
            title=f"Votes on {tool.name}",
            tool=tool,
            community=_community(tool),
            groups=groups,
            count=count,
            page=page,
            previous=page - 1,
            next=page + 1,
            has_next=page * GROUPS_A_PAGE < count,
            chart=chart(ledger.every_hour(hours, start=start, end=end)),
            hours=hours[::-1],
            total=ledger.total(hours),
            span=span,
            spans=SPANS.items(),
            start=start,
            decision_form=decision_form or DecisionForm(initial={"until": now.isoformat(), "scope": "chosen"}),
            freeze_form=freeze_form or FreezeForm(initial={"frozen": "0" if tool.is_frozen else "1"}),
            marked=set(request.POST.getlist("groups")),
            until=decision_form.data.get("until", "") if decision_form else now.isoformat(),
            decisions=[
                (decision, decision.action in (Action.RELEASE, Action.REJECT) and not decision.undone_by.all())
                for decision in latest
            ],
            reasons=Reason.choices,
            may_decide=request.user.has_perm("votes.moderate_vote"),
            may_freeze=request.user.has_perm("votes.freeze_tool"),
        )


@admin.register(Decision)
class DecisionAdmin(DeskAdmin):
    """The log. It only grows."""

    list_display = ["made_at", "tool_name", "action", "reason", "words", "votes", "by_name"]
    list_display_links = None
    list_filter = ["action", "reason"]
    search_fields = ["tool_name", "words", "by_name"]
    date_hierarchy = "made_at"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return request.user.has_perm("votes.moderate_vote") or request.user.has_perm("votes.freeze_tool")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False


def _tool(tool_id: int) -> Any:
    tool = Tool.objects.with_community().with_freeze().filter(pk=tool_id).first()
    if tool is None:
        raise Http404
    return tool


def _community(tool: Any) -> Community:
    return Community.of(tool.community, is_frozen=tool.is_frozen)


def _votes(number: int) -> str:
    return f"{number:,} vote{'' if number == 1 else 's'}"
