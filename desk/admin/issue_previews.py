"""How an issue will look: its message as any reader gets it, while it is being written, and as a test by mail."""

from functools import partial
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from accounts.models import User
from desk.admin.issue_access import get_change_url, get_issue, require
from desk.idempotency import answer_once
from desk.shapes import Posted
from newsletter import issuing
from newsletter.addresses import MAX_ADDRESS_LENGTH, normalize
from newsletter.content import gets_anything, parse_items
from newsletter.issuing import IssueActionError
from newsletter.messages import Links, Message, build_issue_message
from newsletter.models import Issue
from tools.models import Category
from web.fields import EmailAddressField, LineField, MultilineField
from web.http import SeeOther

# A message has inline styles. It is shown on a page of its own without scripts, forms, or requests.
MAIL_CSP: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "base-uri": [CSP.NONE],
    "sandbox": True,
    "frame-ancestors": [CSP.NONE],
}
# The same within a page of the desk, whose script writes into it what is being typed.
FRAME_CSP = MAIL_CSP | {"sandbox": ["allow-same-origin"], "frame-ancestors": [CSP.SELF]}
PAGE_CSP = settings.ADMIN_CSP | {"frame-src": [CSP.SELF]}
MAX_TYPED_LENGTH = 20_000  # characters of a lead that is being typed; saving takes fewer


class ReaderForm(forms.Form):
    """The reader to preview an issue as: the categories they chose, if not all, and the earlier issues they had."""

    category = forms.ModelMultipleChoiceField(
        Category.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Only these categories"
    )
    had = forms.ModelMultipleChoiceField(Issue.objects.out(), required=False)
    part = forms.ChoiceField(choices=[("html", "HTML"), ("text", "Text")], required=False, widget=forms.RadioSelect)

    def __init__(self, data: Posted) -> None:
        super().__init__(data, label_suffix="")
        field = self.fields["category"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 (for the types)
        field.queryset = Category.objects.order_by("name")

    @property
    def categories(self) -> frozenset[int] | None:
        """What the reader chose; None for everything, and for an invalid choice."""
        chosen = self.cleaned_data.get("category") if self.is_valid() else None
        return frozenset(category.pk for category in chosen) if chosen else None

    @property
    def earlier(self) -> frozenset[int]:
        """The earlier issues that the reader has."""
        return frozenset(issue.pk for issue in self.cleaned_data.get("had") or ()) if self.is_valid() else frozenset()

    @property
    def is_text(self) -> bool:
        return self.is_valid() and self.cleaned_data["part"] == "text"


class TypedForm(forms.Form):
    """The words of an issue while they are being typed. Nothing about them is wrong yet."""

    subject = LineField(required=False)
    lead = MultilineField(required=False)

    def apply(self, issue: Issue) -> None:
        """Put the words into an issue, without saving it."""
        if self.is_valid():
            issue.subject = self.cleaned_data["subject"]
            issue.lead = self.cleaned_data["lead"][:MAX_TYPED_LENGTH]


class TestForm(forms.Form):
    """The address of a test."""

    test_email = EmailAddressField(required=False, max_length=MAX_ADDRESS_LENGTH)

    def clean_test_email(self) -> str:
        email: str = self.cleaned_data["test_email"]
        return normalize(email) if email else ""


def preview_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """Return the addresses of these pages, below the list of issues."""
    view = model_admin.admin_site.admin_view
    framed = xframe_options_sameorigin(csp_override(FRAME_CSP)(view(_show_frame)))
    preview = csp_override(PAGE_CSP)(view(partial(_show_preview, model_admin)))
    return [
        path("<path:object_id>/mail.html", csp_override(MAIL_CSP)(view(_show_html)), name="newsletter_issue_html"),
        path("<path:object_id>/mail.txt", view(_show_text), name="newsletter_issue_text"),
        path("<path:object_id>/frame.html", framed, name="newsletter_issue_frame"),
        path("<path:object_id>/preview/", preview, name="newsletter_issue_preview"),
        path("<path:object_id>/test/", view(_test), name="newsletter_issue_test"),
    ]


def _show_html(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the HTML part of the message."""
    return HttpResponse(_build_message(get_issue(request, object_id), ReaderForm(request.GET)).html)


def _show_text(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the text part of the message."""
    text = _build_message(get_issue(request, object_id), ReaderForm(request.GET)).text
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _show_frame(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the HTML part within a page of the desk; on POST, with the words that are being typed."""
    issue = get_issue(request, object_id)
    if request.method == "POST":
        TypedForm(request.POST).apply(issue)
    return HttpResponse(_build_message(issue, ReaderForm(request.GET)).html, headers={"Cache-Control": "no-store"})


def _show_preview(model_admin: admin.ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the message as a reader of chosen categories gets it."""
    issue, form = get_issue(request, object_id), ReaderForm(request.GET)
    message = _build_message(issue, form)
    categories, had, items = form.categories, form.earlier, parse_items(issue.content)
    with_news = {pk for item in items for pk in item.category_ids}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{issue} as a reader gets it",
        "opts": Issue._meta,
        "issue": issue,
        "form": form,
        "message": message,
        "categories": Category.objects.order_by("name"),
        "chosen": categories or frozenset(),
        "with_news": with_news,
        "earlier": Issue.objects.filter(pk__in={pk for item in items for pk in item.told_in}),
        "had": had,
        "gets_nothing": bool(items) and not gets_anything(items, categories, had=had),
        "frame": reverse(
            "admin:newsletter_issue_frame",
            args=[issue.pk],
            query={"category": sorted(categories or ()), "had": sorted(had)},
        ),
    }
    return render(request, "desk/newsletter/preview.html", context)


def _test(request: HttpRequest, object_id: str) -> HttpResponse:
    """Send a test, to the editor's own address unless another one is given. POST only."""
    require(request, "newsletter.change_issue")
    issue = get_issue(request, object_id)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return answer_once(request, lambda: send_test(request, issue))


def send_test(request: HttpRequest, issue: Issue) -> HttpResponse:
    """Queue a test of an issue to the address in the form, or without one to the editor's own."""
    form = TestForm(request.POST)
    own = getattr(request.user, "email", "")
    if not form.is_valid():
        errors = " ".join(str(error) for field in form.errors.values() for error in field)
        messages.error(request, f"No test was sent. {errors}")
    elif not (email := form.cleaned_data["test_email"] or own):
        messages.error(request, "Your account has no email address for a test. Type one beside the button.")
    else:
        try:
            issuing.queue_test(issue=issue, email=email, by=cast("User", request.user).pk)
        except IssueActionError as error:
            messages.error(request, f"No test was sent. {error}")
        else:
            messages.success(request, f"A test to {email} is queued.")
    return SeeOther(get_change_url(issue))


def _build_message(issue: Issue, form: ReaderForm) -> Message:
    """Return the message to a reader, with links that unsubscribe nobody."""
    here = reverse("newsletter")
    links = Links(unsubscribe=here, preferences=here)
    return build_issue_message(issue, links, categories=form.categories, had=form.earlier)
