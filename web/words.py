"""Small pieces of English text."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime

from web.caching import process_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}

_BEFORE_NUMBER = re.compile(r"(?<=\w) (?=\d)")

MAX_NAME_LENGTH = 60  # characters, in a sentence


@process_cache(maxsize=4096)
def format_day(value: date) -> str:
    """Return a day as `Aug 3, 2026`."""
    return f"{_MONTHS[value.month - 1]} {value.day}, {value.year}"


def format_moment(instant: datetime, *, with_seconds: bool = False) -> str:
    """Return an instant as `Aug 3, 2026, 09:00 UTC`; with its seconds, as `Aug 3, 2026, 09:00:00 UTC`."""
    at = instant.astimezone(UTC)
    return f"{format_day(at.date())}, {at:{'%H:%M:%S' if with_seconds else '%H:%M'}} UTC"


def spell_number(number: int) -> str:
    """Return a number up to twelve as a word (0 as `no`), a larger one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def count_of(number: int, noun: str) -> str:
    """Return a count with its noun: `one seat`, `two seats`."""
    return f"{spell_number(number)} {noun}{'' if number == 1 else 's'}"


def join_words(items: Sequence[str], conjunction: str = "and") -> str:
    """Return `a`, `a and b`, or `a, b, and c`."""
    *head, last = items
    comma = "," if len(head) > 1 else ""
    return f"{', '.join(head)}{comma} {conjunction} {last}" if head else last


def isolate_name(name: str) -> str:
    """Return a name that is safe to embed in a sentence: truncated to MAX_NAME_LENGTH and, if any of it is written
    right to left, wrapped in Unicode isolates so that it cannot reorder the text around it.
    """
    if len(name) > MAX_NAME_LENGTH:
        name = name[: MAX_NAME_LENGTH - 1].rstrip() + "…"
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in name):
        return f"\u2068{name}\u2069"
    return name


def bind_numbers(text: str) -> str:
    """Return a text with no-break spaces between words and the numbers that follow them: `Medium 3`, `Nov 20`."""
    return _BEFORE_NUMBER.sub("\u00a0", text)


def end_sentence(sentence: str) -> str:
    """Return a sentence that ends with a period, unless it already ends with punctuation, as in `Acme Co.`."""
    return sentence if sentence.rstrip("\u2069").endswith((".", "…", "!", "?")) else f"{sentence}."


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, cut between two words and with an ellipsis if it is longer."""
    if len(text) <= limit:
        return text
    words, _, _ = text[:limit].rpartition(" ")
    return (words or text[: limit - 1]).rstrip(" ,;:.–—") + "…"


def join_shortened(first: str, joint: str, second: str, *, limit: int) -> str:
    """Return two texts with a joint between them, in at most `limit` characters. If they are too long, the longer one
    is cut first, so that neither takes the room of the other.
    """
    room = limit - len(joint)
    first = shorten(first, max(room - room // 2, room - len(second)))
    return f"{first}{joint}{shorten(second, room - len(first))}"


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text: it is split after `.`, `!`, or `?`, and a closing quote, before white space."""
    return re.split(r"(?<=[.!?])\s+|(?<=[.!?][”\")])\s+", text.strip()) if text.strip() else []


def fit_sentences(limit: int, *sentences: str) -> str:
    """Return the first sentences that fit in `limit` characters. If none does, cut the first one between words."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".lstrip()
        if len(longer) > limit:
            break
        text = longer
    return text or (shorten(sentences[0], limit) if sentences else "")


def choose_fitting(limit: int, *wordings: str) -> str:
    """Return the first wording of at most `limit` characters; if none fits, the last one, truncated."""
    return next((words for words in wordings if len(words) <= limit), shorten(wordings[-1], limit))
