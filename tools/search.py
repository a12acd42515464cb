"""Finding by words: full text, the beginnings of names, and likeness where somebody mistypes.

The SQL side is `sql/search.sql` of tools, reviews and comparisons; their migrations `0002_sql` add `search_vector`.
These columns are generated (comparisons: set by triggers) and not declared in the models: a declared `GeneratedField`
would be loaded with every object, through every join, and returned by every insert, and a vector is as long as its
text.

What is searched is what stands on pages: public tools and comparisons, current editions. History is not found.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db import connection, transaction
from django.db.models import BooleanField, Case, Func, TextField, Value, When
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from tools.publishing import PublishableQuerySet

CANDIDATES = 200  # of a word that is everywhere the newest are ranked: the work has a limit
NAMESAKES = 50  # and so many more of those that carry it in their names
BEGINNINGS = 300  # names that begin with what is typed so far, from which the suggestions are chosen
LONGEST = 200  # characters of what is typed
SHORT = 160  # characters; a text no longer than that is its own excerpt
SHORTEST_RESEMBLING = 3  # letters; with fewer, everything resembles everything

# Between these stand the words that were found. They are for private use, and so nothing that can be typed into a
# search holds them; should a text hold them itself, then more of it is marked than was found, and nothing worse.
START, STOP = "\ue000", "\ue001"


class Matches(Func):
    """Whether a vector matches a query."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    arity = 2
    output_field = BooleanField()


def names() -> Func:
    """A tool's names in one text; an index holds its trigrams."""
    return Func("name", "aliases", function="tool_names", output_field=TextField())


def name_words() -> Func:
    """The words of a tool's names as they are written; an index holds them."""
    return Func("name", "aliases", function="tool_name_vector", output_field=SearchVectorField())


def typed(words: str) -> Func:
    """What a person typed, as a query: all of the words, or those on one side of an “or”. Nothing is an error."""
    return Func(Value(words), function="search_query", output_field=SearchQueryField())


def beginnings(words: str) -> Func:
    """Words of which each begins a word of a name, as a query."""
    parts = " & ".join(f"'{word}':*" for word in words_of(words))
    return Func(
        Value(parts),
        function="to_tsquery",
        template="%(function)s('simple', %(expressions)s)",
        output_field=SearchQueryField(),
    )


def is_called(name: Any) -> Func:
    """Whether a tool goes by exactly this name (or expression) or alias, in whatever case; an index holds that."""
    called = Func("name", "aliases", function="tool_called")
    wanted = Func(Value(name) if isinstance(name, str) else name, template="ARRAY[lower(%(expressions)s)]")
    return Func(called, wanted, template="(%(expressions)s)", arg_joiner=" @> ", output_field=BooleanField())


def marked(text: Any, words: str, *, excerpt: bool = False) -> Func:
    """A field, or an expression, with what matches the words between START and STOP: all of it, or an excerpt."""
    plain = Func(text, function="without_markdown", output_field=TextField())
    whole = Value(f"StartSel={START}, StopSel={STOP}, HighlightAll=true")
    pieces = Value(
        f"StartSel={START}, StopSel={STOP}, MaxFragments=2, MinWords=12, MaxWords=28, ShortWord=0,"
        " FragmentDelimiter=' … '"
    )
    short = LessThanOrEqual(Length(plain), SHORT)
    return Func(
        plain,
        typed(words),
        Case(When(short, then=whole), default=pieces) if excerpt else whole,
        function="ts_headline",
        template="%(function)s('english', %(expressions)s)",
        output_field=TextField(),
    )


def words_of(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.findall(r"[^\W_]+", text.lower())


class SearchedQuerySet(PublishableQuerySet):
    """Rows with a `search_vector`."""

    MATCHING: ClassVar[str]
    """SQL: the ids of what is public and matches the parameter `words`, best first; the rest of the parameters are
    `now`, and `candidates` and `namesakes`, which limit the work.
    """

    def matching(self, words: str) -> list[int]:
        """The ids of what is public and matches what a person typed, best first. One query.

        At most CANDIDATES, the newest; of tools NAMESAKES more. It is SQL, because to build it anew for each search
        takes Django longer than PostgreSQL takes to answer. Ask within `planned_each_time()`.
        """
        limits = {"candidates": CANDIDATES, "namesakes": NAMESAKES}
        with connection.cursor() as cursor:
            cursor.execute(self.MATCHING, {"words": words, "now": timezone.now(), **limits})
            return [pk for (pk,) in cursor.fetchall()]


@contextmanager
def planned_each_time() -> Iterator[None]:
    """Within it, PostgreSQL plans each statement for the words at hand, and reads no table from end to end.

    A rare word is best looked up, a common one best met on the way through the newest rows. One plan for all words,
    which a connection may settle on after some searches, takes ten times as long for the common ones.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
                " set_config('enable_seqscan', 'off', true)"
            )
        yield
