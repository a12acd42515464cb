"""Pages of an issue beside its form: compose, preview, send a test, send, pause, stop; and the numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from desk.admin.issue_pieces import answer_piece_button, show_piece
from desk.idempotency import answer_once
from desk.ids import parse_id
from newsletter import issuing, statistics, writing
from newsletter.issuing import IssueActionError
from newsletter.messages import Links, Message, build_issue_message
from newsletter.models import Issue, Subscriber, Worker
from web import clock
from web.http import SeeOther
from web.words import count_of

# A message has inline styles. It is shown on a page of its own without scripts, forms, or requests.
MAIL_CSP: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "base-uri": [CSP.NONE],
    "sandbox": True,
    "frame-ancestors": [CSP.NONE],
}
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
    "stop": IssueAction(issuing.stop, "Stopped. The rest of it will never be sent.", "Stop it for good?"),
}


def issue_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """Return the addresses of these pages, below the list of issues."""
    view = model_admin.admin_site.admin_view
    pages = _IssuePages(model_admin)
    html = csp_override(MAIL_CSP)(view(pages.html))
    return [
        path("compose/", view(pages.compose), name="newsletter_issue_compose"),
        path("write/", view(pages.write), name="newsletter_issue_write"),
        path("numbers/", view(pages.numbers), name="newsletter_issue_numbers"),
        path("<path:object_id>/mail.html", html, name="newsletter_issue_html"),
        path("<path:object_id>/mail.txt", view(pages.text), name="newsletter_issue_text"),
        path("<path:object_id>/duplicate/", view(pages.duplicate), name="newsletter_issue_duplicate"),
        path("<path:object_id>/pieces/<slug:key>/", view(pages.piece), name="newsletter_issue_piece"),
        path("<path:object_id>/test/", view(pages.test), name="newsletter_issue_test"),
        path("<path:object_id>/<slug:act>/now/", view(pages.act), name="newsletter_issue_act"),
    ]


class _IssuePages:
    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self.admin = model_admin

    def compose(self, request: HttpRequest) -> HttpResponse:
        """Compose this week's issue. POST only."""
        _require(request, "newsletter.add_issue")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return _compose(request, home=reverse("admin:newsletter_issue_changelist"))

    def write(self, request: HttpRequest) -> HttpResponse:
        """Create an empty draft, to be written by hand. POST only."""
        _require(request, "newsletter.add_issue")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return answer_once(request, lambda: _create(request, writing.write_issue, "is empty. Write it."))

    def duplicate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Create a draft with the words and pieces of an issue. POST only."""
        _require(request, "newsletter.add_issue")
        issue = _get_issue(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        do = partial(writing.duplicate, issue=issue)
        return answer_once(request, lambda: _create(request, do, f"is a copy of {issue}."))

    def piece(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """Show and save the words of one piece."""
        return show_piece(self.admin, request, _get_issue(request, object_id), key)

    def html(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the HTML part of the message."""
        return HttpResponse(_build_message(_get_issue(request, object_id)).html)

    def text(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the text part of the message."""
        return HttpResponse(
            _build_message(_get_issue(request, object_id)).text, content_type="text/plain; charset=utf-8"
        )

    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a test to the editor's own address. POST only."""
        _require(request, "newsletter.change_issue")
        issue = _get_issue(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return answer_once(request, lambda: _send_test(request, issue))

    def act(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """Do one of ACTIONS on POST. On GET, ask first, where the action has a question."""
        _require(request, "newsletter.send_issue")
        issue = _get_issue(request, object_id)
        if act not in ACTIONS:
            raise Http404
        action = ACTIONS[act]
        if request.method == "POST":
            return _do(request, issue, action)
        if not action.question:
            return HttpResponseNotAllowed(["POST"])
        context = {
            **self.admin.admin_site.each_context(request),
            "title": f"{issue}: {action.question}",
            "opts": Issue._meta,
            "issue": issue,
            "act": act,
            "subscriber_count": Subscriber.objects.confirmed().count(),
            "live_worker_count": sum(not worker.is_silent() for worker in Worker.objects.all()),
        }
        return render(request, "desk/newsletter/confirm.html", context)

    def numbers(self, request: HttpRequest) -> HttpResponse:
        """Show subscribers over time, the deliveries of each issue, and the workers."""
        _require(request, "newsletter.view_issue")
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


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _get_issue(request: HttpRequest, object_id: str) -> Issue:
    """Return an issue that the user may see. Raises PermissionDenied or Http404."""
    _require(request, "newsletter.view_issue")
    pk = parse_id(unquote(object_id))
    issue = Issue.objects.filter(pk=pk).first() if pk else None
    if issue is None:
        raise Http404
    return issue


def answer_button(request: HttpRequest, issue: Issue) -> HttpResponse | None:
    """Do what a button of the form (`_test`, or one of ACTIONS) does, once the form is saved; None for its own buttons.

    The form has these buttons so that what was typed is saved first.
    """
    if "_test" in request.POST:
        return _send_test(request, issue)
    if "_compose" in request.POST:
        _require(request, "newsletter.add_issue")
        return _compose(request, home=_change_url(issue))
    if answer := answer_piece_button(request, issue):
        return answer
    for act, action in ACTIONS.items():
        if f"_{act}" in request.POST:
            _require(request, "newsletter.send_issue")
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
    return SeeOther(_change_url(issue))


def _create(request: HttpRequest, do: Callable[[], Issue], words: str) -> HttpResponse:
    try:
        issue = do()
    except IssueActionError as error:
        messages.error(request, str(error))
        return SeeOther(reverse("admin:newsletter_issue_changelist"))
    messages.success(request, f"{issue} {words}")
    return SeeOther(_change_url(issue))


def _do(request: HttpRequest, issue: Issue, action: IssueAction) -> HttpResponse:
    try:
        action.do(issue=issue)
    except IssueActionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{issue}: {action.message}")
    return SeeOther(_change_url(issue))


def _send_test(request: HttpRequest, issue: Issue) -> HttpResponse:
    email = getattr(request.user, "email", "")
    if email:
        issuing.queue_test(issue=issue, email=email)
        messages.success(request, f"A test to {email} is queued.")
    else:
        messages.error(request, "Your account has no email address for a test. An administrator can add one.")
    return SeeOther(_change_url(issue))


def _change_url(issue: Issue) -> str:
    return reverse("admin:newsletter_issue_change", args=[issue.pk])


def _build_message(issue: Issue) -> Message:
    """Return the message to a subscriber of all categories, with links that unsubscribe nobody."""
    here = reverse("newsletter")
    return build_issue_message(issue, Links(unsubscribe=here, preferences=here))
