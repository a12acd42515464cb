"""What editors wrote of the tools on a side-by-side page, read in one statement.

Through the ORM these are five querysets, and to build their SQL anew for each request takes several times as long as
everything else about the page together (docs/decisions/0003-one-statement.md). So the page that is the site is read by
a statement that the server plans once a connection. Lists go through `ToolQuerySet`; a test holds the two to the same
numbers.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.db import connection
from django.utils import timezone

from web.caching import process_cache


class FormerPrice(TypedDict):
    """What a plan cost until it was superseded; times are ISO text."""

    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    until: str


class FormerFact(TypedDict):
    """What a fact said until it was superseded; times are ISO text."""

    value: str
    until: str


class PlanRecord(TypedDict):
    """A standing plan, and what it cost before, newest first; days are ISO text."""

    name: str
    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    source: str
    verified_on: str | None
    was: list[FormerPrice] | None


class FactRecord(TypedDict):
    """A standing fact, and what it said before; `attribute` is the id that lines it up with other tools' facts."""

    attribute: int
    name: str
    value: str
    source: str
    verified_on: str | None
    was: list[FormerFact] | None


class PredictionRecord(TypedDict):
    claim: str
    due_on: str
    outcome: str
    note: str
    source: str


class ReviewRecord(TypedDict):
    """A current review: the edition's id, its reviewer's id, slug, name, lens and seat, whether the panel's numbers
    count it (a lens may leave it out), and what it says; times are ISO text.
    """

    id: int
    reviewer: int
    slug: str
    name: str
    lens: str
    seat: int
    counted: bool
    verdict: str
    quote: str
    flips_if: str
    published_at: str
    predictions: list[PredictionRecord] | None


class CorrectionRecord(TypedDict):
    """What we got wrong about a tool and put right; times are ISO text."""

    note: str
    made_at: str


class ToolRecord(TypedDict):
    """Everything that a column shows, but the votes: they change too often to be kept with it.

    Lists are None when empty; reviews are in seat order, corrections newest first, the rest as entered.

    `ship`, `seats` (counts) and `percent` (0–100, None without a review) are the panel's.
    """

    id: int
    slug: str
    name: str
    tagline: str
    description: str
    website: str
    logo: str
    category_slug: str
    category_name: str
    ship: int
    seats: int
    percent: int | None
    reviews: list[ReviewRecord] | None
    plans: list[PlanRecord] | None
    facts: list[FactRecord] | None
    corrections: list[CorrectionRecord] | None


# A published edition is current when the same seat has no newer published one: the first of each seat's editions here.
# Records become JSON objects with the names of their columns.
_COLUMNS = """
SELECT json_agg(record ORDER BY place)::text
FROM (VALUES {wanted}) AS wanted(place, id)
JOIN LATERAL (
    SELECT tool.id, tool.slug, tool.name, tool.tagline, tool.description, tool.website, tool.logo,
           category.slug AS category_slug, category.name AS category_name,
           panel.*,
           (
               SELECT json_agg(plan ORDER BY plan.id) FROM (
                   SELECT id, name, kind, amount, currency, period, unit, source, verified_on,
                          (
                              SELECT json_agg(was ORDER BY until DESC) FROM (
                                  SELECT kind, amount, currency, period, unit, superseded_at AS until
                                  FROM tools_plan AS old
                                  WHERE old.tool_id = tool.id AND old.name = standing.name
                                    AND superseded_at IS NOT NULL
                              ) AS was
                          ) AS was
                   FROM tools_plan AS standing WHERE tool_id = tool.id AND superseded_at IS NULL
               ) AS plan
           ) AS plans,
           (
               SELECT json_agg(fact ORDER BY fact.attribute) FROM (
                   SELECT attribute.id AS attribute, attribute.name, value, source, verified_on,
                          (
                              SELECT json_agg(was ORDER BY until DESC) FROM (
                                  SELECT value, superseded_at AS until
                                  FROM tools_fact AS old
                                  WHERE old.tool_id = tool.id AND old.attribute_id = attribute.id
                                    AND superseded_at IS NOT NULL
                              ) AS was
                          ) AS was
                   FROM tools_fact JOIN tools_attribute AS attribute ON attribute.id = attribute_id
                   WHERE tool_id = tool.id AND superseded_at IS NULL
               ) AS fact
           ) AS facts,
           (
               SELECT json_agg(correction) FROM (
                   SELECT note, made_at FROM tools_correction
                   WHERE tool_id = tool.id ORDER BY made_at DESC, id DESC
               ) AS correction
           ) AS corrections
    FROM tools_tool AS tool
    JOIN tools_category AS category ON category.id = tool.category_id
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE counted AND verdict = 'ship') AS ship, count(*) FILTER (WHERE counted) AS seats,
               whole_percent(
                   count(*) FILTER (WHERE counted AND verdict = 'ship'), count(*) FILTER (WHERE counted)
               ) AS percent,
               json_agg(review ORDER BY seat) AS reviews
        FROM (
            SELECT edition.id, reviewer.id AS reviewer, reviewer.slug, reviewer.name, reviewer.lens, reviewer.seat,
                   COALESCE(reviewer.id = ANY (%(lens)s::bigint[]), true) AS counted,
                   verdict, quote, flips_if, published_at,
                   (
                       SELECT json_agg(prediction ORDER BY due_on, id) FROM (
                           SELECT id, claim, due_on, outcome, note, source
                           FROM reviews_prediction WHERE review_id = edition.id
                       ) AS prediction
                   ) AS predictions
            FROM (
                SELECT DISTINCT ON (reviewer_id) id, reviewer_id, verdict, quote, flips_if, {published_at}
                FROM reviews_review AS said
                WHERE tool_id = tool.id AND {is_out}
                ORDER BY reviewer_id, published_at DESC
            ) AS edition
            JOIN reviews_reviewer AS reviewer ON reviewer.id = edition.reviewer_id
        ) AS review
    ) AS panel ON true
    WHERE tool.id = wanted.id
) AS record ON true
"""

