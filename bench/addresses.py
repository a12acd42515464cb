"""Every kind of page, each with addresses taken from the database under test.

To add a kind of page, add a line to PAGES. Users of the list skip and report addresses that return 404.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

type Query = Callable[[str], Iterable[tuple[Any, ...]]]
"""Run a statement and return its rows."""

# Placeholders of the statements below. `{out tool}`: the tool is published. `{ours tool}`: it belongs to the
# demonstration or to the load, depending on which is requested.
CONDITIONS = {
    "out": "is_published({0}.published_at, {0}.withdrawn_at, now())",
    "ours": "({0}.slug ~ '^load-[0-9]{{6}}-') = {1}",  # catalog.made_up.generator.SLUG
}
TOOLS = """
    SELECT tool.slug FROM tools_tool AS tool
    WHERE {out tool} AND {ours tool} ORDER BY md5(tool.slug) LIMIT 20
"""
MOST_VOTED_TOOLS = """
    SELECT tool.slug FROM tools_tool AS tool JOIN votes_tally AS tally ON tally.tool_id = tool.id
    WHERE {out tool} AND {ours tool} GROUP BY 1 ORDER BY sum(ship + skip) DESC LIMIT 20
"""
PAIRS = """
    SELECT a.slug, b.slug
    FROM comparisons_comparison AS c JOIN tools_tool AS a ON a.id = first_id JOIN tools_tool AS b ON b.id = second_id
    WHERE {out c} AND {out a} AND {out b} AND {ours a} AND {ours b}
    ORDER BY md5(a.slug || b.slug) LIMIT 20
"""
PAIRS_WITHOUT_COMPARISON = """
    WITH chosen AS (
        SELECT tool.id, tool.slug FROM tools_tool AS tool
        WHERE {out tool} AND {ours tool} ORDER BY md5(tool.slug) LIMIT 20
    )
    SELECT a.slug, b.slug FROM chosen AS a JOIN chosen AS b ON a.slug < b.slug
    WHERE NOT EXISTS (
        SELECT FROM comparisons_comparison
        WHERE LEAST(first_id, second_id) = LEAST(a.id, b.id) AND GREATEST(first_id, second_id) = GREATEST(a.id, b.id)
    )
    ORDER BY md5(a.slug || b.slug) LIMIT 20
"""
FOURS = """
    SELECT string_agg('t=' || slug, '&' ORDER BY slug) FROM (
        SELECT tool.slug, row_number() OVER (PARTITION BY category_id ORDER BY md5(tool.slug)) AS place, category_id
        FROM tools_tool AS tool WHERE {out tool} AND {ours tool}
    ) AS tool
    WHERE place <= 4 GROUP BY category_id HAVING count(*) >= 3 ORDER BY category_id LIMIT 20
"""
CATEGORIES = """
    SELECT category.slug FROM tools_category AS category
    WHERE {ours category}
      AND EXISTS (SELECT FROM tools_tool AS tool WHERE category_id = category.id AND {out tool})
    ORDER BY (SELECT count(*) FROM tools_tool WHERE category_id = category.id) DESC, slug LIMIT 20
"""
FACTS = """
    SELECT category.slug, choice.slug, choice.choices -> 0 ->> 'slug', number.slug, number.slug
    FROM tools_category AS category
    CROSS JOIN LATERAL (
        SELECT slug, choices FROM tools_attribute_categories AS of JOIN tools_attribute AS one ON one.id = attribute_id
        WHERE category_id = category.id AND kind = 'choice' ORDER BY one.id LIMIT 1
    ) AS choice
    CROSS JOIN LATERAL (
        SELECT slug FROM tools_attribute_categories AS of JOIN tools_attribute AS one ON one.id = attribute_id
        WHERE category_id = category.id AND kind = 'number' ORDER BY one.id LIMIT 1
    ) AS number
    WHERE {ours category}
      AND EXISTS (SELECT FROM tools_tool AS tool WHERE category_id = category.id AND {out tool})
    ORDER BY (SELECT count(*) FROM tools_tool WHERE category_id = category.id) DESC, category.slug LIMIT 20
"""
NAMES = """
    SELECT split_part(tool.name, ' ', 1) FROM tools_tool AS tool
    WHERE {out tool} AND {ours tool} ORDER BY md5(tool.slug) LIMIT 20
"""
MISSPELLED = """
    SELECT left(word, 2) || right(word, -3) FROM (
        SELECT split_part(tool.name, ' ', 1) AS word, tool.slug FROM tools_tool AS tool
        WHERE {out tool} AND {ours tool} ORDER BY md5(tool.slug)
    ) AS tool WHERE length(word) > 5 LIMIT 20
