"""What editors do with an issue besides writing its lead: compose, look, try, send, pause, stop; and the numbers."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from newsletter import issuing, numbers
from newsletter.issuing import NotNowError
from newsletter.letters import Links, issue_letter
from newsletter.models import Issue, Subscriber, Worker
from web.http import SeeOther

# A mail carries its styles on its elements. It is shown alone, and may do nothing: no script, no form, no request.
MAIL_CSP: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "base-uri": [CSP.NONE],
    "sandbox": True,
    "frame-ancestors": [CSP.NONE],
}
ISSUES_SHOWN = 30
BARS_SHOWN = 12

# What a button does, what is said then, and what is asked before ("": nothing).
ACTS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "ready": (issuing.make_ready, "It is ready to be sent.", ""),
    "draft": (issuing.make_draft, "It is a draft again.", ""),
    "send": (issuing.start, "It goes out now.", "Send it to everybody who is on the list?"),
    "pause": (issuing.pause, "No more of it is begun until you resume it.", ""),
    "resume": (issuing.resume, "It goes on.", ""),
    "stop": (issuing.stop, "The rest of it will never be sent.", "Stop it for good?"),
}


def issue_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """The addresses below the list of issues."""
    view = model_admin.admin_site.admin_view
    pages = _Pages(model_admin)
    html = csp_override(MAIL_CSP)(view(pages.html))
    return [
        path("compose/", view(pages.compose), name="newsletter_issue_compose"),
        path("numbers/", view(pages.numbers), name="newsletter_issue_numbers"),
        path("<path:object_id>/mail.html", html, name="newsletter_issue_html"),
        path("<path:object_id>/mail.txt", view(pages.text), name="newsletter_issue_text"),
        path("<path:object_id>/test/", view(pages.test), name="newsletter_issue_test"),
        path("<path:object_id>/<slug:act>/now/", view(pages.act), name="newsletter_issue_act"),
    ]


class _Pages:
    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self.admin = model_admin

    def compose(self, request: HttpRequest) -> HttpResponse:
        """Compose this week's issue (POST)."""
        _needs(request, "newsletter.add_issue")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            issue = issuing.compose_issue()
        except NotNowError as error:
            messages.error(request, str(error))
            return SeeOther(reverse("admin:newsletter_issue_changelist"))
        if issue is None:
            messages.info(request, "Nothing is new since the last issue, so there is none.")
            return SeeOther(reverse("admin:newsletter_issue_changelist"))
        messages.success(request, f"{issue} is composed: {len(issue.content)} pieces of news. Now write its lead.")
        return SeeOther(_home(issue))

    def html(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The mail as most clients show it."""
        return HttpResponse(_letter(_found(request, object_id)).html)

    def text(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The mail as those show it who read text."""
        return HttpResponse(_letter(_found(request, object_id)).text, content_type="text/plain; charset=utf-8")

    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Mail it to oneself (POST)."""
        _needs(request, "newsletter.change_issue")
        issue = _found(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        email = getattr(request.user, "email", "")
        if email:
            issuing.test(issue=issue, email=email)
            messages.success(request, f"A test goes to {email} as soon as a worker looks.")
        else:
            messages.error(request, "Your account has no e-mail address to send a test to.")
        return SeeOther(_home(issue))

    def act(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """Do one of ACTS (POST); what cannot be taken back is asked about first (GET)."""
        _needs(request, "newsletter.send_issue")
        issue = _found(request, object_id)
        if act not in ACTS:
            raise Http404
        do, said, question = ACTS[act]
        if request.method == "POST":
            try:
                do(issue=issue)
            except NotNowError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, f"{issue}: {said}")
            return SeeOther(_home(issue))
        if not question:
            return HttpResponseNotAllowed(["POST"])
        context = {
            **self.admin.admin_site.each_context(request),
            "title": f"{issue}: {question}",
            "opts": Issue._meta,
            "issue": issue,
            "act": act,
            "question": question,
            "readers": Subscriber.objects.confirmed().count(),
            "workers": sum(not worker.is_silent() for worker in Worker.objects.all()),
        }
        return render(request, "desk/newsletter/confirm.html", context)

    def numbers(self, request: HttpRequest) -> HttpResponse:
        """Subscribers over time, and what came of each issue."""
        _needs(request, "newsletter.view_issue")
        rows = numbers.standings(today=timezone.now().date())
        issues = numbers.of_issues(list(Issue.objects.out().newest_first()[:ISSUES_SHOWN]))
        context = {
            **self.admin.admin_site.each_context(request),
            "title": "Numbers of the newsletter",
            "opts": Issue._meta,
            "rows": rows[::-1],
            "lines": numbers.lines(rows),
            "first": rows[0].day,
            "last": rows[-1].day,
            "width": numbers.WIDTH,
            "height": numbers.HEIGHT,
            "highest": numbers.highest(rows),
            "issues": issues,
            "bars": numbers.bars(issues[:BARS_SHOWN]),
            "workers": [(worker, worker.is_silent()) for worker in Worker.objects.all()],
        }
        return render(request, "desk/newsletter/numbers.html", context)


def _needs(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _found(request: HttpRequest, object_id: str) -> Issue:
    _needs(request, "newsletter.view_issue")
    issue = Issue.objects.filter(pk=unquote(object_id)).first() if unquote(object_id).isdecimal() else None
    if issue is None:
        raise Http404
    return issue


def _home(issue: Issue) -> str:
    return reverse("admin:newsletter_issue_change", args=[issue.pk])


def _letter(issue: Issue) -> Any:
    """As a reader of everything would get it, with links that lead nobody off the list."""
    here = reverse("newsletter")
    return issue_letter(issue, Links(unsubscribe=here, preferences=here))
