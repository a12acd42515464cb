"""The facts of tools as rows: one attribute each, with a cell per tool. Records in, rows out; no queries."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple, TypedDict

from django.utils.safestring import SafeString

from comparisons.reading.records import (
    ToolRecord,
)
from comparisons.shaping.peers import Peers
from comparisons.shaping.tool_columns import describe_source, format_former_facts
from tools.choices import AttributeKind, Better
from web.fragments import render_cached


class FactRow(TypedDict):
    """One attribute, with one cell per column: None where the value is unknown."""

    slug: str
    name: str
    heading: str
    explanation: str
    cells: list[SafeString | None]
    differs: bool
    """Whether two known values differ. Values that are only text are not compared."""
    decides: bool
    """Whether the difference can decide for one tool."""
    is_text: bool
    """Whether the values are only text, which is not compared."""
    is_same: bool
    """Whether all values are known, can be compared, and are equal."""
    peers: SafeString | None
    """How many tools of the category have it; only on the page of one tool."""


class FactGroup(NamedTuple):
    """Rows that stand together under a heading; "" for rows without one."""

    heading: str
    rows: list[FactRow]


class FactTable(NamedTuple):
    """The facts of a pair: what differs or is known for one tool only, what is the same, and free text."""

    groups: list[FactGroup]
    same: list[FactRow]
    texts: list[FactRow]


def build_fact_rows(
    tools: Sequence[ToolRecord],
    *,
    today: date,
    earlier: int | None = 1,
    peers: Mapping[int, Peers] = MappingProxyType({}),
) -> list[FactRow]:
    """Align the facts of tools by attribute, in the order of the attributes.

    Each fact comes with at most `earlier` superseded values (None: all). A row differs when two columns have different
    known values of a kind that can be compared; an unknown value is not a difference. `peers` are by attribute.
    """
    attributes = {fact["attribute"]: fact for tool in tools for fact in tool["facts"] or []}
    by_tool = [{fact["attribute"]: fact for fact in tool["facts"] or []} for tool in tools]
    rows: list[FactRow] = []
    for pk, attribute in sorted(attributes.items()):
        facts = [known.get(pk) for known in by_tool]
        is_text = attribute["kind"] == AttributeKind.TEXT
        values = {fact["value"] for fact in facts if fact}
        differs = not is_text and len(values) > 1
        best = find_best([fact["value"] if fact else None for fact in facts], better=attribute["better"])
        cells = [
            render_cached(
                "comparisons/_fact.html",
                value=fact["words"],
                grade=fact["value"] if fact["kind"] == AttributeKind.GRADE else "",
                note=fact["note"],
                better=describe_best(fact["better"], columns=len(tools)) if place in best else "",
                was=tuple(format_former_facts(fact["was"] or [])[:earlier]),
                **describe_source(fact["source"], fact["verified_on"], today=today),
            )
            if fact
            else None
            for place, fact in enumerate(facts)
        ]
        rows.append(
            {
                "slug": attribute["slug"],
                "name": attribute["name"],
                "heading": attribute["heading"],
                "explanation": attribute["explanation"],
                "cells": cells,
                "differs": differs,
                "decides": differs and attribute["decides"],
                "is_text": is_text,
                "is_same": not is_text and None not in facts and len(values) == 1,
                "peers": render_cached("charts/_peers.html", peers=peers[pk]) if pk in peers else None,
            }
        )
    return rows


def find_best(values: Sequence[str | None], *, better: str) -> set[int]:
    """Return the places of the best of several numbers, None for an unknown one; empty if all known ones are equal.

    `better` says which of two is the better one (tools.choices.Better); "" says that neither is.
    """
    numbers = {place: Decimal(value) for place, value in enumerate(values) if better and value is not None}
    if len(set(numbers.values())) < 2:
        return set()
    best = max(numbers.values()) if better == Better.HIGHER else min(numbers.values())
    return {place for place, number in numbers.items() if number == best}


def describe_best(better: str, *, columns: int) -> str:
    """Return what the best number is, in words: `larger` of two, `largest` of more; or `lower`, `lowest`."""
    word = "large" if better == Better.HIGHER else "low"
    if columns == 2:
        return f"{word.removesuffix('e')}er"
    return f"{word.removesuffix('e')}est"


def group_facts(rows: Sequence[FactRow]) -> list[FactGroup]:
    """Group rows by heading: what decides comes first, then the headings in the order of their first attributes."""
    groups: dict[str, list[FactRow]] = {}
    for row in rows:
        if not row["decides"]:
            groups.setdefault(row["heading"], []).append(row)
    deciding = [row for row in rows if row["decides"]]
    grouped = [FactGroup(heading, members) for heading, members in groups.items()]
    return [FactGroup("Decides it", deciding), *grouped] if deciding else grouped


def arrange_facts(rows: Sequence[FactRow]) -> FactTable:
    """Split the facts of a pair into what to compare, what is the same, and what is only text."""
    return FactTable(
        groups=group_facts([row for row in rows if not row["is_same"] and not row["is_text"]]),
        same=[row for row in rows if row["is_same"]],
        texts=[row for row in rows if row["is_text"]],
    )