"""
REVIEWERS = "SELECT slug FROM reviews_reviewer WHERE slug !~ '^load-' ORDER BY seat LIMIT 4"


@dataclass(frozen=True, slots=True)
class PageKind:
    """A kind of page: its address with placeholders, and the statement whose rows fill them."""

    address: str
    sql: str = ""
    remark: str = ""
    body: str = ""
    """The form to post, if the address takes one."""
    unfiltered: str = ""
    """Of a list with filters: its address without them."""

    @property
    def name(self) -> str:
        """Return the name for tables of results."""
        return " ".join(filter(None, ["POST" if self.body else "", self.address.replace("{}", "…"), self.remark]))

    def addresses(self, query: Query, *, load: bool = False) -> list[str]:
        """Return at most 20 addresses of the demonstration's content, or of the load's."""
        if not self.sql:
            return [self.address]
        sql = re.sub(r"\{(\w+) (\w+)\}", lambda gap: CONDITIONS[gap[1]].format(gap[2], load), self.sql)
        return [self.address.format(*(quote(value, safe="=&") for value in row)) for row in query(sql)]

    def pairs_of_addresses(self, query: Query, *, load: bool = False) -> list[tuple[str, str]]:
        """Return the addresses of a list with filters, each with its address without them; [] for other pages."""
        if not self.unfiltered:
            return []
        without = replace(self, address=self.unfiltered).addresses(query, load=load)
        return list(zip(self.addresses(query, load=load), without, strict=True))


PAGES = [
    PageKind("/"),
    PageKind("/compare/"),
    PageKind("/compare/?a={}&b={}", PAIRS),
    PageKind("/compare/{}-vs-{}/", PAIRS),
    PageKind("/compare/{}-vs-{}/", PAIRS_WITHOUT_COMPARISON, "on demand"),
    PageKind("/compare/{}-vs-{}/?lens=skeptic,founder", PAIRS),
    PageKind("/compare/{}-vs-{}/?only=differences", PAIRS),
    PageKind("/compare/{}-vs-{}.json", PAIRS),
    PageKind("/compare/custom/?{}", FOURS),
    PageKind("/tools/"),
    PageKind("/tools/?category={}", CATEGORIES),
    PageKind("/tools/?category={}&price=free&panel=all-ship&sort=community", CATEGORIES),
    PageKind("/tools/?category={}&{}={}", FACTS, unfiltered="/tools/?category={}"),
    PageKind("/tools/?category={}&{}={}&{}.min=1&sort={}", FACTS, unfiltered="/tools/?category={}"),
    PageKind("/tools/?page=2"),
    PageKind("/tools/{}/", TOOLS),
    PageKind("/tools/{}/", MOST_VOTED_TOOLS, "most voted"),
    PageKind("/tools/{}.json", TOOLS),
    PageKind("/tools/{}/badge.svg", TOOLS),
    PageKind("/tools/{}/vote/", TOOLS),
    PageKind("/tools/{}/vote/", TOOLS, body="choice=ship"),
    PageKind("/me/votes/"),
    PageKind("/me/"),
    PageKind("/tools/{}/votes/", MOST_VOTED_TOOLS),
    PageKind("/categories/{}/", CATEGORIES),
    PageKind("/categories/{}/?{}={}", FACTS, unfiltered="/categories/{}/"),
    PageKind("/reviewers/"),
    PageKind("/reviewers/{}/", REVIEWERS),
    PageKind("/splits/"),
    PageKind("/changes/"),
    PageKind("/changes/?kind=prices"),
    PageKind("/changes/?kind=no-longer-free&category={}", CATEGORIES),
    PageKind("/changes/?category={}&before=1788000000000000-9-0", CATEGORIES),
    PageKind("/predictions/"),
    PageKind("/search/suggest/?q={}", NAMES),
    PageKind("/search/?q={}", NAMES),
    PageKind("/search/?q={}", MISSPELLED, "misspelled"),
    PageKind("/methodology/"),
    PageKind("/disclosure/"),
    PageKind("/about/"),
    PageKind("/moderation/"),
    PageKind("/feeds/comparisons.xml"),
    PageKind("/feeds/changes.xml"),
    PageKind("/feeds/tools/{}.xml", TOOLS),
    PageKind("/feeds/categories/{}.xml?kind=prices", CATEGORIES),
    PageKind("/sitemap.xml"),
    PageKind("/robots.txt"),
    PageKind("/og/compare/{}-vs-{}.png", PAIRS),
    PageKind("/og/tools/{}.png", TOOLS),
    PageKind("/newsletter/"),
    PageKind("/newsletter/noted/"),
    PageKind("/feeds/newsletter.xml"),
    PageKind("/feeds/moderation.xml"),
    PageKind("/sitemaps/newsletter.xml"),
]
