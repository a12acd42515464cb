"""The changes that readers see, newest first: verdicts, prices, facts, corrections, and new tools, in one statement.

What was superseded or corrected before a tool came out was never public, and is no change.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone

from comparisons.choices import ChangeKind, ChangeOrigin
from comparisons.reading.records import ChangeRecord
from web.replica import connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ChangeKey(NamedTuple):
    """The place of a change in the list: the time, and what orders the changes of an instant. Reads as `7-3-12`."""

    at: datetime
    origin: int
    id: int

    @classmethod
    def of(cls, record: ChangeRecord) -> "ChangeKey":
        return cls(datetime.fromisoformat(record["at"]), record["origin"], record["id"])

    @classmethod
    def parse(cls, text: str) -> "ChangeKey":
        """Return the key that reads as a text. Raises ValueError or OverflowError for a time that cannot be."""
        microseconds, origin, pk = map(int, text.split("-"))
        return cls(_EPOCH + microseconds * _MICROSECOND, origin, pk)

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.origin}-{self.id}"


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where changes of one kind are read from: the rows of a table, each with the time that orders them.

    `number` is a ChangeOrigin. An index serves each condition, newest first.
    """

    number: int
    kind: ChangeKind
    table: str
    at: str
    condition: str = "true"
    id: str = "id"
    tool: str = "tool_id"


_PUBLIC = "superseded_at > tool.published_at"
_CHANGED = f"superseded_at IS NOT NULL AND NOT correction AND {_PUBLIC}"
_NO_LONGER_FREE = f"""{_CHANGED} AND kind = 'free'
    AND NOT EXISTS (
        SELECT FROM plan_after(row.tool_id, row.name, row.superseded_at) AS after WHERE after.kind = 'free'
    )"""
_SHOWN_EDITION = """EXISTS (
    SELECT FROM reviews_review AS edition
    WHERE edition.id = row.review_id AND is_published(edition.published_at, edition.withdrawn_at, %(now)s)
) AND row.published_at <= %(now)s"""

TOOL, FLIP, PLAN, NEW_PLAN, FACT, NOTE = (origin.value for origin in ChangeOrigin)
_ORIGINS = (
    # The condition is not new, but lets the index begin after the tools that are scheduled or drafts.
    _Origin(TOOL, ChangeKind.TOOLS, "tools_tool", "published_at", "row.published_at <= %(now)s", tool="id"),
    _Origin(FLIP, ChangeKind.VERDICTS, "reviews_flip", "published_at", _SHOWN_EDITION, id="review_id"),
    _Origin(PLAN, ChangeKind.PRICES, "tools_plan", "superseded_at", _CHANGED),
    _Origin(PLAN, ChangeKind.NO_LONGER_FREE, "tools_plan", "superseded_at", _NO_LONGER_FREE),
    _Origin(PLAN, ChangeKind.CORRECTIONS, "tools_plan", "superseded_at", f"correction AND {_PUBLIC}"),
    _Origin(
        NEW_PLAN,
        ChangeKind.PRICES,
        "tools_plan",
        "added_at",
        "added_at IS NOT NULL AND renamed_from = '' AND added_at > tool.published_at",
    ),
    _Origin(FACT, ChangeKind.FACTS, "tools_fact", "superseded_at", _CHANGED),
    _Origin(FACT, ChangeKind.CORRECTIONS, "tools_fact", "superseded_at", f"correction AND {_PUBLIC}"),
    _Origin(NOTE, ChangeKind.CORRECTIONS, "tools_correction", "made_at", "made_at >= tool.published_at"),
)

_STATEMENT = """
WITH listed AS MATERIALIZED (
    SELECT * FROM ({origins}) AS change ORDER BY at DESC, origin DESC, id DESC LIMIT %(most)s
)
SELECT json_agg(record ORDER BY at DESC, origin DESC, id DESC)::text FROM (
    SELECT listed.origin, listed.id, listed.at,
           tool.slug AS tool_slug, tool.name AS tool_name, tool.tagline, category.id AS category_id,
           category.name AS category,
           {updated_at} AS updated_at, details.*
    FROM listed
    CROSS JOIN LATERAL (SELECT * FROM tools_tool WHERE id = listed.tool_id OFFSET 0) AS tool
    JOIN tools_category AS category ON category.id = tool.category_id
    CROSS JOIN LATERAL ({details}) AS details
) AS record
"""

