"""What searches ask for, and the pairs that they name. No database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.shaping import typed_pairs
from comparisons.shaping.wishes import read_wish
from tools.values import Alias, Option, Scale

GRADES = (Option("yes", "Yes"), Option("partly", "Partly"), Option("no", "No"))
OPEN = ListedAttribute(1, "open-source", "Open source", Scale("grade", GRADES), "")
HOSTING = ListedAttribute(2, "self-hosting", "Self-hosting", Scale("grade", GRADES), "")
SIGN_ON = ListedAttribute(6, "single-sign-on", "Single sign-on", Scale("grade", GRADES), "", (Alias("SSO"),))
LICENSE = ListedAttribute(
    3,
    "license",
    "License",
    Scale("choice", (Option("mit", "MIT"), Option("apache-2.0", "Apache-2.0"))),
    "",
    (Alias("Licence"), Alias("ASL 2", "apache-2.0")),
)
DIRECTION = ListedAttribute(
    4,
    "direction",
    "Direction",
    Scale("choice", (Option("speech-to-text", "Speech to text"), Option("text-to-speech", "Text to speech"))),
    "",
)
CONTEXT = ListedAttribute(
    5, "context-window", "Context window", Scale("number", unit="tokens"), "higher", (Alias("context"),)
)
MEMORY = ListedAttribute(9, "memory", "GPU memory, at least", Scale("number", unit="GB"), "lower", (Alias("VRAM"),))
SIZE = ListedAttribute(10, "size", "Parameters", Scale("number", unit="billion"), "")
CATEGORIES = [
    ListedCategory(
        7, "vector-databases", "Vector Databases", (OPEN, HOSTING, LICENSE, MEMORY), ("vector store", "Vector DB")
    ),
    ListedCategory(8, "speech", "Speech", (OPEN, LICENSE, DIRECTION)),
    ListedCategory(9, "language-models", "Language Models", (OPEN, CONTEXT, SIZE, MEMORY), ("LLM",)),
    ListedCategory(10, "developer-tools", "Developer Tools", (OPEN, HOSTING, SIGN_ON)),
]


@pytest.mark.parametrize(
    ("words", "category", "labels", "is_whole"),
    [
        ("vector databases", "vector-databases", [], True),
        ("VECTOR-database", "vector-databases", [], True),
        ("the best vector store", "vector-databases", [], True),
        ("vector db for rag", "vector-databases", [], False),
        ("free vector database", "vector-databases", ["Free"], True),
        ("paid llm", "language-models", ["Paid"], True),
        ("vector database under $20", "vector-databases", ["At most $20/mo"], True),
        ("vector database up to 19.99 dollars per month", "vector-databases", ["At most $19.99/mo"], True),
        ("cheap LLMs", "language-models", ["At most $20/mo"], True),
        ("open source llm", "language-models", ["Open source"], True),
        ("self-hosted MIT vector database", "vector-databases", ["Self-hosting", "MIT"], True),
        ("apache-2.0 vector db", "vector-databases", ["Apache-2.0"], True),
        ("text to speech", "speech", ["Text to speech"], True),
        ("ASL-2 vector db", "vector-databases", ["Apache-2.0"], True),
        ("developer tools with SSO", "developer-tools", ["Single sign-on"], True),
        ("128k context", "language-models", ["Context window: at least 128,000 tokens"], True),
        ("LLM, 1M context", "language-models", ["Context window: at least 1,000,000 tokens"], True),
        (
            "llm with a context window of at least 1.5M",
            "language-models",
            ["Context window: at least 1,500,000 tokens"],
            True,
        ),
        (
            "open source 128,000 tokens",
            "language-models",
            ["Open source", "Context window: at least 128,000 tokens"],
            True,
        ),
        ("vector db in 8 GB of VRAM", "vector-databases", ["GPU memory, at least: at most 8 GB"], True),
        ("vector db, less than 8 GB VRAM", "vector-databases", ["GPU memory, at least: at most 8 GB"], True),
        ("7b parameters llm", "language-models", [], False),
        ("llm 3.1 context", "language-models", [], False),
        ("llm with at most 128k context", "language-models", [], False),
        ("free tools", None, ["Free"], True),
        ("under $1000", None, ["At most $1,000/mo"], True),
        ("vector database that is not open source", "vector-databases", [], False),
        ("developer tools", "developer-tools", [], True),
    ],
)
def test_search_names_a_category_a_price_and_facts(words, category, labels, is_whole):
    wish = read_wish(words, CATEGORIES)
    assert wish
    assert (wish.category and wish.category.slug, wish.labels, wish.is_whole) == (category, labels, is_whole)


@pytest.mark.parametrize(
    "words",
    [
        *("", "ollama", "free willy", "open source", "mit", "SSO", "tools", "20 tb", "llama 4", "$", "a " * 40),
        *("128k context bot", "1.5 context", "at most 1M context", "7b parameters"),
    ],
)
def test_search_without_a_category_or_a_price_asks_for_nothing(words):
    assert read_wish(words, CATEGORIES) is None


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("vector databases", "/categories/vector-databases/"),
        ("free vector databases", "/tools/?category=vector-databases&price=free"),
        (
            "self-hosted mit vector db under $20",
            "/tools/?category=vector-databases&budget=20&self-hosting=yes&license=mit",
        ),
        ("free", "/tools/?price=free"),
        ("self-hosted under $20", "/tools/?budget=20&need=self-hosting"),
        ("open source and self hosted", "/tools/?need=open-source,self-hosting"),
        ("free MIT", "/tools/?price=free&need=license:mit"),
        ("8 GB VRAM", "/tools/?need=memory:8"),
        ("SSO under $20", "/tools/?category=developer-tools&budget=20&single-sign-on=yes"),
        ("128k context", "/tools/?category=language-models&context-window.min=128000"),
        ("8 GB VRAM llm", "/tools/?category=language-models&memory.max=8"),
    ],
)
def test_wish_has_the_address_of_its_list(words, address):
    wish = read_wish(words, CATEGORIES)
    assert wish
    assert wish.address == address


def test_amount_is_a_number_of_dollars():
    assert [read_wish(words, CATEGORIES) and read_wish(words, CATEGORIES).budget for words in ("$5 llm", "5 llm")] == [
        Decimal(5),
        None,
    ]


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ("aider vs cline", [("aider", "cline", True)]),
        (
            "compare aider and cline",
            [("aider", "cline", True), ("aider", "and cline", False), ("aider and", "cline", False)],
        ),
        ("aider or cline", [("aider", "cline", False), ("aider", "or cline", False), ("aider or", "cline", False)]),
        ("lm studio jan", [("lm", "studio jan", False), ("lm studio", "jan", False)]),
        ("aider", []),
        ("vs", []),
        ("aider vs", []),
        ("a vs b vs c", []),
        ("one two three four five six seven eight nine", []),
    ],
)
def test_search_may_name_a_pair(words, pairs):
    assert typed_pairs.list_pairs(words) == pairs


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        ("ollama vs", ("ollama", "")),
        ("ollama versus v", ("ollama", "v")),
        ("vs", None),
        ("ollama", None),
        ("a vs b vs", None),
    ],
)
def test_pair_that_is_being_typed(words, beginning):
    assert typed_pairs.read_beginning(words) == beginning


@pytest.mark.parametrize(
    ("words", "names", "either", "both"),
    [
        ("aider vs cline", ("aider", "cline"), "aider  or  cline", "aider   cline"),
        ("aider-vs-cline", ("aider", "cline"), "aider- or -cline", "aider- -cline"),
        ("Aider VERSUS Cline", ("Aider", "Cline"), "Aider  or  Cline", "Aider   Cline"),
        ("aider vs. cline", ("aider", "cline"), "aider  or  cline", "aider   cline"),
        ("aider cline", None, "aider cline", "aider cline"),
        ("vs", None, " or ", " "),
        ("a vs b vs c", None, "a  or  b  or  c", "a   b   c"),
        ("vsx", None, "vsx", "vsx"),
    ],
)
def test_versus_splits_a_query(words, names, either, both):
    assert (
        typed_pairs.split_versus(words),
        typed_pairs.match_either_side(words),
        typed_pairs.match_both_sides(words),
    ) == (names, either, both)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("cursor alternatives", "cursor"),
        ("alternatives to Cursor", "Cursor"),
        ("tools like cursor", "cursor"),
        ("alternative", "alternative"),
        ("cursor", "cursor"),
    ],
)
def test_alternatives_are_looked_up_by_the_tool(words, left):
    assert typed_pairs.leave_out_alternatives(words) == left


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    wish = read_wish(text, CATEGORIES)
    assert wish is None or wish.category or wish.is_filter
    assert wish is None or (wish.labels is not None and wish.address)
    assert all(pair.first and pair.second for pair in typed_pairs.list_pairs(text))
