"""What each right of the table lets people do, done by a member of each group and by nobody; and nothing is done by
those who lack it. Pages that only show: tests/desk/test_permissions.py.
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
from tests.accounts.people import PASSWORD, person
from tests.catalog.test_catalog import document
from tests.desk.uploading import find_token, upload
from tools.models import Category, Correction, Tool
from tools.publishing import PublicationState
from votes.models import Vote

pytestmark = pytest.mark.django_db
NOBODY = "nobody"


def page(name: str, *arguments: Any) -> str:
    return reverse(f"admin:{name}", args=arguments)


def stepped(client: Client, thing: Any, step: str, **fields: str) -> str:
    """Look at what a step would do, and do it; the state afterwards."""
    opts = thing._meta
    url = page(f"{opts.app_label}_{opts.model_name}_{step}", thing.pk)
    seen = re.findall(r'name="seen" value="([^"]+)"', client.get(url).content.decode())
    client.post(url, {"seen": seen, "reason": "Because.", **fields})
    return type(thing).objects.get(pk=thing.pk).state


def sees_content(client: Client, user: User | None) -> bool:
    make.tool(name="Drafted tool", published_at=None)
    return "Drafted tool" in client.get(page("tools_tool_changelist")).content.decode()


def writes_drafts(client: Client, user: User | None) -> bool:
    tool, seat = make.tool(), make.reviewer(held_by=user)
    words = {"verdict": "ship", "quote": "Because.", "flips_if": ""}
    rows = {"predictions-TOTAL_FORMS": 0, "predictions-INITIAL_FORMS": 0}
    client.post(page("reviews_review_add"), {"tool": tool.pk, "reviewer": seat.pk, **words, **rows})
    return Review.objects.filter(tool=tool, reviewer=seat, published_at=None).exists()


def withdraws_reviews(client: Client, user: User | None) -> bool:
    review = make.review(of=make.tool(), by=make.reviewer(held_by=user))
    return stepped(client, review, "withdraw") == PublicationState.WITHDRAWN


def adds_categories(client: Client, user: User | None) -> bool:
    client.post(page("tools_category_add"), {"name": "Added", "slug": "added", "description": ""})
    return Category.objects.filter(slug="added").delete()[0] > 0


def withdraws_tools(client: Client, user: User | None) -> bool:
    return stepped(client, make.tool(), "withdraw") == PublicationState.WITHDRAWN


def adds_comparisons(client: Client, user: User | None) -> bool:
    first, second = make.tool(), make.tool()
    client.post(page("comparisons_comparison_add"), {"first": first.pk, "second": second.pk, "introduction": ""})
    return Comparison.objects.filter(first=first, second=second).exists()


def withdraws_comparisons(client: Client, user: User | None) -> bool:
    return stepped(client, make.comparison(), "withdraw") == PublicationState.WITHDRAWN


def overrides_the_gate(client: Client, user: User | None) -> bool:
    bare = make.tool(tagline="", published_at=None)
    return stepped(client, bare, "publish", override="on") == PublicationState.PUBLISHED


def writes_corrections(client: Client, user: User | None) -> bool:
    tool = make.tool()
    client.post(page("tools_correction_add"), {"tool": tool.pk, "note": "It costs less."})
    return Correction.objects.filter(tool=tool).exists()


def changes_the_panel(client: Client, user: User | None) -> bool:
    seat = make.reviewer()
    form = {"name": seat.name, "slug": seat.slug, "lens": "Another?", "disclosure": "p", "seat": seat.seat}
    client.post(page("reviews_reviewer_change", seat.pk), form)
    return Reviewer.objects.get(pk=seat.pk).lens == "Another?"


def loads_files(client: Client, user: User | None) -> bool:
    brought = document(categories=[{"slug": "brought", "name": "Brought", "description": ""}], attributes=[])
    shown = upload(client, page("catalog_file"), json.dumps(brought))
    if shown.status_code == 200:
        client.post(page("catalog_file"), {"upload_token": find_token(shown), "import": "Import now"})
    return Category.objects.filter(slug="brought").delete()[0] > 0


def sees_subscribers(client: Client, user: User | None) -> bool:
    subscriber = make.subscriber()
    return subscriber.email in client.get(page("newsletter_subscriber_changelist")).content.decode()


def edits_issues(client: Client, user: User | None) -> bool:
    issue = Issue.objects.filter(state="draft").first() or make.issue()  # there is one draft at most
    subject = f"Written by {user or NOBODY}"
    client.post(page("newsletter_issue_change", issue.pk), {"subject": subject, "lead": ""})
    return Issue.objects.get(pk=issue.pk).subject == subject


def sends_issues(client: Client, user: User | None) -> bool:
    issue = make.issue(state="sending")
    client.post(page("newsletter_issue_act", issue.pk, "pause"))
    return Issue.objects.get(pk=issue.pk).state == "paused"


def erases_subscribers(client: Client, user: User | None) -> bool:
    subscriber = make.subscriber()
    client.post(page("newsletter_subscriber_delete", subscriber.pk), {"post": "yes"})
    return not Subscriber.objects.filter(pk=subscriber.pk).exists()


def releases_votes(client: Client, user: User | None) -> bool:
    tool = make.tool()
    make.votes(on=tool, ship=1, state="held", held_for="tool")
    decision = {"action": "release", "scope": "all", "reason": "other", "words": "x", "until": timezone.now()}
    client.post(page("votes_vote_decide", tool.pk), decision)
    return not Vote.objects.filter(tool=tool, state="held").exists()


def freezes_votes(client: Client, user: User | None) -> bool:
    tool = make.tool()
    client.post(page("votes_vote_freeze", tool.pk), {"frozen": "1", "reason": "other", "words": "x"})
    return Tool.objects.with_freeze().get(pk=tool.pk).is_frozen


def makes_accounts(client: Client, user: User | None) -> bool:
    name = f"made-by-{user.pk if user else NOBODY}"
    words = {"usable_password": "true", "password1": f"{PASSWORD} more", "password2": f"{PASSWORD} more"}
    client.post(page("accounts_user_add"), {"username": name, "email": f"{name}@example.org", **words})
    return User.objects.filter(username=name).exists()


# One for each of RIGHTS, in their order.
ACTS: tuple[Callable[[Client, User | None], bool], ...] = (
    sees_content,
    writes_drafts,
    withdraws_reviews,
    adds_categories,
    withdraws_tools,
    adds_comparisons,
    withdraws_comparisons,
    overrides_the_gate,
    writes_corrections,
    changes_the_panel,
    loads_files,
    sees_subscribers,
    edits_issues,
    sends_issues,
    erases_subscribers,
    releases_votes,
    freezes_votes,
    makes_accounts,
)


@pytest.mark.parametrize(("right", "act"), [*zip(RIGHTS, ACTS, strict=True)], ids=[act.__name__ for act in ACTS])
def test_right_is_held_by_its_groups_alone(right: Right, act: Callable[[Client, User | None], bool]):
    done = {}
    for group in GROUPS:
        client, user = Client(), person(group)
        client.force_login(user)
        done[group] = act(client, user)
    done[NOBODY] = act(Client(), None)
    assert done == {group: group in right.groups for group in (*GROUPS, NOBODY)}


def test_a_reviewer_writes_and_deletes_drafts_of_the_own_seat_alone():
    user, own, other = person("Reviewer"), make.reviewer(), make.reviewer()
    Reviewer.objects.filter(pk=own.pk).update(held_by=user)
    client = Client()
    client.force_login(user)
    drafts = [make.review(of=make.tool(), by=seat, published_at=None) for seat in (own, other)]
    for draft in drafts:
        client.post(page("reviews_review_delete", draft.pk), {"post": "yes"})
    assert list(Review.objects.filter(pk__in=[draft.pk for draft in drafts])) == drafts[1:]
