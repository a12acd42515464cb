"""A draft can be without a verdict, on every road: the tool page, the review's own page, the gate, previews, files."""

import json

import pytest
from django.db import IntegrityError, transaction

from desk.publishing import previews
from reviews.models import Review
from reviews.panel import Panel
from tests import factories as make
from tests.catalog.documents import empty_site, export, get_problems, import_content
from tests.desk.confirming import confirm, read_text, url
from tests.desk.forms import change_url, fill_form
from tests.desk.test_restore import restore
from tests.desk.test_tool_scorecard import LONG, read_editions, row_fields, save
from tests.desk.tool_forms import tool_url
from tools.models import Tool

pytestmark = pytest.mark.django_db


def make_draft(tool, seat=None, **fields) -> Review:
    words = {"verdict": "", "gist": "", "basis": "", "quote": LONG, **fields}
    return make.review(of=tool, by=seat or make.reviewer(), published_at=None, **words)


@pytest.mark.parametrize("typed", [{"quote": LONG}, {"gist": "It guesses."}, {"flips_if": "It stops."}])
def test_scorecard_saves_what_was_thought_so_far(admin_client, typed):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=make.reviewer(), verdict="skip")
    assert save(admin_client, tool, **row_fields(seat, **typed)).status_code == 302
    draft = tool.reviews.get(reviewer=seat)
    assert {name: getattr(draft, name) for name in ("verdict", *typed)} == {"verdict": "", **typed}
    page = admin_client.get(tool_url(tool)).content.decode()
    assert "<span>Panel ship will be</span> <b data-figure>0%</b> <span data-words>0 of 1 ship</span>" in page
    assert save(admin_client, tool, **row_fields(seat, verdict="ship", quote=LONG)).status_code == 302
    assert (seat.seat, "ship", LONG, "draft") in read_editions(tool)


def test_chosen_verdict_can_be_taken_back_in_a_draft(admin_client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, quote=LONG, published_at=None)
    save(admin_client, tool, **row_fields(seat, verdict=""))
    assert read_editions(tool) == [(seat.seat, "", LONG, "draft")]


@pytest.mark.parametrize(
    "fields", [{"published_at": make.PAST}, {"published_at": make.FUTURE}, {"quote": "", "verdict": "ship"}]
)
def test_database_refuses_what_is_more_than_a_draft(fields):
    draft = make_draft(make.tool())
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=draft.pk).update(**fields)


def test_own_page_saves_it_and_nobody_publishes_it(admin_client):
    draft = make_draft(make.tool())
    form = fill_form(admin_client, draft, gist="It guesses.")
    assert admin_client.post(change_url(draft), {**form, "_save": "Save"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.verdict, draft.gist) == ("", "It guesses.")
    page = admin_client.get(url(draft, "publish"))
    assert "There is no verdict: ship or skip." in read_text(page)
    assert "Nobody can override this." in read_text(page)
    response = confirm(admin_client, url(draft, "publish"), override="on", reason="News.")
    draft.refresh_from_db()
    assert (response.status_code, draft.published_at) == (200, None)


def test_tool_is_published_without_it(admin_client):
    tool = make.tool(published_at=None)
    unfinished, finished = make_draft(tool), make.review(of=tool, by=make.reviewer(), quote=LONG, published_at=None)
    page = read_text(admin_client.get(url(tool, "publish")))
    assert f"{unfinished.reviewer.name}: its draft has no verdict yet." in page
    confirm(admin_client, url(tool, "publish"), override="on", reason="News.")
    states = dict(Review.objects.values_list("pk", "published_at"))
    assert (states[unfinished.pk], states[finished.pk] is None) == (None, False)
    assert Panel.of(Tool.objects.with_panel().get().panel).seats == 1


def test_previews_leave_it_out(admin_client, client):
    tool = make.tool(published_at=None)
    draft = make_draft(tool, quote="Words without a verdict, which nobody should read as one of the panel’s.")
    make.review(of=tool, by=make.reviewer(), quote="Finished words.", published_at=None)
    page = client.get(previews.preview_url(tool)).content.decode()
    assert ("Finished words." in page, "Words without a verdict" in page) == (True, False)
    assert client.get(previews.preview_url(draft)).status_code == 410
    assert previews.preview_url(draft).rpartition(":")[0] not in admin_client.get(change_url(draft)).content.decode()


def test_catalog_file_carries_it():
    make_draft(make.tool(published_at=None))
    exported = export()
    empty_site()
    import_content(exported)
    assert (export(), Review.objects.get().verdict) == (exported, "")
    document = json.loads(exported)
    document["tools"][0]["reviews"][0]["published_at"] = "2026-01-05T09:00:00Z"
    assert get_problems(document) == [
        "tools[0].reviews[0]: Choose ship or skip. Only a draft can be without a verdict."
    ]


def test_history_restores_it(admin_client):
    draft = make_draft(make.tool())
    draft.verdict, draft.basis = "ship", "read"
    draft.save()
    first = draft.history.earliest()
    restore(admin_client, draft, first)
    draft.refresh_from_db()
    assert (draft.verdict, draft.quote) == ("", LONG)
