"""prices.csv alone is enough to compute every change of a price and every step line, after any edits."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.test import Client

from comparisons.shaping.changes import describe_price_change, find_price_kind, name_plan
from comparisons.shaping.price_steps import build_price_history
from tests import factories as make
from tests.comparisons.test_changes import read_changes
from tests.comparisons.test_exports import read_export
from tools.models import Plan, Tool
from web import clock

pytestmark = pytest.mark.django_db
EDITS = 40
RATES = [{"meter": "input", "amount": "0.25", "per": 1000000, "included": 0, "beyond": "costs"}]
PRICES: list[dict[str, Any]] = [
    {"kind": "free"},
    {"kind": "contact"},
    *({"kind": "paid", "amount": amount, "currency": "USD", "period": "month"} for amount in (10, 20, "24.5")),
    {"kind": "paid", "amount": 20, "currency": "USD", "period": "month", "minimum_seats": 5, "per_seat": True},
    {"kind": "paid", "amount": 18, "currency": "EUR", "period": "month", "trial_days": 14},
    {"kind": "paid", "currency": "USD", "period": "usage", "rates": RATES},
]
BLANK = {field: Plan._meta.get_field(field).get_default() for field in Plan.VALUE_FIELDS}


def edit(tool: Tool, random: Random) -> None:
    """Do one thing that an editor might do: add, change, correct, rename, or remove a plan."""
    current = list(tool.plans.current())
    free_names = sorted({"A", "B", "C", "D"} - {plan.name for plan in current})
    price = {**BLANK, **random.choice(PRICES)}
    correction = random.random() < 0.25
    if not current or (free_names and random.random() < 0.2):
        Plan.objects.create(tool=tool, name=random.choice(free_names), added_at=datetime.now(UTC), **price)
        return
    plan = random.choice(current)
    match random.choice(["change", "change", "change", "rename", "remove"]):
        case "change":
            plan.supersede(correction=correction, **price)
        case "rename" if free_names:
            plan.supersede(correction=correction, name=random.choice(free_names), **price)
        case _:
            plan.retire(correction=correction)


def read_spans(client: Client) -> list[dict[str, Any]]:
    """Return the rows of the export as the site's own statements would."""

    def parse(row: dict[str, str]) -> dict[str, Any]:
        numbers = {
            name: int(row[name]) if row[name] else None for name in ("minimum_seats", "maximum_seats", "trial_days")
        }
        flags = {name: row[name] == "true" for name in ("per_seat", "is_from", "billed_yearly")}
        return {
            **row, **numbers, **flags, "name": row["plan"], "amount": Decimal(row["amount"]) if row["amount"] else None,
            "currency": row["currency"] or None, "period": row["period"] or None,
            "rates": json.loads(row["rates"] or "[]"), "since": row["from"], "superseded_at": row["until"] or None,
            "correction": row["ended"] == "wrong",
        }  # fmt: skip

    return [parse(row) for row in read_export(client)]


def derive_changes(spans: list[dict[str, Any]], *, published: str) -> list[tuple[str, str, str]]:
    """Return (time, kind, line) of each change that the rows of the export amount to, newest first."""

    def follows(new: dict[str, Any], old: dict[str, Any]) -> bool:
        return new["since"] == old["superseded_at"] and (new["renamed_from"] or new["name"]) == old["name"]

    steps = [(old["superseded_at"], old, next((new for new in spans if follows(new, old)), None)) for old in spans]
    steps = [step for step in steps if step[0]]
    steps += [
        (new["since"], None, new)
        for new in spans
        if new["since"] > published and not any(follows(new, old) for old in spans)
    ]
    changes = []
    for at, old, new in steps:
        difference = describe_price_change(old, new, on=datetime.fromisoformat(at).date())
        words = f"{difference.brief} {difference.note}" if difference.note else difference.brief
        changes.append((at, find_price_kind(old, new), f"Acme, {name_plan(old, new)}: {words}"))
    return sorted(changes, reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_prices_csv_reproduces_every_change_and_every_step_line(client, seed, monkeypatch):
    monkeypatch.setattr("comparisons.views.changes.CHANGES_PER_PAGE", 2 * EDITS)
    random, acme = Random(seed), make.tool(name="Acme", slug="acme")  # noqa: S311 (no secret)
    for name in ("A", "B"):
        make.plan(of=acme, name=name, **random.choice(PRICES))
    now = make.PAST
    for _ in range(EDITS):
        now += timedelta(hours=random.randint(1, 400))
        with time_machine.travel(now, tick=False):
            edit(acme, random)
    with time_machine.travel(now + timedelta(hours=random.randint(1, 400)), tick=False):
        spans = read_spans(client)
        derived = derive_changes(spans, published=make.PAST.isoformat())
        corrections = [line for _, kind, line in derived if kind == "corrections"]
        news = [line for _, kind, line in derived if kind != "corrections"]
        assert [line for _, line in read_changes(client, "?kind=corrections")] == corrections
        assert [line for _, line in read_changes(client, "?kind=prices")] == news
        free = [line for _, kind, line in derived if kind == "no-longer-free"]
        assert [line for _, line in read_changes(client, "?kind=no-longer-free")] == free
        history = build_price_history(spans, today=clock.today())
        section = render_to_string("comparisons/_price_history.html", {"price_history": history})
        assert " ".join(section.split()) in " ".join(client.get("/tools/acme/").content.decode().split())
        assert len(derived) >= EDITS
        assert re.search("<svg class=.steps__drawing", section)