# The words of a fact, with what they depend on.
_FACT = """json_build_object(
    'words', fact_words(attribute.kind, attribute.choices, attribute.unit, {0}.value), 'note', {0}.note,
    'source', {0}.source, 'verified_on', {0}.verified_on,
    'superseded_at', {0}.superseded_at, 'correction', {0}.correction
)"""
_FLIP = """(
    SELECT json_build_object(
        'reviewer', reviewer.slug, 'name', reviewer.name, 'verdict', review.verdict, 'gist', review.gist,
        'quote', review.quote, 'flips_if', review.flips_if, 'was_verdict', before.verdict, 'was_quote', before.quote,
        'was_published_at', before.published_at
    )
    FROM reviews_review AS review JOIN reviews_reviewer AS reviewer ON reviewer.id = review.reviewer_id
         JOIN reviews_flip AS flip ON flip.review_id = review.id
         JOIN reviews_review AS before ON before.id = flip.before_id
    WHERE review.id = listed.id
)"""
_DETAILS = f"""
SELECT CASE WHEN listed.origin = {FLIP} THEN {_FLIP} END AS flip,
       CASE listed.origin
           WHEN {PLAN} THEN (SELECT to_json(plan) FROM tools_plan AS plan WHERE plan.id = listed.id)
           WHEN {FACT} THEN (
               SELECT {_FACT.format("fact")}
               FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
               WHERE fact.id = listed.id
           )
       END AS old,
       CASE listed.origin
           WHEN {PLAN} THEN (
               SELECT to_json(after)
               FROM tools_plan AS plan, plan_after(plan.tool_id, plan.name, plan.superseded_at) AS after
               WHERE plan.id = listed.id
           )
           WHEN {NEW_PLAN} THEN (SELECT to_json(plan) FROM tools_plan AS plan WHERE plan.id = listed.id)
           WHEN {FACT} THEN (
               SELECT {_FACT.format("after")}
               FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id,
                    fact_after(fact.tool_id, fact.attribute_id, fact.superseded_at) AS after
               WHERE fact.id = listed.id
           )
       END AS new,
       CASE listed.origin WHEN {FACT} THEN (
           SELECT attribute.name
           FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
           WHERE fact.id = listed.id
       ) END AS attribute,
       CASE listed.origin WHEN {NOTE} THEN (SELECT note FROM tools_correction WHERE id = listed.id) END AS note
"""


def _list_times(table: str, key: str) -> str:
    """Return SQL for when the source of a plan or fact changed, and when its successor's did or proved wrong."""
    return f"""
        last_changed('tools_historical{table}', {table}.id, 'source'),
        (
            SELECT GREATEST(
                last_changed('tools_historical{table}', after.id, 'source'),
                CASE WHEN after.correction THEN after.superseded_at END
            ) FROM {table}_after({table}.tool_id, {table}.{key}, {table}.superseded_at) AS after
        )"""


# When anything that a change says last changed: a name or an address, a source, the edition before a flip, or that its
# new value turned out to be wrong.
_UPDATED_AT = f"""GREATEST(
    listed.at, last_changed('tools_historicaltool', tool.id, 'name', 'slug', 'category_id'),
    last_changed('tools_historicalcategory', category.id, 'name'),
    CASE listed.origin
        WHEN {FLIP} THEN (
            SELECT GREATEST(
                last_changed('reviews_historicalreviewer', review.reviewer_id, 'name'),
                (
                    SELECT max(last_changed('reviews_historicalreview', earlier.id, 'withdrawn_at'))
                    FROM reviews_review AS earlier
                    WHERE earlier.tool_id = review.tool_id AND earlier.reviewer_id = review.reviewer_id
                      AND earlier.published_at < review.published_at
                ),
                earlier_edition_imported_at(review.id)
            ) FROM reviews_review AS review WHERE review.id = listed.id
        )
        WHEN {FACT} THEN (
            SELECT GREATEST(
                last_changed('tools_historicalattribute', fact.attribute_id, 'name', 'choices', 'unit', 'kind'),
                {_list_times("fact", "attribute_id")}
            ) FROM tools_fact AS fact WHERE fact.id = listed.id
        )
        WHEN {PLAN} THEN (
            SELECT GREATEST({_list_times("plan", "name")}) FROM tools_plan AS plan WHERE plan.id = listed.id
        )
        WHEN {NEW_PLAN} THEN (
            SELECT GREATEST(
                last_changed('tools_historicalplan', id, 'source'), CASE WHEN correction THEN superseded_at END
            ) FROM tools_plan WHERE id = listed.id
        )
        WHEN {TOOL} THEN last_changed('tools_historicaltool', tool.id, 'tagline')
    END
)"""


