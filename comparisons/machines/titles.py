"""Titles and descriptions for search results and shared links, computed from the verdict.

A search result shows 60 to 65 characters of a title and 155 of a description. Each title has several wordings, longest
first, and the first that fits is used. A description is cut between sentences.
"""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping.sentences import list_brief_names, write_card_verdict
from comparisons.shaping.tool_columns import Card, Column
from comparisons.shaping.verdict_text import VerdictText
from reviews.panel import Panel
from votes.community import Community
from web.words import (
    choose_fitting,
    count_of,
    end_sentence,
    fit_sentences,
    isolate_name,
    join_words,
    spell_number,
    split_sentences,
)

MAX_TITLE_LENGTH = 65  # characters
MAX_DESCRIPTION_LENGTH = 155


def _choose_title(*wordings: str) -> str:
    """Return the first wording that fits, followed by the site's name if the longest one fits with it."""
    signed = f"{wordings[0]} · {settings.SITE_NAME}"
    return choose_fitting(MAX_TITLE_LENGTH, signed, *wordings)


def write_comparison_title(first: Column, second: Column) -> str:
    """Return `A vs B: A leads 3 to 2`, or less of it; with brief names if full names are too long for the outcome."""
    names = [isolate_name(column["name"]) for column in (first, second)]
    one, two = (isolate_name(column["brief_name"]) for column in (first, second))
    outcome = _describe_outcome(first["panel"], second["panel"], one, two)
    signature = f" · {settings.SITE_NAME}"
    return choose_fitting(
        MAX_TITLE_LENGTH,
        f"{names[0]} vs {names[1]}: {outcome}{signature}",
        f"{one} vs {two}: {outcome}{signature}",
        f"{one} vs {two}: {outcome}",
        *_describe_count(first["panel"], second["panel"], f"{one} vs {two}"),
        f"{one} vs {two}: ship or skip?",
        f"{one} vs {two}",
    )


def _describe_outcome(first: Panel, second: Panel, one: str, two: str) -> str:
    if not first.seats or not second.seats:
        return "which one to ship with"
    margin = first.ship * second.seats - second.ship * first.seats
    is_like_sized = first.seats == second.seats
    if margin == 0:
        return (
            f"the panel ties {first.ship} of {first.seats}" if is_like_sized else f"the panel ties at {first.percent}%"
        )
    leader, more, less = (one, first, second) if margin > 0 else (two, second, first)
    count = f"{more.ship} to {less.ship}" if is_like_sized else f"{more.percent}% to {less.percent}%"
    return f"{leader} leads {count}"


def _describe_count(first: Panel, second: Panel, names: str) -> list[str]:
    """Return `A vs B: 3 to 2 on the panel`, unless the numbers of seats differ or there are none."""
    return [f"{names}: {first.ship} to {second.ship} on the panel"] if first.seats == second.seats > 0 else []


def write_verdict_description(verdict: VerdictText) -> str:
    """Return the headline, and as much of the reason as fits."""
    return fit_sentences(MAX_DESCRIPTION_LENGTH, verdict.headline, *verdict.summary)


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
        return _choose_title(f"{name}: prices, facts, and votes", f"{name}: ship or skip?", name)
    judged = f"{name}: {panel.words}"
    return _choose_title(f"{judged}, entry {entry}" if column["prices"] else judged, judged, name)


def write_tool_description(column: Column, community: Community) -> str:
    """Return what panel and community say, the entry if it is known, and the tagline if it fits."""
    parts = [f"Panel: {column['panel'].words}.", f"Community: {_describe_community(community)}."]
    if column["prices"]:
        parts.append(f"Entry: {column['entry']}.")
    if column["tagline"]:
        parts.append(end_sentence(column["tagline"]))
    return fit_sentences(MAX_DESCRIPTION_LENGTH, *parts)


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
    """Return the top three with their numbers, and as many sentences of the category's own description as fit."""
    leaders = [f"{isolate_name(card.tool.brief_name)} ({card.panel.words})" for card in cards[:3] if card.panel.seats]
    rankings = [f"By panel ship: {', '.join(leaders[:count])}." for count in range(len(leaders), 0, -1)]
    opening = choose_fitting(MAX_DESCRIPTION_LENGTH, *rankings) if rankings else ""
    return fit_sentences(MAX_DESCRIPTION_LENGTH, *filter(None, [opening]), *split_sentences(description))


def write_home_description(first: Card, second: Card) -> str:
    """Return the newest verdict, given the cards of its two tools."""
    one, two = (isolate_name(name) for name in list_brief_names(first, second))
    newest = end_sentence(f"Newest: {one} vs {two}")
    verdict = write_card_verdict(first, second)
    return fit_sentences(MAX_DESCRIPTION_LENGTH, newest, verdict.headline, *verdict.summary)
