"""Pages of an issue beside its form: compose, preview, send a test, send, pause, stop; and the numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from desk.admin.issue_access import get_change_url, get_issue, require
from desk.admin.issue_pieces import answer_piece_button, list_warned, show_piece
from desk.admin.issue_previews import preview_urls, send_test
from desk.idempotency import answer_once
from desk.publishing.admin import LOCAL_TIME, suggest_time
from newsletter import issuing, statistics, writing
from newsletter.content import parse_items
from newsletter.issuing import IssueActionError
from newsletter.models import Issue, IssueState, Subscriber, Worker
from newsletter.progress import read_progress
from web import clock
from web.http import SeeOther
from web.words import count_of, format_moment

MAX_ISSUES = 30
MAX_BARS = 12


@dataclass(frozen=True, slots=True)
class IssueAction:
    """A button of an issue: what it does, the message afterwards, and the question before ("" for none)."""

    do: Callable[..., object]
    message: str
    question: str = ""


ACTIONS = {
    "ready": IssueAction(issuing.make_ready, "Ready to send."),
    "draft": IssueAction(issuing.make_draft, "It is a draft again."),
    "send": IssueAction(issuing.start, "Sending has started.", "Send it to all subscribers?"),
    "pause": IssueAction(
        issuing.pause, "Sending is paused. Messages that a worker has already started may still go out."
    ),
    "resume": IssueAction(issuing.resume, "Sending continues."),
    "stop": IssueAction(issuing.stop, "Stopped. Its news is news again for readers it has not reached.", "Stop it?"),
    "reopen": IssueAction(
        issuing.reopen, "It goes out to the readers it has not reached.", "Send it to the readers it has not reached?"
    ),
    "unschedule": IssueAction(issuing.unschedule, "It is no longer scheduled. It is still ready to send."),
}


def issue_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """Return the addresses of these pages, below the list of issues."""
    view = model_admin.admin_site.admin_view
    pages = _IssuePages(model_admin)
    progress = _refuse_signed_out(model_admin, view(show_progress))
    return [
        *preview_urls(model_admin),
        path("compose/", view(pages.compose), name="newsletter_issue_compose"),
        path("write/", view(pages.write), name="newsletter_issue_write"),
        path("numbers/", view(pages.numbers), name="newsletter_issue_numbers"),
        path("<path:object_id>/duplicate/", view(pages.duplicate), name="newsletter_issue_duplicate"),
        path("<path:object_id>/pieces/<slug:key>/", view(pages.piece), name="newsletter_issue_piece"),
        path("<path:object_id>/schedule/", view(pages.schedule), name="newsletter_issue_schedule"),
        path("<path:object_id>/progress/", progress, name="newsletter_issue_progress"),
        path("<path:object_id>/<slug:act>/now/", view(pages.act), name="newsletter_issue_act"),
    ]


class ScheduleForm(forms.Form):
    """When to send an issue."""

    at = forms.DateTimeField(
        label="At (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "data-utc": ""}, format=LOCAL_TIME),
        help_text="A worker starts to send it at that time. The time is in UTC.",
    )

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        clock.validate_year(at)
        if at <= timezone.now():
            raise forms.ValidationError("That time has passed. To send it now, press “Send it now”.")
        return at


def show_progress(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show how far an issue has come, as a part of its form. Once its state is another one, reload the form."""
    issue = get_issue(request, object_id)
    if "HX-Request" not in request.headers:
        return SeeOther(get_change_url(issue))
    if issue.state != IssueState.SENDING:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    context = {"issue": issue, "progress": read_progress(issue, now=timezone.now())}
    return render(request, "desk/newsletter/_progress.html", context)


show_progress.is_use = False  # type: ignore[attr-defined] # a page that nobody looks at must not renew the session