def read_changes(
    *,
    most: int,
    kind: ChangeKind | None = None,
    category: int | None = None,
    tools: Collection[int] = (),
    before: ChangeKey | None = None,
    since: datetime | None = None,
    with_updates: bool = False,
    with_examples: bool = True,
) -> list[ChangeRecord]:
    """Return at most `most` changes, newest first: of one kind or all, of a category, of tools, or all. One query.

    `before` is the key of the last change of the page before. With `since`, only changes after that time. Only
    `with_updates` computes `updated_at`, when the wording of a change last changed. Without `with_examples`,
    tools that are described for demonstration are left out.
    """
    values: dict[str, Any] = {
        "now": timezone.now(),
        "most": most,
        "category": category,
        "tools": list(tools),
        "since": since,
        "at": before and before.at,
        "id": before and before.id,
    }
    statement = _STATEMENT.format(
        origins=" UNION ALL ".join(
            _select(
                origin,
                scope=_scope(category, tools),
                before=before,
                is_limited=since is not None,
                with_examples=with_examples,
            )
            for origin in _select_origins(kind)
        ),
        details=_DETAILS,
        updated_at=_UPDATED_AT if with_updates else "NULL::timestamptz",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        [text] = cursor.fetchone()
    changes: list[ChangeRecord] = json.loads(text, parse_float=Decimal) if text else []
    return changes


def _select_origins(kind: ChangeKind | None) -> Iterable[_Origin]:
    """Return the origins of a kind. Prices include what is no longer free, so all kinds together leave that out."""
    return (
        origin
        for origin in _ORIGINS
        if origin.kind == kind or (kind is None and origin.kind != ChangeKind.NO_LONGER_FREE)
    )


def _scope(category: int | None, tools: Collection[int]) -> str:
    """Return an array of the ids of the tools to look at, in SQL; "" for all tools.

    PostgreSQL does not look into `(SELECT category)` when it plans. It would find that the tools of a small category
    are rare, take that for an advantage over a plan for any category, and plan the statement each time, for 4 ms.
    """
    if tools:
        return "%(tools)s::bigint[]"
    if category is not None:
        return "ARRAY(SELECT id FROM tools_tool WHERE category_id = (SELECT %(category)s::bigint))"
    return ""


def _select(origin: _Origin, *, scope: str, before: ChangeKey | None, is_limited: bool, with_examples: bool) -> str:
    """Return the statement that selects the newest rows of one origin.

    OFFSET 0 keeps PostgreSQL from reading more than it needs: it looks up the tool of each row, instead of joining all
    tools, and the rows of certain tools, instead of walking down the newest rows of the whole site, among which those
    of a small category are rare.
    """
    table = f"(SELECT * FROM {origin.table} WHERE {origin.tool} = ANY ({scope}) OFFSET 0)" if scope else origin.table
    return f"""(
        SELECT {origin.number} AS origin, row.{origin.id} AS id, row.{origin.at} AS at, row.{origin.tool} AS tool_id
        FROM {table} AS row CROSS JOIN LATERAL (SELECT * FROM tools_tool WHERE id = row.{origin.tool} OFFSET 0) AS tool
        WHERE is_published(tool.published_at, tool.withdrawn_at, %(now)s) AND {origin.condition}
          {"" if with_examples else "AND NOT tool.example"}
          AND {_follow(origin, before)}{f" AND row.{origin.at} > %(since)s" if is_limited else ""}
        ORDER BY row.{origin.at} DESC, row.{origin.id} DESC LIMIT %(most)s
    )"""


def _follow(origin: _Origin, before: ChangeKey | None) -> str:
    """Return the condition that a row comes after a key in the list, in SQL that an index on the time serves."""
    if before is None:
        return "true"
    if origin.number == before.origin:
        return f"(row.{origin.at}, row.{origin.id}) < (%(at)s, %(id)s)"
    return f"row.{origin.at} {'<=' if origin.number < before.origin else '<'} %(at)s"
