"""What everybody works on, and the files that are imported."""

import json
from dataclasses import dataclass

from bench.proof.site import Site

TOOLS = 3  # on which everybody works


@dataclass(frozen=True)
class StressContent:
    """The rows on which everybody works: public tools with a review each, by slug and primary key."""

    tools: dict[str, int]
    reviews: list[int]
    reviewers: list[int]
    category: int
    comparison: str

    @classmethod
    def read(cls, site: Site) -> "StressContent":
        with site.connect() as connection:
            rows = connection.execute(
                "SELECT slug, id, category_id FROM tools_tool"
                " WHERE published_at <= now() AND withdrawn_at IS NULL ORDER BY slug"
            ).fetchall()
            tools = {str(slug): int(str(pk)) for slug, pk, _ in rows[:TOOLS]}
            reviews = connection.execute(
                "SELECT id FROM reviews_review WHERE tool_id = ANY (%s) AND published_at <= now() ORDER BY id",
                [list(tools.values())],
            ).fetchall()
            reviewers = connection.execute("SELECT id FROM reviews_reviewer ORDER BY id").fetchall()
            pair = connection.execute(
                "SELECT a.slug, b.slug FROM comparisons_comparison AS c JOIN tools_tool AS a ON a.id = c.first_id"
                " JOIN tools_tool AS b ON b.id = c.second_id WHERE c.published_at <= now() ORDER BY c.id"
            ).fetchall()
        first, second = sorted(map(str, pair[0]))
        ids = [[int(str(row[0])) for row in of] for of in (reviews, reviewers)]
        return cls(tools, *ids, category=int(str(rows[0][2])), comparison=f"{first}-vs-{second}")


def build_catalog(number: int, *, words: str, also: list[dict[str, object]] | None = None) -> bytes:
    """Return a catalog file with this many made-up tools, and others whose taglines it changes."""
    made_up = [
        {
            "slug": f"stress-{index}", "name": f"Stress {index}", "category": "developer-tools", "tagline": words,
            "website": "https://example.com/", "published_at": "2026-01-05T00:00:00Z",
            "plans": [{"name": "Pro", "kind": "paid", "amount": 10, "currency": "USD", "period": "month"}],
        }
        for index in range(number)
    ]  # fmt: skip
    changed = [{**tool, "tagline": words} for tool in also or []]
    return json.dumps({"format": "shipside-catalog/2", "tools": made_up + changed}).encode()
