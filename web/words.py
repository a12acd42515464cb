"""Small pieces of English."""

import unicodedata
from collections.abc import Sequence
from datetime import date

from web.caching import process_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}

MAX_NAME_LENGTH = 60  # characters of a name in a sentence


@process_cache(maxsize=4096)
def format_day(value: date) -> str:
    """A day as `3 Aug 2026`."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def spell_number(number: int) -> str:
    """A small count in words, a larger one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def count_of(number: int, noun: str) -> str:
    """`one seat`, `two seats`."""
    return f"{spell_number(number)} {noun}{'' if number == 1 else 's'}"


def join_words(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, last = items
    return f"{', '.join(head)} and {last}" if head else last


def isolate_name(name: str) -> str:
    """A name as it can stand in a sentence: cut where it would take the sentence over, and, when any of it is written
    from right to left, between the marks that keep it to itself.
    """
    if len(name) > MAX_NAME_LENGTH:
        name = name[: MAX_NAME_LENGTH - 1].rstrip() + "…"
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in name):
        return f"\u2068{name}\u2069"
    return name


def end_sentence(sentence: str) -> str:
    """A sentence with its full stop, which a name such as `Acme Co.` or one that was cut may have brought along."""
    return sentence if sentence.rstrip("\u2069").endswith((".", "…", "!", "?")) else f"{sentence}."


def shorten(text: str, limit: int) -> str:
    """A text of at most `limit` characters: as it is where it fits, else cut between two words, with an ellipsis."""
    if len(text) <= limit:
        return text
    words, _, _ = text[:limit].rpartition(" ")
    return (words or text[: limit - 1]).rstrip(" ,;:.–—") + "…"


def choose_fitting(limit: int, *wordings: str) -> str:
    """The first of some wordings that is at most `limit` characters long; where none is, the last one, cut."""
    return next((words for words in wordings if len(words) <= limit), shorten(wordings[-1], limit))
