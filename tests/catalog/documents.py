"""Catalog files for tests: their parts, importing and exporting them, and reading their problems."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from catalog.actions import import_catalog
from catalog.exporting import export_lines
from catalog.problems import CatalogError
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Fact, Plan, Tool
from tools.slugged import FormerSlug

DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
MODELS = [Comparison, Prediction, Review, Reviewer, Fact, Plan, Tool, Attribute, Category, FormerSlug]


def review(**fields: Any) -> dict[str, Any]:
    return {
        "reviewer": "builder", "verdict": "ship", "quote": "Because.", "flips_if": "",
        "published_at": "2026-11-01T09:00:00Z", "predictions": [], **fields,
    }  # fmt: skip


def plan(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Pro", "kind": "paid", "amount": 20, "currency": "USD", "period": "month", "unit": "",
        "source": "https://example.com/pricing", "verified_on": "2026-11-01", **fields,
    }  # fmt: skip


def fact(**fields: Any) -> dict[str, Any]:
    return {"attribute": "license", "value": "MIT", "source": "", "verified_on": None, **fields}


def tool(slug: str = "alpha", **fields: Any) -> dict[str, Any]:
    return {
        "slug": slug, "name": slug.title(), "category": "things", "tagline": "", "description": "", "website": "",
        "aliases": [], "published_at": "2026-10-01T09:00:00Z", "plans": [], "facts": [], "reviews": [], **fields,
    }  # fmt: skip


def document(**sections: Any) -> dict[str, Any]:
    return {
        "format": "shipside-catalog/2",
        "categories": [{"slug": "things", "name": "Things", "description": ""}],
        "attributes": [{"slug": "license", "name": "License", "categories": ["things"]}],
        "reviewers": [
            {"slug": "builder", "name": "The Builder", "lens": "Does it hold?", "bio": "", "disclosure": "p", "seat": 1}
        ],
        "tools": [],
        "comparisons": [],
        **sections,
    }


def import_content(content: dict[str, Any] | str, **options: Any):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return import_catalog(content=text.encode(errors="surrogatepass"), **options)


def export() -> str:
    return "".join(export_lines())


def get_problems(content: dict[str, Any] | str) -> list[str]:
    before = export()
    with pytest.raises(CatalogError) as error:
        import_content(content)
    assert export() == before
    return [str(problem) for problem in error.value.problems]


def empty_site() -> None:
    connection.check_constraints()  # nothing deferred may be pending
    tables = ", ".join(model._meta.db_table for model in MODELS)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")


STRANGE = document(
    tools=[
        tool(
            name="\"Quotes\" <script>alert('x')</script> Ümläute 🚢 " + "n" * 250,
            description="Line\n\nline\u2028separator",
            aliases=["Älpha", "通义"],
            plans=[
                plan(superseded_at="2026-09-01T00:00:00Z", amount=10),
                plan(amount=0.25, period="usage", unit="1M tokens"),
                plan(name="Open", kind="free", amount=None, currency=None, period=None),
            ],
            facts=[fact(value="GPL", superseded_at="2026-09-01T00:00:00.123456Z"), fact()],
            reviews=[
                review(verdict="skip", published_at="2026-05-01T09:00:00Z", withdrawn_at="2026-05-02T09:00:00Z"),
                review(
                    quote="word " * 2000 + "end",
                    predictions=[
                        {"claim": "It sinks", "due_on": "2027-01-01", "outcome": "open", "note": "", "source": ""},
                        {
                            "claim": "It swims", "due_on": "2026-11-02", "outcome": "right", "note": "It did.",
                            "source": "https://example.com/", "judged_on": "2026-11-03",
                        },
                    ],
                ),
                review(published_at=None),
            ],
            former_slugs=["alpha-one"],
            withdrawn_at=None,
        ),
        tool("zulu", published_at=None),
        tool("beta", withdrawn_at="2026-11-01T00:00:00Z"),
    ],
    comparisons=[
        {"tools": ["zulu", "alpha"], "introduction": "Hm.", "published_at": None},
        {"tools": ["alpha", "beta"], "introduction": "", "published_at": "2026-11-02T09:00:00+02:00"},
    ],
)  # fmt: skip


def get_tool_page(client, slug: str = "alpha") -> str:
    return client.get(f"/tools/{slug}/").content.decode()
