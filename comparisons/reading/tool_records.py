"""Reads what editors wrote about the tools on a side-by-side page, in one statement.

Through the ORM these are five querysets, and building their SQL for each request takes several times as long as
everything else about the page together (docs/decisions/0003-one-statement.md). The server plans this statement once per
connection instead. Lists go through `ToolQuerySet`; a test holds both to the same numbers.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from comparisons.reading.records import PriceFields, ScoredPairRecord, ToolFields, ToolRecord
from comparisons.reading.visible_reviews import for_preview, for_readers
from web.replica import connection

# Nothing about an example counts as verified, whatever its rows say.
_VERIFIED_ON = "CASE WHEN NOT tool.example THEN verified_on END AS verified_on"

# DISTINCT ON keeps the newest visible edition of each seat: the current one. Rows become JSON objects whose keys are
# the column names, which are the keys of `ToolRecord`. What was superseded or corrected before the tool came out
# was never public.
_TOOLS = """
SELECT json_agg(record ORDER BY place)::text
FROM (VALUES {wanted}) AS wanted(place, id)
JOIN LATERAL (
    SELECT tool.id, {own_fields}, tool.logo,
           category.slug AS category_slug, category.name AS category_name, category.presets,
           panel.*,
           (
               SELECT json_agg(plan ORDER BY plan.id) FROM (
                   SELECT id, name, {price}, source, {verified_on},
                          (
                              SELECT json_agg(was ORDER BY until DESC) FROM (
                                  SELECT {price}, superseded_at AS until, correction
                                  FROM tools_plan AS old
                                  WHERE old.tool_id = tool.id AND superseded_at > tool.published_at AND (
                                      old.name = current_plan.name
                                      OR (
                                          old.name = current_plan.renamed_from
                                          AND superseded_at <= current_plan.added_at
                                      )
                                  )
                              ) AS was
                          ) AS was
                   FROM tools_plan AS current_plan WHERE tool_id = tool.id AND superseded_at IS NULL
               ) AS plan
           ) AS plans,
           (
               SELECT json_agg(fact ORDER BY fact.attribute) FROM (
                   SELECT attribute.id AS attribute, attribute.slug, attribute.name, heading, explanation, kind, better,
                          decides, need, unit, choices, value,
                          fact_words(kind, choices, unit, value) AS words, note, source,
                          {verified_on},
                          (
                              SELECT json_agg(was ORDER BY until DESC) FROM (
                                  SELECT fact_words(kind, choices, unit, old.value) AS words, note,
                                         superseded_at AS until, correction
                                  FROM tools_fact AS old
                                  WHERE old.tool_id = tool.id AND old.attribute_id = attribute.id
                                    AND superseded_at > tool.published_at
                              ) AS was
                          ) AS was
                   FROM tools_fact JOIN tools_attribute AS attribute ON attribute.id = attribute_id
                   WHERE tool_id = tool.id AND superseded_at IS NULL
               ) AS fact
           ) AS facts,
           (
               SELECT json_agg(correction) FROM (
                   SELECT note, made_at FROM tools_correction
                   WHERE tool_id = tool.id AND made_at >= tool.published_at ORDER BY made_at DESC, id DESC
               ) AS correction
           ) AS corrections,
           (
               SELECT json_agg(flip ORDER BY published_at) FROM (
                   SELECT reviewer.name, edition.verdict, before.verdict AS was, flip.published_at
                   FROM reviews_flip AS flip
                   JOIN reviews_review AS edition ON edition.id = flip.review_id
                   JOIN reviews_review AS before ON before.id = flip.before_id
                   JOIN reviews_reviewer AS reviewer ON reviewer.id = edition.reviewer_id
                   WHERE flip.tool_id = tool.id AND flip.published_at <= %(now)s
                     AND is_published(edition.published_at, edition.withdrawn_at, %(now)s)
               ) AS flip
           ) AS flips
    FROM tools_tool AS tool
    JOIN tools_category AS category ON category.id = tool.category_id
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE counted AND verdict = 'ship') AS ship, count(*) FILTER (WHERE counted) AS seats,
               whole_percent(
                   count(*) FILTER (WHERE counted AND verdict = 'ship'), count(*) FILTER (WHERE counted)
               ) AS percent,
               json_agg(review ORDER BY seat) AS reviews
        FROM (
            SELECT edition.id, reviewer.id AS reviewer, reviewer.slug, reviewer.name, reviewer.lens,
                   reviewer.behind, reviewer.seat,
                   COALESCE(reviewer.id = ANY (%(seats)s::bigint[]), true) AS counted,
                   verdict, gist, quote, flips_if, basis, basis_version, basis_days, published_at,
                   (
                       SELECT json_agg(prediction ORDER BY due_on, id) FROM (
                           SELECT id, claim, due_on, outcome, note, source
                           FROM reviews_prediction WHERE review_id = edition.id
                       ) AS prediction
                   ) AS predictions
            FROM {current_reviews} AS edition JOIN reviews_reviewer AS reviewer ON reviewer.id = edition.reviewer_id
            WHERE edition.tool_id = tool.id
        ) AS review
    ) AS panel ON true
    WHERE tool.id = wanted.id
) AS record ON true
"""

# Comparisons to read next. All candidates are looked up by index and then sorted: walking down the newest comparisons
# of the whole site instead would read to its end wherever a category has few of them.
_RELATED = """
WITH candidate AS MATERIALIZED (
    SELECT id, first_id, second_id, published_at,
           first_id IN (%(tool0)s, %(tool1)s) OR second_id IN (%(tool0)s, %(tool1)s) AS has_either
    FROM comparisons_comparison
    WHERE is_published(published_at, withdrawn_at, %(now)s)
      AND NOT (first_id IN (%(tool0)s, %(tool1)s) AND second_id IN (%(tool0)s, %(tool1)s))
      AND (
          first_id IN (%(tool0)s, %(tool1)s) OR second_id IN (%(tool0)s, %(tool1)s)
          OR first_id = ANY (ARRAY(
              SELECT id FROM tools_tool
              WHERE category_id = (SELECT category_id FROM tools_tool WHERE id = %(tool0)s)
          ))
      )
)
SELECT COALESCE(json_agg(related), '[]')::text FROM (
    SELECT first.slug AS first_slug, first.name AS first_name, first.short_name AS first_short_name,
           second.slug AS second_slug, second.name AS second_name, second.short_name AS second_short_name,
           category.name AS category, candidate.published_at,
           (
               SELECT json_agg(json_build_array(reviewer.name, verdict) ORDER BY seat)
               FROM current_reviews(%(now)s) AS edition JOIN reviews_reviewer AS reviewer ON reviewer.id = reviewer_id
               WHERE tool_id = first.id
           ) AS first_marks,
           (
               SELECT json_agg(json_build_array(reviewer.name, verdict) ORDER BY seat)
               FROM current_reviews(%(now)s) AS edition JOIN reviews_reviewer AS reviewer ON reviewer.id = reviewer_id
               WHERE tool_id = second.id
           ) AS second_marks
    FROM candidate
    JOIN tools_tool AS first ON first.id = first_id AND is_published(first.published_at, first.withdrawn_at, %(now)s)
    JOIN tools_tool AS second
      ON second.id = second_id AND is_published(second.published_at, second.withdrawn_at, %(now)s)
    JOIN tools_category AS category ON category.id = first.category_id
    ORDER BY has_either DESC, candidate.published_at DESC, candidate.id DESC LIMIT %(related)s
) AS related
"""


def read_tools(
    ids: Sequence[int], *, seats: Sequence[int] = (), at: datetime | None = None, drafts: Collection[int] = ()
) -> list[ToolRecord]:
    """Return the records of tools, in the order of their ids, as of an instant (default: now). One query.

    The panel's numbers count the seats given (ids of reviewers), or all seats when none are given. `drafts` are the ids
    of reviews that count as if they were published, for previews. The caller checks whether the tools are published.
    """
    with connection.cursor() as cursor:
        cursor.execute(_tools_sql(len(ids), drafts), _parameters(ids, seats, at, drafts))
        return _parse(cursor.fetchone()[0])


def read_pair(
    ids: tuple[int, int],
    *,
    related: int,
    seats: Sequence[int] = (),
    at: datetime | None = None,
    drafts: Collection[int] = (),
) -> tuple[list[ToolRecord], list[ScoredPairRecord]]:
    """Return the records of two tools, as `read_tools` does, and at most `related` published comparisons to read next.

    Comparisons of either tool come first, then those of the first tool's category, each newest first. One query.
    """
    with connection.cursor() as cursor:
        statement = f"SELECT ({_tools_sql(2, drafts)}), ({_RELATED})"
        cursor.execute(statement, {**_parameters(ids, seats, at, drafts), "related": related})
        tools, comparisons = cursor.fetchone()
    return _parse(tools), json.loads(comparisons)


def _tools_sql(count: int, drafts: Collection[int]) -> str:
    # One placeholder per tool, not one array, so that the server knows how many rows to plan for.
    wanted = ", ".join(f"({place}, %(tool{place})s::bigint)" for place in range(count))
    statement = for_preview(_TOOLS) if drafts else for_readers(_TOOLS)
    own_fields = ", ".join(f"tool.{name}" for name in ToolFields.__annotations__)
    price = ", ".join(PriceFields.__annotations__)
    fixed = {"{wanted}": wanted, "{own_fields}": own_fields, "{price}": price, "{verified_on}": _VERIFIED_ON}
    for place, text in fixed.items():
        statement = statement.replace(place, text)
    return statement


def _parameters(
    ids: Sequence[int], seats: Sequence[int], at: datetime | None, drafts: Collection[int]
) -> dict[str, Any]:
    tools = {f"tool{place}": pk for place, pk in enumerate(ids)}
    previewed = {"drafts": list(drafts)} if drafts else {}
    return {"now": at or timezone.now(), "seats": list(seats) or None, **previewed, **tools}


def _parse(text: str) -> list[ToolRecord]:
    """Return records from JSON, with amounts as exact decimals."""
    records: list[ToolRecord] = json.loads(text, parse_float=Decimal)
    return records
