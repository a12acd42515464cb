"""No page reads a whole table, so none slows down as the site grows.

Tables of a test are small, and PostgreSQL rightly reads small tables whole. So every statement of every page is checked
in two ways. Sequential scans are made expensive, so that one in the plan means that no index serves. And the rows that
were actually read are counted, because an index too can be read from end to end. Rows are counted on pages of the demo
content only: these show no more when made-up content is added, whereas a page of made-up content may read its own rows.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from bench.addresses import PAGES, PageKind
from catalog.actions import add_fake_content, import_catalog
from catalog.made_up.generator import Size
from comparisons.pages.pair_page import _cached_editorial, _cached_verdict
from comparisons.reading.pairs import _numbers
from tests import factories as make
from tests.database import check_foreign_keys_once
from web.caching import clear_process_caches

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
SIZE = Size(tools=600, comparisons=600, reviewers=4, votes=3000, categories=40)
# One row per category, attribute, or seat, or a single row: these tables stay small.
SMALL = {
    "tools_category",
    "tools_attribute",
    "tools_attribute_categories",
    "tools_contentrevision",
    "reviews_reviewer",
}
# One narrow row per tool, made to be counted: the counts of filters and the agreement of seats read all rows.
COUNTED_WHOLE = {"votes_listing"}
# Rows are not counted for searches: whether PostgreSQL looks a word up or walks down the newest rows depends on how
# rare the word is and how large the site, and a test site is small.
SEARCHES = {kind.name for kind in PAGES if kind.address.startswith("/search/")}
FORM = "application/x-www-form-urlencoded"
MAX_SHARE = 1 / 2  # of a table's rows that one statement of a page may read


@pytest.fixture(scope="module")
def full_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, int]]:
    """Load the demo and made-up content for all tests of this file, and yield the number of rows per table."""
    with django_db_blocker.unblock(), transaction.atomic():
        import_catalog(content=DEMO.read_bytes())
        add_fake_content(size=SIZE, seed=1)
        check_foreign_keys_once()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
            yield {table: int(rows) for table, rows in cursor.fetchall() if table not in SMALL}
        transaction.set_rollback(True)


def _run_query(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _record_statements(address: str, kind: PageKind, *, with_caches: bool = True) -> list[tuple[str, Any]]:
    """Return every SELECT of a page with its parameters. `with_caches`, those per revision are filled before."""
    found: list[tuple[str, Any]] = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        if sql.lstrip().startswith(("SELECT", "WITH")):
            found.append((sql, params))
        return execute(sql, params, many, context)

    client = Client(headers={"sec-fetch-site": "same-origin"})
    clear_process_caches()
    if not kind.body and with_caches:
        client.get(address)  # fills the caches per revision, such as the track records
    _cached_editorial.cache_clear()
    _cached_verdict.cache_clear()
    _numbers.cache_clear()
    with connection.execute_wrapper(record):
        response = client.post(address, kind.body, FORM) if kind.body else client.get(address)
    assert response.status_code < 400
    return found


def _walk_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _walk_nodes(below)


def _count_rows_read(node: dict[str, Any]) -> float:
    """Return the rows that a scan read in all its loops, including those it filtered out."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


def _explain(sql: str, params: Any) -> dict[str, Any]:
    """Run a statement, and return its plan with what was read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        [(explained,)] = cursor.fetchall()
    plans = explained if isinstance(explained, list) else json.loads(explained)
    plan: dict[str, Any] = plans[0]["Plan"]
    return plan


def _find_offenses(sql: str, params: Any, rows: dict[str, int], *, counting: bool) -> Iterator[str]:
    """Yield what is wrong with a statement. `rows` is the number of rows per large table."""
    statement = " ".join(sql.split())
    read: Counter[str] = Counter()
    for node in _walk_nodes(_explain(sql, params)):
        table = node.get("Relation Name")
        if table not in rows:
            continue
        if node["Node Type"] == "Seq Scan":
            yield f"no index of {table} serves {statement}"
        read[table] += round(_count_rows_read(node))
    for table, count in read.items() if counting else ():
        if table not in COUNTED_WHOLE and count > max(MAX_SHARE * rows[table], 100):
            yield f"{count} of the {rows[table]} rows of {table} are read by {statement}"


@pytest.mark.parametrize("kind", PAGES, ids=lambda kind: kind.name)
def test_no_page_reads_a_whole_table(full_site: dict[str, int], kind: PageKind) -> None:
    for load in (False, True):
        for address in kind.addresses(_run_query, load=load)[:2]:
            statements = _record_statements(address, kind)
            offenses = [
                offense
                for sql, params in statements
                for offense in _find_offenses(sql, params, full_site, counting=not load and kind.name not in SEARCHES)
            ]
            assert not offenses, f"{address}\n\n" + "\n\n".join(offenses)


# Rows of these tables are wide, and there are many.
WIDE = {"tools_tool", "tools_plan", "tools_fact", "reviews_review", "comparisons_comparison"}


@pytest.mark.parametrize("address", ["/tools/", "/predictions/", "/sitemap.xml"])
def test_first_page_after_an_edit_reads_no_wide_table(full_site: dict[str, int], address: str) -> None:
    """Track records may read an index of all published rows, which needs a vacuum to be enough."""
    [kind] = [kind for kind in PAGES if kind.address == address]
    read: Counter[str] = Counter()
    for sql, params in _record_statements(address, kind, with_caches=False):
        for node in _walk_nodes(_explain(sql, params)):
            if node.get("Relation Name") in WIDE:
                read[node["Relation Name"]] += round(_count_rows_read(node))
    assert {table: rows for table, rows in read.items() if rows > max(MAX_SHARE * full_site[table], 100)} == {}


def test_list_of_changes_skips_tools_that_are_scheduled(full_site: dict[str, int]) -> None:
    [kind] = [kind for kind in PAGES if kind.address == "/changes/"]
    with transaction.atomic():
        for _ in range(200):
            make.tool(published_at=make.FUTURE)
        read = sum(
            round(_count_rows_read(node))
            for sql, params in _record_statements("/changes/", kind)
            for node in _walk_nodes(_explain(sql, params))
            if node.get("Relation Name") == "tools_tool" and node.get("Index Name") == "tools_tool_published"
        )
        transaction.set_rollback(True)
    assert read < 100
