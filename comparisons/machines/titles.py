"""Titles and descriptions for search results and shared links, computed from the verdict.

A search result shows about 60 characters of a title and 160 of a description. Each title has several wordings, longest
first, and the first that fits is used. A description is truncated between words.
"""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping.sentences import write_card_verdict
from comparisons.shaping.tool_columns import Card, Column
from reviews.panel import Panel
from votes.community import Community
from web.words import choose_fitting, count_of, isolate_name, join_words, shorten, spell_number

MAX_TITLE_LENGTH = 60  # characters
MAX_DESCRIPTION_LENGTH = 160


def _choose_title(*wordings: str) -> str:
    """Return the first wording that fits, followed by the site's name if the longest one fits with it."""
    signed = f"{wordings[0]} · {settings.SITE_NAME}"
    return choose_fitting(MAX_TITLE_LENGTH, signed, *wordings)


def write_comparison_title(first: Column, second: Column) -> str:
    """Return `A vs B: A leads by two seats`, or less of it."""
    names = f"{isolate_name(first['name'])} vs {isolate_name(second['name'])}"
    outcome = _describe_outcome(
        first["panel"], second["panel"], isolate_name(first["name"]), isolate_name(second["name"])
    )
    return _choose_title(f"{names}: {outcome}", f"{names}: ship or skip?", names)


def _describe_outcome(first: Panel, second: Panel, one: str, two: str) -> str:
    if not first.seats or not second.seats:
        return "which one to ship with"
    margin = first.ship * second.seats - second.ship * first.seats
    if margin == 0:
        return f"a tie at {first.percent}% ship"
    leader = one if margin > 0 else two
    if first.seats != second.seats:
        return f"{leader} leads"
    return f"{leader} leads by {count_of(abs(first.ship - second.ship), 'seat')}"


def write_comparison_description(sentence: str) -> str:
    """Return as much of the verdict as fits."""
    return shorten(sentence, MAX_DESCRIPTION_LENGTH)


def write_columns_title(columns: Sequence[Column]) -> str:
    """Return `A, B and C side by side`, or less of it."""
    names = [isolate_name(column["name"]) for column in columns]
    return _choose_title(
        f"{join_words(names)} side by side", join_words(names), f"{names[0]} and {spell_number(len(names) - 1)} others"
    )


def write_tool_title(column: Column) -> str:
    """Return `A: 3 of 4 ship, entry $20/mo`, or less of it."""
    name, panel, entry = isolate_name(column["name"]), column["panel"], column["entry"]
    if not panel.seats:
        return _choose_title(f"{name}: prices, facts and votes", f"{name}: ship or skip?", name)
    return _choose_title(
        f"{name}: {panel.words}, entry {entry}",
        f"{name}: {panel.words}",
        name,
    )


def write_tool_description(column: Column, community: Community) -> str:
    """Return what panel and community say, the entry, and as much of the tagline as fits."""
    parts = [
        f"Panel: {column['panel'].words}.",
        f"Community: {_describe_community(community)}.",
        f"Entry: {column['entry']}.",
    ]
    return shorten(" ".join([*parts, column["tagline"]]).rstrip(), MAX_DESCRIPTION_LENGTH)


def _describe_community(community: Community) -> str:
    return f"{community.figure} of {community.words}" if community.has_number else community.words


def write_category_title(name: str, cards: Sequence[Card], *, page: int, total: int) -> str:
    """Return `Speech ranked: Whisper first of 5`, or less of it; for a later page, its number.

    `total` is the number of tools on all pages.
    """
    name = isolate_name(name)
    if page > 1:
        return _choose_title(f"{name} ranked, page {page}", name)
    ranked = f"{name}: {count_of(total, 'tool')} ranked by what to ship"
    if not cards or not cards[0].panel.seats:
        return _choose_title(ranked, f"{name}, ranked", name)
    leader = isolate_name(cards[0].tool.name)
    return _choose_title(f"{name} ranked: {leader} first of {total}", ranked, f"{name}, ranked", name)


def write_filtered_title(name: str) -> str:
    """Return the title of a category that a reader has filtered or sorted: it names no leader."""
    return _choose_title(f"{isolate_name(name)}, filtered", isolate_name(name))


def write_category_description(description: str, cards: Sequence[Card]) -> str:
    """Return the top three with their numbers, and as much of the category's own description as fits."""
    leaders = [f"{isolate_name(card.tool.name)} ({card.panel.words})" for card in cards[:3] if card.panel.seats]
    ranking = f"By panel ship: {', '.join(leaders)}. " if leaders else ""
    return shorten((ranking + description).rstrip(), MAX_DESCRIPTION_LENGTH)


def write_home_description(first: Card, second: Card) -> str:
    """Return the newest verdict, given the cards of its two tools."""
    newest = f"Newest: {isolate_name(first.tool.name)} vs {isolate_name(second.tool.name)}."
    return shorten(f"{newest} {write_card_verdict(first, second)}", MAX_DESCRIPTION_LENGTH)
