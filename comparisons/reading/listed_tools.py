"""What lists of tools filter by: the published tools, their categories, and the typed facts of each.

None of it depends on votes, so it can be cached per revision.
"""

from collections import defaultdict
from decimal import Decimal

from django.db.models import Q

from comparisons.reading.records import ListedAttribute, ListedCategory, ListedFact, ListedTool
from tools.choices import AttributeKind, Grade, PlanKind
from tools.models import Attribute, Category, Plan
from tools.prices import Price
from tools.values import Option, Scale, read_alias
from votes.models import Camp, Listing
from web.replica import connection

FILTERED_KINDS = [AttributeKind.CHOICE, AttributeKind.GRADE, AttributeKind.NUMBER]

_FACTS = """
SELECT fact.attribute_id, fact.value, fact_words(attribute.kind, attribute.choices, attribute.unit, fact.value),
       array_agg(fact.tool_id)
FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
WHERE fact.superseded_at IS NULL AND attribute.kind = ANY (%s)
  AND is_typed(attribute.kind, attribute.choices, fact.value)
GROUP BY attribute.id, fact.attribute_id, fact.value
"""


def read_listed_tools() -> list[ListedTool]:
    """Return the published tools in the order of their names. One query."""
    rows = Listing.objects.at().by_name().values_list("tool_id", "category_id", "entry", "share")
    return [ListedTool(tool, category, entry, Camp.of(share).value) for tool, category, entry, share in rows]


def read_listed_categories() -> list[ListedCategory]:
    """Return the categories with published tools in the order of their names, with the attributes of each: those
    that decide first. Three queries.
    """
    attributes = {row.pk: _shape_attribute(row) for row in Attribute.objects.filter(kind__in=FILTERED_KINDS)}
    of_category = defaultdict(list)
    belongings = Attribute.categories.through.objects.filter(attribute__in=attributes).order_by(
        "-attribute__decides", "attribute"
    )
    for attribute, category in belongings.values_list("attribute", "category"):
        of_category[category].append(attributes[attribute])
    return [
        ListedCategory(row.pk, row.slug, row.name, tuple(of_category[row.pk]), tuple(row.aliases))
        for row in Category.objects.with_published_tools()
    ]


def read_listed_facts() -> list[ListedFact]:
    """Return all current values of the attributes that lists filter by, of unpublished tools as well. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [FILTERED_KINDS])
        return [ListedFact(*row) for row in cursor.fetchall()]


def read_monthly_prices() -> dict[int, Decimal]:
    """Return the least dollars a month that each tool costs, by its id: 0 if it has a free plan. Tools that are sold
    by usage only, on request, or in other currencies are left out. One query.
    """
    rows = Plan.objects.current().filter(Q(kind=PlanKind.FREE) | Q(currency="USD"))
    prices = [(row["tool"], Price.of_record(row).monthly) for row in rows.values("tool", *Price._fields)]
    least: dict[int, Decimal] = {}
    for tool, price in prices:
        if price is not None:
            least[tool] = min(price, least.get(tool, price))
    return least


def _shape_attribute(row: Attribute) -> ListedAttribute:
    grades = tuple(Option(grade.value, str(grade.label)) for grade in Grade) if row.kind == AttributeKind.GRADE else ()
    scale = Scale(row.kind, row.options or grades, several=row.several, unit=row.unit)
    return ListedAttribute(row.pk, row.slug, row.name, scale, row.better, tuple(map(read_alias, row.aliases)))
