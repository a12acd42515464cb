"""What stored pages read: tables of which every change raises a revision that the page depends on."""

from typing import Any

import pytest
from django.db import connection

from comparisons.reading.revision import CONTENT
from reviews.models import Reviewer
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.web.test_pages import KINDS
from tests.wsgi import SiteServer
from tools.models import Category
from web import pages
from web.caching import clear_process_caches

SCANS = "SELECT relname, COALESCE(seq_scan, 0) + COALESCE(idx_scan, 0) FROM pg_stat_xact_user_tables"
WITH_TRIGGER = """
SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE proname = %s
"""
REVISIONS = {"tools_contentrevision", "tools_liverevision"}
# Written only together with rows whose triggers raise the content revision.
WRITTEN_WITH_CONTENT = {
    "comparisons_split", "reviews_flip",  # by triggers
    "reviews_mention",  # by whatever saves a review or names a tool
    "comparisons_historicalcomparison", "reviews_historicalreview", "reviews_historicalreviewer",
    "tools_historicalcategory", "tools_historicaltool",  # by the history of each
}  # fmt: skip
# The entries say what the panel says. That votes do not change them is tested with the feeds.
SHOWS_NO_VOTES = {"/feeds/comparisons.xml": {"votes_tally"}}


def query(sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.mark.django_db
def test_stored_pages_read_only_what_raises_a_revision(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.CONTACT_EMAIL = "hello@shipside.example"
    full_pair()
    issue = make.issue(state="sent")
    paths = [
        *KINDS,
        f"/newsletter/{issue.number}/",
        "/.well-known/security.txt",
        "/sitemaps/tools-1.xml",
        *(f"/reviewers/{reviewer.slug}/" for reviewer in Reviewer.objects.all()[:1]),
        *(f"/{kind}/{category.slug}{end}" for category in Category.objects.all()[:1] for kind, end in
          (("categories", "/"), ("feeds/categories", ".xml"))),
    ]  # fmt: skip
    content, live = (
        {table for (table,) in query(WITH_TRIGGER, name)} for name in ("bump_content_revision", "bump_live_revision")
    )
    questions = []
    read = pages._try_to_read
    monkeypatch.setattr(pages, "_try_to_read", lambda question: questions.append(question) or read(question))
    server = SiteServer(from_memory=False)
    for path in paths:
        clear_process_caches()
        questions.clear()
        before = dict(query(SCANS))
        assert server.ask(path).status == 200, path
        scanned = {table for table, scans in query(SCANS) if scans != before.get(table, 0)}
        [question] = questions
        covered = content if question is CONTENT else content | live
        rest = scanned - covered - REVISIONS - WRITTEN_WITH_CONTENT - SHOWS_NO_VOTES.get(path, set())
        assert rest == set(), path