# Which editions of reviews count, and when they came out. A preview counts some that are not public as well, a draft as
# if it came out at this instant; the statements of public pages know of no such thing.
OUT = {"is_out": "published_at <= %(now)s AND withdrawn_at IS NULL", "published_at": "published_at"}
OUT_OR_PREVIEWED = {
    "is_out": "(published_at <= %(now)s AND withdrawn_at IS NULL OR said.id = ANY (%(drafts)s::bigint[]))",
    "published_at": "COALESCE(published_at, %(now)s) AS published_at",
}

# Where to read on: comparisons of either tool, then those of the first one's category. All of them are looked up and
# then sorted: to wait for a few on a walk down the newest of the whole site takes to its end where they are rare.
_RELATED = """
WITH near AS MATERIALIZED (
    SELECT id, first_id, second_id, published_at,
           first_id IN (%(tool0)s, %(tool1)s) OR second_id IN (%(tool0)s, %(tool1)s) AS is_theirs
    FROM comparisons_comparison
    WHERE published_at <= %(now)s AND withdrawn_at IS NULL
      AND NOT (first_id IN (%(tool0)s, %(tool1)s) AND second_id IN (%(tool0)s, %(tool1)s))
      AND (
          first_id IN (%(tool0)s, %(tool1)s) OR second_id IN (%(tool0)s, %(tool1)s)
          OR first_id = ANY (ARRAY(
              SELECT id FROM tools_tool
              WHERE category_id = (SELECT category_id FROM tools_tool WHERE id = %(tool0)s)
          ))
      )
)
SELECT COALESCE(json_agg(found), '[]')::text FROM (
    SELECT first.slug AS first_slug, first.name AS first_name, second.slug AS second_slug, second.name AS second_name,
           category.name AS category
    FROM near
    JOIN tools_tool AS first ON first.id = first_id AND first.published_at <= %(now)s AND first.withdrawn_at IS NULL
    JOIN tools_tool AS second
      ON second.id = second_id AND second.published_at <= %(now)s AND second.withdrawn_at IS NULL
    JOIN tools_category AS category ON category.id = first.category_id
    ORDER BY is_theirs DESC, near.published_at DESC, near.id DESC LIMIT %(related)s
) AS found
"""


class PairRecord(TypedDict):
    """A comparison as other pages link to it."""

    first_slug: str
    first_name: str
    second_slug: str
    second_name: str
    category: str


def read_columns(
    ids: Sequence[int], *, lens: Sequence[int] = (), at: datetime | None = None, drafts: Collection[int] = ()
) -> list[ToolRecord]:
    """Read some tools (ids, in the order of their columns) as they are at an instant (default: now). One query.

    The panel is counted over the reviewers of the lens (ids), or over all when there are none. Whether the tools are
    published is the caller's to know. `drafts` are reviews (ids) that count as if they were published: for previews.
    """
    with connection.cursor() as cursor:
        cursor.execute(_columns_sql(len(ids), drafts), _values(ids, lens, at, drafts))
        return _records(cursor.fetchone()[0])


def read_pair(
    ids: tuple[int, int],
    *,
    related: int,
    lens: Sequence[int] = (),
    at: datetime | None = None,
    drafts: Collection[int] = (),
) -> tuple[list[ToolRecord], list[PairRecord]]:
    """Read two tools as `read_columns` does, and at most `related` published comparisons to read on. One query.

    Related are first those of either tool, then others of the first one's category, each newest first.
    """
    with connection.cursor() as cursor:
        statement = f"SELECT ({_columns_sql(2, drafts)}), ({_RELATED})"
        cursor.execute(statement, {**_values(ids, lens, at, drafts), "related": related})
        columns, links = cursor.fetchone()
    return _records(columns), json.loads(links)


def _columns_sql(count: int, drafts: Collection[int]) -> str:
    # A placeholder a tool, rather than one array, so that the server knows how many rows to plan for.
    wanted = ", ".join(f"({place}, %(tool{place})s::bigint)" for place in range(count))
    return counting(_COLUMNS, drafts).replace("{wanted}", wanted)


@process_cache(maxsize=128)
def _counting(statement: str, *, previewed: bool) -> str:
    for name, sql in (OUT_OR_PREVIEWED if previewed else OUT).items():
        statement = statement.replace("{" + name + "}", sql)
    return statement


def counting(statement: str, drafts: Collection[int]) -> str:
    """A statement with its `{is_out}` and `{published_at}`: for readers, or for a preview with drafts."""
    return _counting(statement, previewed=bool(drafts))


def _values(ids: Sequence[int], lens: Sequence[int], at: datetime | None, drafts: Collection[int]) -> dict[str, Any]:
    tools = {f"tool{place}": pk for place, pk in enumerate(ids)}
    shown = {"drafts": list(drafts)} if drafts else {}
    return {"now": at or timezone.now(), "lens": list(lens) or None, **shown, **tools}


def _records(text: str) -> list[ToolRecord]:
    records: list[ToolRecord] = json.loads(text, parse_float=Decimal)
    return records
