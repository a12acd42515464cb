"""Each right of the table, exercised by a member of each group and by an anonymous user: only its groups succeed.

Pages that only show something: tests/desk/test_permissions.py.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.groups import GROUPS, RIGHTS, Right
from accounts.models import User
from comparisons.models import Comparison
from newsletter.models import Issue, Subscriber
from reviews.models import Review, Reviewer
from tests import factories as make
from tests.accounts.people import person
from tests.catalog.documents import document
from tests.desk.uploading import find_token, upload
from tools.models import Category, Correction, Tool
from tools.publishing import PublicationState
from votes.models import Vote

pytestmark = pytest.mark.django_db
NOBODY = "nobody"


def admin_url(name: str, *arguments: Any) -> str:
    return reverse(f"admin:{name}", args=arguments)


def apply_transition(client: Client, obj: Any, transition: str, **fields: str) -> str:
    """Open the confirmation page of a transition, submit it, and return the state afterwards."""
    opts = obj._meta
    url = admin_url(f"{opts.app_label}_{opts.model_name}_{transition}", obj.pk)
    seen = re.findall(r'name="seen" value="([^"]+)"', client.get(url).content.decode())
    client.post(url, {"seen": seen, "reason": "Because.", **fields})
    return type(obj).objects.get(pk=obj.pk).state


def see_content(client: Client, user: User | None) -> bool:
    make.tool(name="Drafted tool", published_at=None)
    return "Drafted tool" in client.get(admin_url("tools_tool_changelist")).content.decode()


def write_drafts(client: Client, user: User | None) -> bool:
    tool, seat = make.tool(), make.reviewer(held_by=user)
    words = {"verdict": "ship", "quote": "Because.", "flips_if": "", "basis": "read"}
    rows = {"predictions-TOTAL_FORMS": 0, "predictions-INITIAL_FORMS": 0}
    client.post(admin_url("reviews_review_add"), {"tool": tool.pk, "reviewer": seat.pk, **words, **rows})
    return Review.objects.filter(tool=tool, reviewer=seat, published_at=None).exists()


def withdraw_reviews(client: Client, user: User | None) -> bool:
    review = make.review(of=make.tool(), by=make.reviewer(held_by=user))
    return apply_transition(client, review, "withdraw") == PublicationState.WITHDRAWN


def add_categories(client: Client, user: User | None) -> bool:
    client.post(admin_url("tools_category_add"), {"name": "Added", "slug": "added", "description": ""})
    return Category.objects.filter(slug="added").delete()[0] > 0


def withdraw_tools(client: Client, user: User | None) -> bool:
    return apply_transition(client, make.tool(), "withdraw") == PublicationState.WITHDRAWN


def add_comparisons(client: Client, user: User | None) -> bool:
    first, second = make.tool(), make.tool()
    client.post(admin_url("comparisons_comparison_add"), {"first": first.pk, "second": second.pk, "introduction": ""})
    return Comparison.objects.filter(first=first, second=second).exists()


def withdraw_comparisons(client: Client, user: User | None) -> bool:
    return apply_transition(client, make.comparison(), "withdraw") == PublicationState.WITHDRAWN


def override_the_gate(client: Client, user: User | None) -> bool:
    bare = make.tool(tagline="", published_at=None)
    return apply_transition(client, bare, "publish", override="on") == PublicationState.PUBLISHED


def write_corrections(client: Client, user: User | None) -> bool:
    tool = make.tool()
    client.post(admin_url("tools_correction_add"), {"tool": tool.pk, "note": "It costs less."})
    return Correction.objects.filter(tool=tool).exists()


def change_the_panel(client: Client, user: User | None) -> bool:
    seat = make.reviewer()
    form = {"name": seat.name, "slug": seat.slug, "lens": "Another?", "disclosure": "p", "behind": seat.behind}
    form |= {"seat": seat.seat}
    client.post(admin_url("reviews_reviewer_change", seat.pk), form)
    return Reviewer.objects.get(pk=seat.pk).lens == "Another?"


def import_files(client: Client, user: User | None) -> bool:
    imported = document(categories=[{"slug": "brought", "name": "Brought", "description": ""}], attributes=[])
    dry_run = upload(client, admin_url("catalog_file"), json.dumps(imported))
    if dry_run.status_code == 200:
        client.post(admin_url("catalog_file"), {"upload_token": find_token(dry_run), "import": "Import now"})
    return Category.objects.filter(slug="brought").delete()[0] > 0


def see_subscribers(client: Client, user: User | None) -> bool:
    subscriber = make.subscriber()
    return subscriber.email in client.get(admin_url("newsletter_subscriber_changelist")).content.decode()


def edit_issues(client: Client, user: User | None) -> bool:
    issue = Issue.objects.filter(state="draft").first() or make.issue()  # there is at most one draft
    subject = f"Written by {user or NOBODY}"
    client.post(admin_url("newsletter_issue_change", issue.pk), {"subject": subject, "lead": ""})
    return Issue.objects.get(pk=issue.pk).subject == subject


def send_issues(client: Client, user: User | None) -> bool:
    issue = make.issue(state="sending")
    client.post(admin_url("newsletter_issue_act", issue.pk, "pause"))
    return Issue.objects.get(pk=issue.pk).state == "paused"


def erase_subscribers(client: Client, user: User | None) -> bool:
    subscriber = make.subscriber()
    client.post(admin_url("newsletter_subscriber_delete", subscriber.pk), {"post": "yes"})
    return not Subscriber.objects.filter(pk=subscriber.pk).exists()


def release_votes(client: Client, user: User | None) -> bool:
    tool = make.tool()
    make.votes(on=tool, ship=1, state="held", held_for="tool")
    decision = {"action": "release", "scope": "all", "reason": "other", "words": "x", "until": timezone.now()}
    client.post(admin_url("votes_vote_decide", tool.pk), decision)
    return not Vote.objects.filter(tool=tool, state="held").exists()


def freeze_votes(client: Client, user: User | None) -> bool:
    tool = make.tool()
    client.post(admin_url("votes_vote_freeze", tool.pk), {"frozen": "1", "reason": "other", "words": "x"})
    return Tool.objects.with_freeze().get(pk=tool.pk).is_frozen


def create_accounts(client: Client, user: User | None) -> bool:
    name = f"made-by-{user.pk if user else NOBODY}"
    client.post(admin_url("accounts_user_add"), {"username": name, "email": f"{name}@example.org"})
    return User.objects.filter(username=name).exists()


# One per entry of RIGHTS, in the same order.
ACTS: tuple[Callable[[Client, User | None], bool], ...] = (
    see_content,
    write_drafts,
    withdraw_reviews,
    add_categories,
    withdraw_tools,
    add_comparisons,
    withdraw_comparisons,
    override_the_gate,
    write_corrections,
    change_the_panel,
    import_files,
    see_subscribers,
    edit_issues,
    send_issues,
    erase_subscribers,
    release_votes,
    freeze_votes,
    create_accounts,
)


@pytest.mark.parametrize(("right", "act"), [*zip(RIGHTS, ACTS, strict=True)], ids=[act.__name__ for act in ACTS])
def test_only_its_groups_hold_a_right(right: Right, act: Callable[[Client, User | None], bool]):
    done = {}
    for group in GROUPS:
        client, user = Client(), person(group)
        client.force_login(user)
        done[group] = act(client, user)
    done[NOBODY] = act(Client(), None)
    assert done == {group: group in right.groups for group in (*GROUPS, NOBODY)}


def test_reviewer_deletes_only_drafts_of_their_own_seat():
    user, own, other = person("Reviewer"), make.reviewer(), make.reviewer()
    Reviewer.objects.filter(pk=own.pk).update(held_by=user)
    client = Client()
    client.force_login(user)
    drafts = [make.review(of=make.tool(), by=seat, published_at=None) for seat in (own, other)]
    for draft in drafts:
        client.post(admin_url("reviews_review_delete", draft.pk), {"post": "yes"})
    assert list(Review.objects.filter(pk__in=[draft.pk for draft in drafts])) == drafts[1:]
