"""Editors of the newsletter at the desk, and the issues that they work on."""

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from newsletter import issuing
from newsletter.models import Issue
from tests import factories as make
from tests.comparisons.contents import make_site

ALL = ["add_issue", "view_issue", "change_issue", "send_issue", "view_delivery", "view_subscriber"]


def client_with(*codenames: str, **fields) -> Client:
    """Return a client signed in as a member of staff with exactly these permissions."""
    user = User.objects.create(username=f"editor{User.objects.count()}", is_staff=True, **fields)
    permissions = Permission.objects.filter(codename__in=codenames)
    assert len(permissions) == len(codenames)
    user.user_permissions.set(permissions)
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, issue: Issue, name: str) -> str:
    response = client.post(f"/admin/newsletter/issue/{issue.pk}/{name}/now/", follow=True)
    return response.content.decode()


def make_ready_issue() -> Issue:
    make_site()
    issue = issuing.compose_issue(since=make.PAST - timedelta(days=1))
    issuing.make_ready(issue=issue)
    return issue


def make_draft_issue() -> Issue:
    make_site()
    return issuing.compose_issue(since=make.PAST - timedelta(days=1))


def get_address(issue: Issue, page: str = "change") -> str:
    return f"/admin/newsletter/issue/{issue.pk}/{page}/"
