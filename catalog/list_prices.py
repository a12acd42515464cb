"""Proposals for the prices of models per token, from the list prices that come with the package `genai-prices`.

A proposal is a catalog file like any other: the desk shows what it would change, and an editor imports it or not.
Nothing here writes to the database.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import genai_prices
from django.utils import timezone
from genai_prices import data_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider, StartDateConstraint, TieredPrices

from catalog.schema import FORMAT
from tools.choices import Meter, Period, PlanKind
from tools.models import Plan, Tool
from tools.prices import Price
from tools.rates import Rate, find_rate_errors
from web import clock

SOURCE = f"genai-prices {genai_prices.__version__}"
CURRENCY = "USD"  # of all prices in the package
PLAN_NAME = "API"  # of a new plan of a tool with one model

# What the package calls a price, the meter, and how many of it that buys. Other prices, such as those of searches, are
# not proposed.
_PRICES = (
    ("input_mtok", Meter.INPUT, 1_000_000),
    ("cache_read_mtok", Meter.CACHED_INPUT, 1_000_000),
    ("output_mtok", Meter.OUTPUT, 1_000_000),
    ("requests_kcount", Meter.REQUEST, 1000),
    ("input_document_kpages", Meter.PAGE, 1000),
    ("input_mchars", Meter.CHARACTER, 1_000_000),
    ("audio_hours", Meter.MINUTE, 60),
    ("input_audio_hours", Meter.MINUTE, 60),
)
_DAY = re.compile(r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b")


@dataclass(slots=True)
class Proposal:
    """A catalog file with the plans that differ from the site's, and what could not be proposed."""

    tools: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        """The catalog file."""
        document = {"format": FORMAT, "tools": self.tools}
        return json.dumps(document, ensure_ascii=False, indent=2, default=_write_number).encode()


def build_proposal() -> Proposal:
    """Return what the list prices would change on the site. Two queries."""
    proposal = Proposal()
    for tool in Tool.objects.exclude(model_ids=[]).select_related("category").with_plans().order_by("pk"):
        plans = []
        for model_id in tool.model_ids:
            try:
                provider, model = find_model(model_id)
                plan = _propose_plan(tool, provider, model)
            except LookupError as error:
                proposal.problems.append(f"{tool}: {error.args[0]}")
                continue
            if plan is None:
                proposal.unchanged += 1
            else:
                plans.append(plan)
        if plans:
            names = {"slug": tool.slug, "name": tool.name, "category": tool.category.slug}
            proposal.tools.append({**names, "plans": plans})
    return proposal


def find_model(model_id: str) -> tuple[Provider, ModelInfo]:
    """Return the model of an id such as `openai:gpt-5-mini`. Raises LookupError with a message."""
    provider_id, _, reference = model_id.partition(":")
    try:
        return data_snapshot.get_snapshot().find_provider_model(reference, None, provider_id, None)
    except LookupError:
        raise LookupError(f"{SOURCE} does not know the model {model_id}.") from None


def read_rates_of(model: ModelInfo) -> tuple[tuple[Rate, ...], bool]:
    """Return the current rates of a model, and whether they only start there: some cost more for long inputs.

    Raises LookupError with a message.
    """
    price = model.get_prices(timezone.now())
    rates: dict[str, Rate] = {}
    is_from = False
    for name, meter, per in _PRICES:
        amount: Decimal | TieredPrices | None = getattr(price, name, None)
        if isinstance(amount, TieredPrices):
            amount, is_from = amount.base, True
        if amount and meter.value not in rates:
            rates[meter.value] = Rate(meter.value, amount, per)
    found = tuple(rates[meter] for meter in Meter.values if meter in rates)
    if not found or find_rate_errors(found):
        raise LookupError(f"{SOURCE} has no price of {model.id} that a plan can state.")
    return found, is_from


@cache
def find_data_day() -> date:
    """Return the newest day that the package's data mentions: its prices were read then, or earlier."""
    today = clock.today().isoformat()
    return date.fromisoformat(max(day for day in _find_days() if day <= today))


def _find_days() -> Iterator[str]:
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            yield from filter(_is_day, _DAY.findall(model.price_comments or ""))
            for price in _list_conditional(model.prices):
                if isinstance(price.constraint, StartDateConstraint):
                    yield price.constraint.start_date.isoformat()


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _list_conditional(prices: ModelPrice | list[ConditionalPrice]) -> list[ConditionalPrice]:
    return prices if isinstance(prices, list) else []


def _propose_plan(tool: Tool, provider: Provider, model: ModelInfo) -> dict[str, Any] | None:
    """Return the plan as a catalog file states it; None if the site has the same price already."""
    rates, is_from = read_rates_of(model)
    current = _find_current(tool, model)
    if current is not None:  # what the list prices do not cover stays
        known = {rate.meter for rate in rates}
        kept = [rate for rate in Price.of(current).rates if rate.meter not in known]
        rates = tuple(sorted([*rates, *kept], key=lambda rate: Meter.values.index(rate.meter)))
        if (rates, is_from) == (Price.of(current).rates, current.is_from):
            return None
    return {
        "name": current.name if current else PLAN_NAME if len(tool.model_ids) == 1 else (model.name or model.id),
        "kind": PlanKind.PAID.value,
        "amount": None,
        "currency": CURRENCY,
        "period": Period.USAGE.value,
        "unit": "",
        "is_from": is_from,
        "rates": [{name: value for name, value in rate._asdict().items() if value is not None} for rate in rates],
        "source": (provider.pricing_urls or [""])[0],
        "verified_on": find_data_day().isoformat(),
    }


def _find_current(tool: Tool, model: ModelInfo) -> Plan | None:
    """Return the plan that the model's would replace: the only one by use of a tool with one model, or by its name."""
    recent: Sequence[Plan] = tool.recent_plans  # type: ignore[attr-defined] # prefetched
    current = [plan for plan in recent if plan.superseded_at is None]
    by_use = [plan for plan in current if plan.period == Period.USAGE and plan.currency == CURRENCY]
    if len(tool.model_ids) == 1 and len(by_use) == 1:
        return by_use[0]
    names = {PLAN_NAME.casefold()} if len(tool.model_ids) == 1 else {(model.name or "").casefold(), model.id.casefold()}
    return next((plan for plan in by_use if plan.name.casefold() in names), None)


def _write_number(value: object) -> int | float:
    """Return an amount for JSON. It has at most 14 digits, and a float preserves 15."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is not a number")
    return int(value) if value == value.to_integral_value() else float(value)
