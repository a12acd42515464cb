"""What lists of tools filter by: the published tools, their categories, and the typed facts of each.

None of it depends on votes, so it can be cached per revision.
"""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal

from django.utils import timezone

from comparisons.reading.records import ListedAttribute, ListedCategory, ListedColumns, ListedFact
from tools.choices import AttributeKind, Grade
from tools.models import Attribute, Category
from tools.values import Option, Scale, read_alias
from votes.models import Camp
from web.replica import connection

FILTERED_KINDS = [AttributeKind.CHOICE, AttributeKind.GRADE, AttributeKind.NUMBER]

# One row, because ten thousand take longer to receive than to find.
_TOOLS = """
SELECT array_agg(tool_id), array_agg(category_id), array_agg(entry), array_agg(share), array_agg(monthly::text)
FROM (
    SELECT tool_id, category_id, entry, share, monthly FROM votes_listing
    WHERE starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s)
    ORDER BY sort_name, tool_id
) AS listing
"""

# Values are judged and worded once each, not once per tool.
_FACTS = """
SELECT attribute.id, stated.value, fact_words(attribute.kind, attribute.choices, attribute.unit, stated.value),
       stated.tools
FROM (
    SELECT attribute_id, value, array_agg(tool_id) AS tools FROM tools_fact
    WHERE attribute_id = ANY (%s) AND superseded_at IS NULL
    GROUP BY attribute_id, value
) AS stated JOIN tools_attribute AS attribute ON attribute.id = stated.attribute_id
WHERE is_typed(attribute.kind, attribute.choices, stated.value)
"""


def read_listed_tools() -> ListedColumns:
    """Return the published tools in the order of their names. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TOOLS, {"now": timezone.now()})
        ids, categories, entries, shares, prices = (column or [] for column in cursor.fetchone())
    camps = {share: Camp.of(share).value for share in set(shares)}
    monthly = {price: None if price is None else Decimal(price) for price in set(prices)}
    return ListedColumns(
        ids, categories, entries, [camps[share] for share in shares], [monthly[price] for price in prices]
    )


def read_listed_categories(listed: Collection[int]) -> list[ListedCategory]:
    """Return categories, given by id, by name. Each has its attributes, the decisive ones first. Three queries."""
    attributes = {row.pk: _shape_attribute(row) for row in Attribute.objects.filter(kind__in=FILTERED_KINDS)}
    of_category = defaultdict(list)
    belongings = Attribute.categories.through.objects.filter(attribute__in=attributes).order_by(
        "-attribute__decides", "attribute"
    )
    for attribute, category in belongings.values_list("attribute", "category"):
        of_category[category].append(attributes[attribute])
    return [
        ListedCategory(row.pk, row.slug, row.name, tuple(of_category[row.pk]), tuple(row.aliases))
        for row in Category.objects.filter(pk__in=listed)
    ]


def read_listed_facts(attributes: Collection[int]) -> list[ListedFact]:
    """Return all current values of some attributes, given by id, of unpublished tools as well. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [list(attributes)])
        return [ListedFact(*row) for row in cursor.fetchall()]


def _shape_attribute(row: Attribute) -> ListedAttribute:
    grades = tuple(Option(grade.value, str(grade.label)) for grade in Grade) if row.kind == AttributeKind.GRADE else ()
    scale = Scale(row.kind, row.options or grades, several=row.several, unit=row.unit)
    return ListedAttribute(row.pk, row.slug, row.name, scale, row.better, tuple(map(read_alias, row.aliases)))
