"""Moderating votes: what the pages of both kinds of subject share. Held votes in groups, decisions, and their log."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from desk.base import DeskAdmin
from votes import deciding
from votes.forms import DecisionForm, ReasonForm
from votes.holding import read_held_groups
from votes.models import Action, Decision
from votes.subjects import Subject
from web.paging import parse_page_number

GROUPS_PER_PAGE = 100
LATEST = 20  # decisions on a subject's page


class ModerationAdmin(DeskAdmin):
    """An admin of rows that nobody edits by hand. `permissions` are those of which any one lets a user view."""

    permissions: tuple[str, ...] = ("votes.moderate_vote",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return any(request.user.has_perm(permission) for permission in self.permissions)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class HeldVotesAdmin(ModerationAdmin):
    """Held votes by subject, and those on one subject by hour and network.

    A subclass names the subject in URLs (`noun` and `route`), finds it, and renders the list of subjects.
    """

    noun = ""
    route = ""
    template = ""

    def list_subjects(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    def get_subject(self, request: HttpRequest, **ids: int) -> Subject:
        """Return the subject of a URL. Raise Http404."""
        raise NotImplementedError

    def get_page_context(self, request: HttpRequest, subject: Subject) -> dict[str, object]:
        """Return what a subject's page shows beside held votes and decisions."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """Return the list and the pages of a subject. Single votes have no pages."""
        view, model = self.admin_site.admin_view, f"votes_{self.opts.model_name}"
        return [
            path("", view(self.list_subjects), name=f"{model}_changelist"),
            path(self.route, view(self.show_subject), name=f"{model}_{self.noun}"),
            path(f"{self.route}decide/", view(self.decide), name=f"{model}_decide"),
            path(f"{self.route}reopen/<int:decision_id>/", view(self.reopen), name=f"{model}_reopen"),
        ]

    def show_subject(self, request: HttpRequest, **ids: int) -> HttpResponse:
        """Show the held votes on a subject, and the latest decisions."""
        self.require(request)
        return self.render_subject(request, self.get_subject(request, **ids))

    def decide(self, request: HttpRequest, **ids: int) -> HttpResponse:
        """Release or reject held votes (POST)."""
        self.require(request, "votes.moderate_vote")
        subject = self.get_subject(request, **ids)
        form = DecisionForm(request.POST)
        if request.method != "POST":
            return self.render_subject(request, subject)
        if not form.is_valid():
            return self.render_subject(request, subject, decision_form=form)
        asked = form.cleaned_data
        action = Action(asked["action"])
        moved = deciding.decide(
            subject=subject,
            action=action,
            groups=asked["groups"] if asked["scope"] == "chosen" else None,
            until=asked["until"],
            reason=asked["reason"],
            words=asked["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        nothing = "Nothing left to decide: someone else decided these votes first."
        self.report(request, moved, f"{action.label}: {count_votes(moved)} on {subject.name}.", nothing=nothing)
        return self.redirect_to(subject)

    def reopen(self, request: HttpRequest, decision_id: int, **ids: int) -> HttpResponse:
        """Put the votes that a decision moved back under review (POST)."""
        self.require(request, "votes.moderate_vote")
        subject = self.get_subject(request, **ids)
        decision = Decision.objects.filter(**subject.key, pk=decision_id).first()
        if decision is None or not decision.moves_votes:
            raise Http404
        form = ReasonForm(request.POST)
        if request.method != "POST":
            return self.render_subject(request, subject)
        if not form.is_valid():
            messages.error(request, "Give a reason in one sentence, and try again.")
            return self.redirect_to(subject)
        moved = deciding.reopen(
            subject=subject,
            decision=decision,
            words=form.cleaned_data["words"],
            by=request.user,  # type: ignore[arg-type] # signed in
        )
        nothing = "All of those votes have changed since that decision."
        self.report(request, moved, f"Back under review: {count_votes(moved)}.", nothing=nothing)
        return self.redirect_to(subject)

    def report(self, request: HttpRequest, moved: int, words: str, *, nothing: str) -> None:
        """Say what a decision did, in `words` or, if it moved no votes, as a warning in those of `nothing`."""
        self.message_user(request, words if moved else nothing, messages.SUCCESS if moved else messages.WARNING)

    def require(self, request: HttpRequest, permission: str = "") -> None:
        """Raise PermissionDenied unless the user has a permission (default: to view)."""
        allowed = request.user.has_perm(permission) if permission else self.has_view_permission(request)
        if not allowed:
            raise PermissionDenied

    def redirect_to(self, subject: Subject) -> HttpResponse:
        return HttpResponseRedirect(self.get_url(self.noun, subject))

    def get_url(self, page: str, subject: Subject, *args: int) -> str:
        return reverse(f"admin:votes_{self.opts.model_name}_{page}", args=[*subject.ids, *args])

    def render(self, request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return render(request, template, {**shared, **context}, status=status)

    def render_subject(
        self,
        request: HttpRequest,
        subject: Subject,
        *,
        decision_form: DecisionForm | None = None,
        status: int = 200,
        **context: object,
    ) -> HttpResponse:
        now = timezone.now()
        page = parse_page_number(request.GET, max_pages=10_000)
        groups, count = read_held_groups(subject, until=now, most=GROUPS_PER_PAGE, start=(page - 1) * GROUPS_PER_PAGE)
        latest = Decision.objects.filter(**subject.key).prefetch_related("undone_by")[:LATEST]
        return self.render(
            request,
            self.template,
            status=422 if decision_form else status,
            subject=subject,
            groups=groups,
            count=count,
            page=page,
            previous=page - 1,
            next=page + 1,
            has_next=page * GROUPS_PER_PAGE < count,
            decision_form=decision_form or DecisionForm(initial={"scope": "chosen"}),
            decide_url=self.get_url("decide", subject),
            selected=set(request.POST.getlist("groups")),
            until=decision_form.data.get("until", "") if decision_form else now.isoformat(),
            decisions=[(decision, self._get_reopen_url(subject, decision)) for decision in latest],
            may_decide=request.user.has_perm("votes.moderate_vote"),
            **{**self.get_page_context(request, subject), **context},
        )

    def _get_reopen_url(self, subject: Subject, decision: Decision) -> str:
        """Return the URL that takes a decision back; "" if it cannot be, or has been."""
        can_reopen = decision.moves_votes and not decision.undone_by.all()
        return self.get_url("reopen", subject, decision.pk) if can_reopen else ""


def count_votes(number: int) -> str:
    return f"{number:,} vote{'' if number == 1 else 's'}"
