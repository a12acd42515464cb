"""Search: full text, prefixes of names, and similarity for misspellings.

The SQL side is tools/sql/search.sql, with the `search_vector` columns of tools, reviews, and comparisons. They are
generated columns (comparisons: maintained by triggers) and are not declared in the models. A declared `GeneratedField`
would be loaded with every object, through every join, and returned by every INSERT; a vector is as long as its text.
A tool's vector includes its facts and plans in words, which triggers maintain (tools/sql/search_words.sql).

Search covers what pages show: public tools and comparisons, and current editions. Superseded content is not searched.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db import transaction
from django.db.models import BooleanField, Case, Func, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from tools.publishing import PublishableQuerySet
from web.folding import UNSPACED, fold
from web.replica import connection, current_alias

CANDIDATES = 200  # rows to rank; for a common word only the newest, to bound the work
NAMESAKES = 50  # additional rows that have the word in their names
BEGINNINGS = 300  # names that match a prefix, from which suggestions are chosen
MAX_QUERY_LENGTH = 200  # characters
SHORT_TEXT = 160  # characters; a text up to this length is its own excerpt
MIN_RESEMBLING_LENGTH = 3  # letters; with fewer, everything is similar to everything

# Delimiters around matches in highlighted text. They are private-use characters, which people do not type. If a text
# contains them anyway, too much of it is highlighted and nothing worse happens.
HIGHLIGHT_START, HIGHLIGHT_STOP = "\ue000", "\ue001"


class Matches(Func):
    """An expression: whether a vector matches a query."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    arity = 2
    output_field = BooleanField()


def names() -> Func:
    """Return an expression for all names of a tool in one text, which has a trigram index."""
    return Func("name", "short_name", "aliases", function="tool_names", output_field=TextField())


def name_words() -> Func:
    """Return an expression for the unstemmed words of a tool's names as a vector, which has an index."""
    return Func("name", "short_name", "aliases", function="tool_name_vector", output_field=SearchVectorField())


def search_query(words: str) -> Func:
    """Return an expression for user input as a query: all words, or those on either side of an “or”. It never fails."""
    return Func(Value(words), function="search_query", output_field=SearchQueryField())


def prefix_query(words: str) -> Func:
    """Return an expression for a query that requires each word to be the prefix of a word."""
    parts = " & ".join(_prefix_phrase(word) for word in split_words(words))
    return Func(
        Value(parts),
        function="to_tsquery",
        template="%(function)s('simple', %(expressions)s)",
        output_field=SearchQueryField(),
    )


def has_name(name: Any) -> Func:
    """Return an expression: whether a tool has exactly this name or alias, ignoring case and accents. It has an index.

    `name` is a string or an expression.
    """
    called = Func("name", "short_name", "aliases", function="tool_called")
    wanted = Func(Value(name) if isinstance(name, str) else name, template="ARRAY[folded(%(expressions)s)]")
    return Func(called, wanted, template="(%(expressions)s)", arg_joiner=" @> ", output_field=BooleanField())


def has_any_name(names: Sequence[str]) -> Func:
    """Return an expression: whether a tool has exactly one of these names or aliases; see `has_name`."""
    called = Func("name", "short_name", "aliases", function="tool_called")
    folded = [Func(Value(name), function="folded") for name in names]
    wanted = Func(*folded, template="ARRAY[%(expressions)s]::text[]")
    return Func(called, wanted, template="(%(expressions)s)", arg_joiner=" && ", output_field=BooleanField())


def highlight(text: Any, words: str, *, excerpt: bool = False) -> Func:
    """Return an expression for a text with each match between HIGHLIGHT_START and HIGHLIGHT_STOP.

    `text` is a field name or an expression. The result is the whole text, or an excerpt.
    """
    plain = Func(text, function="without_markdown", output_field=TextField())
    whole = Value(f"StartSel={HIGHLIGHT_START}, StopSel={HIGHLIGHT_STOP}, HighlightAll=true")
    pieces = Value(
        f"StartSel={HIGHLIGHT_START}, StopSel={HIGHLIGHT_STOP}, MaxFragments=2, MinWords=12, MaxWords=28, ShortWord=0,"
        " FragmentDelimiter=' … '"
    )
    short = LessThanOrEqual(Length(plain), SHORT_TEXT)
    options = Case(When(short, then=whole), default=pieces) if excerpt else whole
    return Func(plain, Value(words), options, function="highlighted", output_field=TextField())


def search_words(words: str) -> Any:
    """Return an expression for the facts and plans of a tool in words, a line each (tools/sql/search_words.sql).

    If a number was typed without separators, the numbers have none, so that it can be highlighted.
    """
    column = RawSQL("tools_tool.search_words", [], output_field=TextField())
    has_bare_number = re.search(r"\d{4}", words)
    return Func(column, function="without_separators", output_field=TextField()) if has_bare_number else column


def split_words(text: str) -> list[str]:
    """Return the words of a text without case and accents."""
    return re.findall(r"[^\W_]+", fold(text))


def _prefix_phrase(word: str) -> str:
    """Return the query for a prefix, in which each character of an unspaced script is a word."""
    *before, last = re.findall(f"[{UNSPACED}]|[^{UNSPACED}]+", word)
    return "(" + " <-> ".join([*(f"'{part}'" for part in before), f"'{last}':*"]) + ")"


class SearchableQuerySet(PublishableQuerySet):
    """Rows with a `search_vector`."""

    MATCHING: ClassVar[str]
    """SQL that selects the ids of public rows matching the parameter `words`, best first. Its other parameters are
    `now`, and `candidates` and `namesakes`, which limit the work.
    """

    def search_ids(self, words: str) -> list[int]:
        """Return the ids of public rows that match user input, best first. One query.

        At most CANDIDATES rows, the newest; for tools NAMESAKES more. This is plain SQL because Django would take
        longer to build the query than PostgreSQL takes to answer it. Call it within `force_custom_plans()`.
        """
        limits = {"candidates": CANDIDATES, "namesakes": NAMESAKES}
        with connection.cursor() as cursor:
            cursor.execute(self.MATCHING, {"words": words, "now": timezone.now(), **limits})
            return [pk for (pk,) in cursor.fetchall()]


@contextmanager
def force_custom_plans() -> Iterator[None]:
    """Make PostgreSQL plan each statement for its actual parameters, without sequential scans, in a transaction.

    A rare word is best looked up in the index; a common one is found soonest by scanning the newest rows. A generic
    plan, to which a connection may switch after some searches, takes ten times as long for common words. Without
    sequential scans, queries look so expensive that PostgreSQL before version 18 would compile them.
    """
    with transaction.atomic(using=current_alias()):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
                " set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
            )
        yield
