"""Titles and descriptions for search results and shared links, computed from the verdict. Shapes in, words out.

A result shows about 60 characters of a title and 160 of a description, so each title has wordings from the fullest
to the barest, and the first that fits is taken; a description is cut between two words.
"""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping.sentences import write_card_verdict
from comparisons.shaping.tool_columns import Card, Column
from reviews.panel import Panel
from votes.community import Community
from web.words import choose_fitting, count_of, isolate_name, join_words, shorten, spell_number

LONGEST_TITLE = 60  # characters
LONGEST_DESCRIPTION = 160


def _signed(*wordings: str) -> str:
    """The fullest wording that fits, with the site's name behind it where there is room for that too."""
    signed = f"{wordings[0]} · {settings.SITE_NAME}"
    return choose_fitting(LONGEST_TITLE, signed, *wordings)


def comparison_title(first: Column, second: Column) -> str:
    """`A vs B: A leads by two seats`, or less of it."""
    names = f"{isolate_name(first['name'])} vs {isolate_name(second['name'])}"
    outcome = _outcome(first["panel"], second["panel"], isolate_name(first["name"]), isolate_name(second["name"]))
    return _signed(f"{names}: {outcome}", f"{names}: ship or skip?", names)


def _outcome(first: Panel, second: Panel, one: str, two: str) -> str:
    if not first.seats or not second.seats:
        return "which one to ship with"
    margin = first.ship * second.seats - second.ship * first.seats
    if margin == 0:
        return f"a tie at {first.percent}% ship"
    leader = one if margin > 0 else two
    if first.seats != second.seats:
        return f"{leader} leads"
    return f"{leader} leads by {count_of(abs(first.ship - second.ship), 'seat')}"


def comparison_description(sentence: str) -> str:
    """The verdict sentence as far as it fits."""
    return shorten(sentence, LONGEST_DESCRIPTION)


def columns_title(columns: Sequence[Column]) -> str:
    """`A, B and C side by side`, or less of it."""
    names = [isolate_name(column["name"]) for column in columns]
    return _signed(
        f"{join_words(names)} side by side", join_words(names), f"{names[0]} and {spell_number(len(names) - 1)} others"
    )


def tool_title(column: Column) -> str:
    """`A: 3 of 4 ship, entry $20/mo`, or less of it."""
    name, panel, entry = isolate_name(column["name"]), column["panel"], column["entry"]
    if not panel.seats:
        return _signed(f"{name}: prices, facts and votes", f"{name}: ship or skip?", name)
    return _signed(
        f"{name}: {panel.words}, entry {entry}",
        f"{name}: {panel.words}",
        name,
    )


def tool_description(column: Column, community: Community) -> str:
    """What panel and community say, the way in, and as much of the tagline as fits."""
    parts = [f"Panel: {column['panel'].words}.", f"Community: {_said(community)}.", f"Entry: {column['entry']}."]
    return shorten(" ".join([*parts, column["tagline"]]).rstrip(), LONGEST_DESCRIPTION)


def _said(community: Community) -> str:
    return f"{community.figure} of {community.words}" if community.has_number else community.words


def category_title(name: str, cards: Sequence[Card], *, page: int, total: int) -> str:
    """`Speech ranked: Whisper first of 5`, or less of it; of a later page its number. `total` is of all pages."""
    name = isolate_name(name)
    if page > 1:
        return _signed(f"{name} ranked, page {page}", name)
    ranked = f"{name}: {count_of(total, 'tool')} ranked by what to ship"
    if not cards or not cards[0].panel.seats:
        return _signed(ranked, f"{name}, ranked", name)
    leader = isolate_name(cards[0].tool.name)
    return _signed(f"{name} ranked: {leader} first of {total}", ranked, f"{name}, ranked", name)


def category_description(description: str, cards: Sequence[Card]) -> str:
    """The head of the ranking with its numbers, and as much of the category's own description as fits."""
    leaders = [f"{isolate_name(card.tool.name)} ({card.panel.words})" for card in cards[:3] if card.panel.seats]
    ranking = f"By panel ship: {', '.join(leaders)}. " if leaders else ""
    return shorten((ranking + description).rstrip(), LONGEST_DESCRIPTION)


def home_description(first: Card, second: Card) -> str:
    """The newest verdict, of two tools."""
    newest = f"Newest: {isolate_name(first.tool.name)} vs {isolate_name(second.tool.name)}."
    return shorten(f"{newest} {write_card_verdict(first, second)}", LONGEST_DESCRIPTION)
