"""Who may see which issue at the desk, for the pages beside its form."""

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse

from desk.ids import parse_id
from newsletter import issuing
from newsletter.issuing import IssueActionError
from newsletter.models import Issue


def require(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied unless the user has a permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def get_issue(request: HttpRequest, object_id: str) -> Issue:
    """Return an issue that the user may see. Raises PermissionDenied or Http404."""
    require(request, "newsletter.view_issue")
    pk = parse_id(unquote(object_id))
    issue = Issue.objects.filter(pk=pk).first() if pk else None
    if issue is None:
        raise Http404
    return issue


def get_change_url(issue: Issue) -> str:
    """Return the address of the form of an issue."""
    return reverse("admin:newsletter_issue_change", args=[issue.pk])


def reset_ready(request: HttpRequest, issue: Issue) -> None:
    """Make a ready issue a draft again after someone who may not send it has changed it."""
    if request.user.has_perm("newsletter.send_issue"):
        return
    try:
        issuing.make_draft(issue=issue)
    except IssueActionError:  # it was not ready
        return
    messages.info(request, f"{issue} was ready to send. It is a draft again, because it changed.")