def _refuse_signed_out(model_admin: admin.ModelAdmin, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse a script whose session has ended. People are sent to the sign-in page, which it would put into its own."""

    @wraps(page)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if "HX-Request" in request.headers and not model_admin.admin_site.has_permission(request):
            return HttpResponse(status=403)
        return page(request, *args, **kwargs)

    return answer


class _IssuePages:
    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self.admin = model_admin

    def compose(self, request: HttpRequest) -> HttpResponse:
        """Compose this week's issue. POST only."""
        require(request, "newsletter.add_issue")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return _compose(request, home=reverse("admin:newsletter_issue_changelist"))

    def write(self, request: HttpRequest) -> HttpResponse:
        """Create an empty draft, to be written by hand. POST only."""
        require(request, "newsletter.add_issue")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return answer_once(request, lambda: _create(request, writing.write_issue, "is empty. Write it."))

    def duplicate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Create a draft with the words and pieces of an issue. POST only."""
        require(request, "newsletter.add_issue")
        issue = get_issue(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        do = partial(writing.duplicate, issue=issue)
        return answer_once(request, lambda: _create(request, do, f"is a copy of {issue}."))

    def piece(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """Show and save the words of one piece."""
        return show_piece(self.admin, request, get_issue(request, object_id), key)

    def act(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """Do one of ACTIONS on POST. On GET, ask first, where the action has a question."""
        require(request, "newsletter.send_issue")
        issue = get_issue(request, object_id)
        if act not in ACTIONS:
            raise Http404
        action = ACTIONS[act]
        if request.method == "POST":
            return _do(request, issue, action)
        if not action.question:
            return HttpResponseNotAllowed(["POST"])
        return self._ask(request, issue, act, ScheduleForm(initial={"at": suggest_time()}))

    def schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Schedule a ready issue. POST only."""
        require(request, "newsletter.send_issue")
        issue = get_issue(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = ScheduleForm(request.POST)
        if not form.is_valid():
            return self._ask(request, issue, "send", form)
        at = form.cleaned_data["at"]
        words = f"It goes out on {format_moment(at)}."
        return _do(request, issue, IssueAction(partial(issuing.schedule, at=at), words))

    def _ask(self, request: HttpRequest, issue: Issue, act: str, form: ScheduleForm) -> HttpResponse:
        pieces = parse_items(issue.content)
        context = {
            **self.admin.admin_site.each_context(request),
            "title": f"{issue}: {ACTIONS[act].question}",
            "opts": Issue._meta,
            "issue": issue,
            "act": act,
            "form": form,
            "warned": list_warned(issue) if act == "send" else [],
            "piece_count": len(pieces),
            "unreached_count": issue.deliveries.waiting().count(),
            "subscriber_count": Subscriber.objects.confirmed().count(),
            "live_worker_count": sum(not worker.is_silent() for worker in Worker.objects.all()),
        }
        return render(request, "desk/newsletter/confirm.html", context)

    def numbers(self, request: HttpRequest) -> HttpResponse:
        """Show subscribers over time, the deliveries of each issue, and the workers."""
        require(request, "newsletter.view_issue")
        rows = statistics.count_subscribers_by_week(today=clock.today())
        lines = statistics.draw_lines(rows)
        issues = statistics.count_deliveries(list(Issue.objects.out().newest_first()[:MAX_ISSUES]))
        context = {
            **self.admin.admin_site.each_context(request),
            "title": "Newsletter statistics",
            "opts": Issue._meta,
            "rows": rows[::-1],
            "lines": lines,
            "lines_words": statistics.describe_lines(lines, first=rows[0].day, last=rows[-1].day),
            "first": rows[0].day,
            "last": rows[-1].day,
            "width": statistics.WIDTH,
            "height": statistics.HEIGHT,
            "highest": statistics.get_maximum(rows),
            "issues": issues,
            "bars": statistics.draw_bars(issues[:MAX_BARS]),
            "workers": [(worker, worker.is_silent()) for worker in Worker.objects.all()],
        }
        return render(request, "desk/newsletter/numbers.html", context)


def answer_button(request: HttpRequest, issue: Issue) -> HttpResponse | None:
    """Do what a button of the form (`_test`, or one of ACTIONS) does, once the form is saved; None for its own buttons.

    The form has these buttons so that what was typed is saved first.
    """
    if "_test" in request.POST:
        return send_test(request, issue)
    if "_compose" in request.POST:
        require(request, "newsletter.add_issue")
        return _compose(request, home=get_change_url(issue))
    if answer := answer_piece_button(request, issue):
        return answer
    for act, action in ACTIONS.items():
        if f"_{act}" in request.POST:
            require(request, "newsletter.send_issue")
            if action.question:
                return SeeOther(reverse("admin:newsletter_issue_act", args=[issue.pk, act]))
            return _do(request, issue, action)
    return None


def _compose(request: HttpRequest, *, home: str) -> HttpResponse:
    try:
        issue = issuing.compose_issue()
    except IssueActionError as error:
        messages.error(request, str(error))
        return SeeOther(home)
    if issue is None:
        since = "since the last issue" if Issue.objects.composed().exists() else "this week"
        messages.info(request, f"Nothing is new {since}, so no issue was composed. You can write one by hand.")
        return SeeOther(home)
    items = count_of(len(issue.content), "item")
    messages.success(request, f"{issue} is composed with {items}. Now write its lead.")
    return SeeOther(get_change_url(issue))


def _create(request: HttpRequest, do: Callable[[], Issue], words: str) -> HttpResponse:
    try:
        issue = do()
    except IssueActionError as error:
        messages.error(request, str(error))
        return SeeOther(reverse("admin:newsletter_issue_changelist"))
    messages.success(request, f"{issue} {words}")
    return SeeOther(get_change_url(issue))


def _do(request: HttpRequest, issue: Issue, action: IssueAction) -> HttpResponse:
    try:
        action.do(issue=issue)
    except IssueActionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{issue}: {action.message}")
    return SeeOther(get_change_url(issue))
