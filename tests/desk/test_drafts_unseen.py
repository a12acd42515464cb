"""Drafts that some people at the desk must not see: of tools by moderators, of other seats by reviewers."""

import pytest
from django.contrib.contenttypes.models import ContentType

from tests import factories as make
from tests.accounts.people import person
from tests.desk.people import sign_in
from tests.desk.tool_forms import tool_url
from tools.models import Category, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    return make.tool(name="Zyzzyva Secret", slug="secret-unannounced", published_at=None)


def test_moderators_do_not_find_drafts_of_tools(draft):
    public = make.tool(name="Zyzzyva Known")
    moderator = sign_in(person("Moderator"))
    listed = moderator.get("/admin/votes/vote/?q=zyzz")
    assert [tool.name for tool in listed.context["found"]] == ["Zyzzyva Known"]
    assert moderator.get(f"/admin/votes/vote/tool/{public.pk}/").status_code == 200
    assert moderator.get(f"/admin/votes/vote/tool/{draft.pk}/").status_code == 404
    first, second = sorted([public.pk, draft.pk])
    assert moderator.get(f"/admin/votes/pairvote/{first}/{second}/").status_code == 404


def test_view_on_site_does_not_tell_the_slug_of_a_draft(draft):
    address = f"/admin/r/{ContentType.objects.get_for_model(Tool).pk}/{draft.pk}/"
    assert sign_in(person("Moderator")).get(address).status_code == 403
    seen = sign_in(person("Editor")).get(address)
    assert (seen.status_code, seen.headers["Location"]) == (302, "http://testserver/tools/secret-unannounced/")


def test_category_links_to_its_page_only_when_readers_have_one(admin_client, draft):
    form = f"/admin/tools/category/{draft.category.pk}/change/"
    assert f"/admin/r/{ContentType.objects.get_for_model(Category).pk}/" not in admin_client.get(form).text
    make.tool(category=draft.category)
    assert f'href="{draft.category.get_absolute_url()}"' in admin_client.get(form).text


def test_administrators_may_moderate_drafts(draft):
    listed = sign_in(person("Administrator")).get("/admin/votes/vote/?q=zyzz")
    assert [tool.name for tool in listed.context["found"]] == ["Zyzzyva Secret"]


def test_reviewers_do_not_see_verdicts_of_other_seats_drafts():
    holder = person("Reviewer")
    own, other, third = make.reviewer(held_by=holder), make.reviewer(), make.reviewer()
    tool = make.tool()
    make.review(of=tool, by=own, verdict="ship", published_at=None)
    make.review(of=tool, by=other, verdict="skip", published_at=None)
    make.review(of=tool, by=third, verdict="ship")
    page = sign_in(holder).get(tool_url(tool))
    verdicts = [(row.reviewer, row.verdict) for row in page.context["scorecard"]]
    assert verdicts == [(own, "ship"), (other, ""), (third, "ship")]
    panel = page.context["scorecard"].panel
    assert (panel.ship, panel.seats) == (2, 2)
    assert "There is a draft" not in page.text
    edited = sign_in(person("Editor")).get(tool_url(tool))
    assert [row.verdict for row in edited.context["scorecard"]] == ["ship", "skip", "ship"]
