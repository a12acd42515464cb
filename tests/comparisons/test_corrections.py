"""Corrections: shown wherever readers see the tool, and permanent."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from lxml import etree

from tests import factories as make
from tests.comparisons.contents import make_site
from tests.comparisons.test_feeds import ATOM, find_texts, get_feed
from tests.comparisons.test_pair_page import text
from tools.models import Correction

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 12, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> & “more”"


def test_tool_page_lists_corrections_newest_first(client):
    tool = make.tool()
    assert 'id="corrections"' not in text(client, tool.get_absolute_url())
    make.correction(of=tool, note="The price was $30; it is $20.", made_at=NOVEMBER)
    make.correction(of=tool, note=HOSTILE, made_at=NOVEMBER + timedelta(days=1))
    section = text(client, tool.get_absolute_url()).split('id="corrections"')[1]
    listed = etree.HTML(section.split("</ul>")[0].split("<ul")[1].join(["<ul", "</ul>"])).xpath("//li")
    assert [" ".join("".join(item.itertext()).split()) for item in listed] == [
        f"Nov 13, 2026 {HOSTILE}",
        "Nov 12, 2026 The price was $30; it is $20.",
    ]


def test_comparison_shows_the_newest_and_links_the_others(client):
    pair = make_site()
    make.correction(of=pair.first, note="Older.", made_at=NOVEMBER)
    page = text(client, "/compare/alpha-vs-beta/")
    assert page.count('class="corrected"') == 1
    assert "<b>Corrected on Nov 12, 2026:</b> Older.</p>" in page
    make.correction(of=pair.first, note="Newer.", made_at=NOVEMBER + timedelta(days=1))
    page = text(client, "/compare/alpha-vs-beta/")
    assert '<b>Corrected on Nov 13, 2026:</b> Newer. <a href="/tools/alpha/#corrections">1 earlier</a></p>' in page
    assert "Older." not in page.split('class="corrected"')[1]
    assert "Corrected on Nov 13, 2026" in text(client, f"/compare/custom/?t=alpha&t=beta&t={make.tool().slug}")


def test_comparison_needs_no_extra_query(client, django_assert_num_queries):
    pair = make_site()
    for tool in (pair.first, pair.second):
        make.correction(of=tool)
    with django_assert_num_queries(4):
        text(client, "/compare/alpha-vs-beta/")


def test_correction_changes_the_etag_of_a_comparison(client):
    pair = make_site()
    before = client.get("/compare/alpha-vs-beta/").headers["ETag"]
    make.correction(of=pair.second, note="It was wrong.", made_at=NOVEMBER)
    after = client.get("/compare/alpha-vs-beta/", headers={"if-none-match": before})
    assert (after.status_code, after.headers["ETag"] != before) == (200, True)
    assert "It was wrong." in after.content.decode()


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_corrections_of_hidden_tools_are_not_listed(client, fields):
    make.correction(of=make.tool(**fields), note="Hidden words.")
    assert "Hidden words." not in text(client, "/changes/") + text(client, "/feeds/changes.xml?kind=corrections")


def test_feed_has_corrections(client):
    pair = make_site()
    correction = make.correction(of=pair.first, note=HOSTILE, made_at=NOVEMBER)
    entry = get_feed(client, "/feeds/changes.xml?kind=corrections").xpath("a:entry", namespaces=ATOM)[0]
    assert find_texts(entry, "a:title") == ["Corrected: Alpha 0"]
    assert find_texts(entry, "a:id") == [f"tag:127.0.0.1,2026:correction/{correction.pk}"]
    assert find_texts(entry, "a:link/@href") == ["http://127.0.0.1:8000/tools/alpha/#corrections"]
    assert find_texts(entry, "a:updated") == ["2026-11-12T09:00:00+00:00"]
    assert find_texts(entry, "a:content") == ["\n\n<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; “more”</p>\n\n"]


def test_json_has_corrections(client):
    pair = make_site()
    make.correction(of=pair.first, note="Wrong price.", made_at=NOVEMBER)
    expected = [{"note": "Wrong price.", "made_at": "2026-11-12T09:00:00+00:00"}]
    assert client.get("/tools/alpha.json").json()["corrections"] == expected
    assert [tool["corrections"] for tool in client.get("/compare/alpha-vs-beta.json").json()["tools"]] == [expected, []]


@pytest.mark.parametrize("change", ["rewrite", "date", "delete", "many", "empty"])
def test_correction_cannot_be_changed(change):
    correction = make.correction(of=make.tool())
    rows = Correction.objects.filter(pk=correction.pk)
    changes = {
        "rewrite": lambda: rows.update(note="Nothing was wrong."),
        "date": lambda: rows.update(made_at=make.PAST),
        "delete": correction.delete,
        "many": rows.delete,
        "empty": lambda: make.correction(of=correction.tool, note=""),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        changes[change]()
    assert rows.get().note == correction.note


def test_maintenance_can_delete_a_correction():
    correction = make.correction(of=make.tool())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
    correction.delete()
    assert not Correction.objects.exists()
