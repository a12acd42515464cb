"""Names without case and accents: Python and the database agree, regardless of the server's locale."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests import factories as make
from votes.models import Listing
from web.folding import fold, sort_key

# Characters of Unicode 13, which Python and every supported PostgreSQL know.
texts = st.text(
    st.characters(max_codepoint=0x1FFFF, exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=40
)


def ask_database(function: str, words: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(word) FROM unnest(%s::text[]) WITH ORDINALITY AS typed(word, place)"  # noqa: S608
            " ORDER BY place",
            [words],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Naïve", "naive"),
        ("Cafe\u0301", "cafe"),
        ("Ørsted", "orsted"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Łódź", "lodz"),
        ("Æsir", "aesir"),
        ("İstanbul", "istanbul"),
        ("E²B", "e2b"),
        ("ＦＵＬＬ", "full"),
        ("Ёлка", "елка"),
        ("ΛΌΓΟΣ", "λογοσ"),
        ("人工智能助手", "人工智能助手"),
        ("한국어", "한국어"),
        ("が", "が"),
        ("\u212a\u017f", "ks"),
    ],
)
def test_fold_removes_case_and_accents(text, folded):
    assert fold(text) == folded


@given(texts)
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.django_db
def test_database_folds_every_letter_as_python_does():
    letters = [chr(code) for code in range(1, 0x3000) if chr(code).isprintable()]
    assert ask_database("folded", letters) == [fold(letter) for letter in letters]


@pytest.mark.django_db
@given(st.lists(texts, max_size=5))
def test_database_and_python_agree_on_any_names(names):
    assert ask_database("folded", names) == [fold(name) for name in names]
    assert ask_database("sort_key", names) == [sort_key(name) for name in names]


def test_names_sort_as_people_expect():
    names = ["Zürich", "vLLM", "Éclair AI", "llama.cpp", "Tool 10", "Tool 9", "Eclair", "faster-whisper", "VLLM"]
    assert sorted(names, key=sort_key) == [
        "Eclair", "Éclair AI", "faster-whisper", "llama.cpp", "Tool 9", "Tool 10", "VLLM", "vLLM", "Zürich"
    ]  # fmt: skip


@pytest.mark.django_db
def test_longest_name_fits_into_an_index():
    tool = make.tool(name="\ufdfa" * 300)  # one character that decomposes into eighteen
    assert Listing.objects.get(tool=tool).sort_name == sort_key(tool.name)
