"""No page reads a table from end to end, so none slows down as the site fills.

Tables of a test are small, and PostgreSQL rightly reads small tables whole. So each statement of each page is explained
twice over: with sequential scans made expensive, so that one that is left means that no index serves; and by counting
the rows that it really read, because an index too can be read from end to end. The rows are counted on pages of the
demonstration, which show no more for the load beside it; a page of the load may read what belongs to it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from bench.addresses import PAGES, Page
from catalog.actions import import_catalog, make_load
from catalog.made_up.generator import Size
from comparisons.pages.pair_page import _cached_editorial, _cached_verdict
from comparisons.reading.pairs import _numbers

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
SIZE = Size(tools=600, comparisons=600, reviewers=4, votes=3000, categories=40)
# A row for each category, attribute or seat, or one for all: these never grow long.
SMALL = {
    "tools_category",
    "tools_attribute",
    "tools_attribute_categories",
    "tools_contentrevision",
    "reviews_reviewer",
}
# A narrow row a tool, made to be counted: filters with their counts, and how often seats agree, look at all of them.
COUNTED_WHOLE = {"votes_listing"}
# Rows are not counted for a search: whether a word is better looked up or met on the way down the newest rows depends
# on how rare it is and how large the site, and here nothing is large.
SEARCHES = {kind.name for kind in PAGES if kind.address.startswith("/search/")}
FORM = "application/x-www-form-urlencoded"
MOST = 1 / 2  # of a table's rows that the statements of a page may read, each by itself


@pytest.fixture(scope="module")
def full_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, int]]:
    """The demonstration and a load, for all tests of this file, and how many rows each table has."""
    with django_db_blocker.unblock(), transaction.atomic():
        import_catalog(content=DEMO.read_bytes())
        make_load(size=SIZE, seed=1)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
            yield {table: int(rows) for table, rows in cursor.fetchall() if table not in SMALL}
        transaction.set_rollback(True)


def _query(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _statements(address: str, kind: Page) -> list[tuple[str, Any]]:
    """Every SELECT of a page with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        if sql.lstrip().startswith(("SELECT", "WITH")):
            found.append((sql, params))
        return execute(sql, params, many, context)

    client = Client(headers={"sec-fetch-site": "same-origin"})
    if not kind.body:
        client.get(address)  # fills the caches per revision, such as those of the sitemap and the track records
    _cached_editorial.cache_clear()
    _cached_verdict.cache_clear()
    _numbers.cache_clear()
    with connection.execute_wrapper(note):
        response = client.post(address, kind.body, FORM) if kind.body else client.get(address)
    assert response.status_code < 400
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _rows_read(node: dict[str, Any]) -> float:
    """Rows that a scan took from its table, those that it threw away too, over all its loops."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


def _offences(sql: str, params: Any, rows: dict[str, int], *, counting: bool) -> Iterator[str]:
    """What is wrong with a statement, in words; `rows` is how many rows each long table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        [(explained,)] = cursor.fetchall()
    said = " ".join(sql.split())
    read: Counter[str] = Counter()
    plans = explained if isinstance(explained, list) else json.loads(explained)
    for node in _nodes(plans[0]["Plan"]):
        table = node.get("Relation Name")
        if table not in rows:
            continue
        if node["Node Type"] == "Seq Scan":
            yield f"no index of {table} serves {said}"
        read[table] += round(_rows_read(node))
    for table, count in read.items() if counting else ():
        if table not in COUNTED_WHOLE and count > max(MOST * rows[table], 100):
            yield f"{count} of the {rows[table]} rows of {table} are read by {said}"


@pytest.mark.parametrize("kind", PAGES, ids=lambda kind: kind.name)
def test_no_page_reads_a_table_from_end_to_end(full_site: dict[str, int], kind: Page) -> None:
    for load in (False, True):
        for address in kind.addresses(_query, load=load)[:2]:
            statements = _statements(address, kind)
            offences = [
                offence
                for sql, params in statements
                for offence in _offences(sql, params, full_site, counting=not load and kind.name not in SEARCHES)
            ]
            assert not offences, f"{address}\n\n" + "\n\n".join(offences)
