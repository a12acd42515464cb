"""What the side-by-side pages know of their tools, read in one statement.

Through the ORM these are five querysets, and to build their SQL anew for each request takes several times as long as
everything else about the page together (docs/decisions/0003-one-statement.md). So the page that is the site is read by
a statement that the server plans once a connection. Lists go through `ToolQuerySet`; a test holds the two to the same
numbers.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from django.db import connection
from django.utils import timezone

from reviews.panel import PanelNumbers
from votes.community import CommunityNumbers


class CategoryRecord(TypedDict):
    id: int
    slug: str
    name: str


class PlanRecord(TypedDict):
    """A standing plan; days are ISO text."""

    id: int
    name: str
    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    source: str
    verified_on: str | None


class FactRecord(TypedDict):
    """A standing fact; `attribute` is the id that lines it up with other tools' facts."""

    attribute: int
    name: str
    value: str
    source: str
    verified_on: str | None


class PredictionRecord(TypedDict):
    claim: str
    due_on: str
    outcome: str
    note: str
    source: str


class ReviewerRecord(TypedDict):
    slug: str
    name: str
    lens: str
    seat: int


class ReviewRecord(TypedDict):
    """A current review; its time is ISO text."""

    reviewer: ReviewerRecord
    verdict: str
    quote: str
    flips_if: str
    published_at: str
    predictions: list[PredictionRecord]


class ToolRecord(TypedDict):
    """Everything that a column shows. Reviews are in seat order, plans and facts in the order they were entered."""

    id: int
    slug: str
    name: str
    tagline: str
    description: str
    website: str
    category: CategoryRecord
    panel: PanelNumbers | None
    community: CommunityNumbers | None
    reviews: list[ReviewRecord]
    plans: list[PlanRecord]
    facts: list[FactRecord]


# A published edition is current when the same seat has no newer published one: the first of each seat's editions here.
_COLUMNS = """
SELECT json_build_object(
    'id', tool.id, 'slug', tool.slug, 'name', tool.name, 'tagline', tool.tagline,
    'description', tool.description, 'website', tool.website,
    'category', json_build_object('id', category.id, 'slug', category.slug, 'name', category.name),
    'panel', panel.numbers,
    'community', community.numbers,
    'reviews', COALESCE(panel.reviews, '[]'),
    'plans', COALESCE((
        SELECT json_agg(json_build_object(
            'id', id, 'name', name, 'kind', kind, 'amount', amount, 'currency', currency, 'period', period,
            'unit', unit, 'source', source, 'verified_on', verified_on) ORDER BY id)
        FROM tools_plan WHERE tool_id = tool.id AND superseded_at IS NULL), '[]'),
    'facts', COALESCE((
        SELECT json_agg(json_build_object(
            'attribute', attribute.id, 'name', attribute.name, 'value', fact.value, 'source', fact.source,
            'verified_on', fact.verified_on) ORDER BY attribute.id)
        FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
        WHERE fact.tool_id = tool.id AND fact.superseded_at IS NULL), '[]')
)::text
FROM (VALUES {wanted}) AS wanted(place, id)
JOIN tools_tool AS tool ON tool.id = wanted.id
JOIN tools_category AS category ON category.id = tool.category_id
LEFT JOIN LATERAL (
    SELECT json_build_object(
            'ship', count(*) FILTER (WHERE verdict = 'ship'),
            'seats', count(*),
            'percent', whole_percent(count(*) FILTER (WHERE verdict = 'ship'), count(*)),
            'marks', json_agg(json_build_object('name', reviewer.name, 'verdict', verdict) ORDER BY seat)
        ) AS numbers,
        json_agg(json_build_object(
            'reviewer', json_build_object(
                'slug', reviewer.slug, 'name', reviewer.name, 'lens', reviewer.lens, 'seat', reviewer.seat),
            'verdict', verdict, 'quote', quote, 'flips_if', flips_if, 'published_at', published_at,
            'predictions', COALESCE((
                SELECT json_agg(json_build_object(
                    'claim', claim, 'due_on', due_on, 'outcome', outcome, 'note', note, 'source', source)
                    ORDER BY due_on, id)
                FROM reviews_prediction WHERE review_id = edition.id), '[]')
        ) ORDER BY seat) AS reviews
    FROM (
        SELECT DISTINCT ON (reviewer_id) *
        FROM reviews_review
        WHERE tool_id = tool.id AND published_at <= %s AND withdrawn_at IS NULL
        ORDER BY reviewer_id, published_at DESC
    ) AS edition
    JOIN reviews_reviewer AS reviewer ON reviewer.id = edition.reviewer_id
    HAVING count(*) > 0
) AS panel ON true
LEFT JOIN LATERAL (
    SELECT json_build_object(
        'ship', ship, 'skip', skip, 'percent', whole_percent(ship, ship + skip),
        'low', whole_percent(wilson_low(ship, ship + skip)),
        'high', whole_percent(wilson_high(ship, ship + skip))
    ) AS numbers
    FROM (
        SELECT sum(ship) AS ship, sum(skip) AS skip FROM votes_tally WHERE tool_id = tool.id HAVING count(*) > 0
    ) AS tally
) AS community ON true
ORDER BY wanted.place
"""


def read_columns(ids: Sequence[int], *, at: datetime | None = None) -> list[ToolRecord]:
    """Read some tools (ids, in the order of their columns) as they are at an instant (default: now). One query.

    Whether they are published is the caller's to know.
    """
    # One placeholder a tool, rather than an array, so that the server knows how many rows to plan for.
    wanted = ", ".join(f"({place}, %s::bigint)" for place in range(len(ids)))
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS.replace("{wanted}", wanted), [*ids, at or timezone.now()])
        return [json.loads(record, parse_float=Decimal) for (record,) in cursor.fetchall()]
