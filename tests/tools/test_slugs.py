import unicodedata

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import assume, given
from hypothesis import strategies as st

from tools import slugs

words = st.lists(st.from_regex(r"\A[a-z0-9]{1,6}\Z"), min_size=1, max_size=4).map("-".join)


def _is_pairable(slug: str) -> bool:
    try:
        slugs.validate_slug(slug)
        slugs.validate_pairable(slug)
    except ValidationError:
        return False
    return True


@given(words, words)
def test_pair_round_trips(first, second):
    assume(_is_pairable(first) and _is_pairable(second))
    assert slugs.split_pair(slugs.join_pair(first, second)) == (first, second)


@given(st.text(max_size=400))
def test_slug_from_any_name_is_valid_or_empty(name):
    slug = slugs.slug_from_name(name)
    assert slug == "" or (_is_pairable(slug) and len(slug) <= slugs.MAX_LENGTH)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Claude Haiku Open Weights", "claude-haiku-open-weights"),
        ("Kiwi vs Lemon", "kiwi-versus-lemon"),
        ("VS Code", "versus-code"),
        ("Snake_Case", "snake-case"),
        ("通义千问", ""),
        ("Ørsted AI", "orsted-ai"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Æsir", "aesir"),
        ("Œuvre", "oeuvre"),
        ("Þórr", "thorr"),
        ("Đông", "dong"),
        ("C++", "cpp"),
        ("C#", "csharp"),
        ("F# Helper", "fsharp-helper"),
        ("Issue #1", "issue-1"),
        ("Notepad++ AI", "notepadpp-ai"),
    ],
)
def test_slug_from_name(name, slug):
    assert slugs.slug_from_name(name) == slug


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F, categories=["Lu", "Ll"]), min_size=1, max_size=9))
def test_slug_loses_no_latin_letter(name):
    assert len(slugs.slug_from_name(name).replace("versus", "vs")) >= len(unicodedata.normalize("NFC", name))


@given(st.text(max_size=50))
def test_slug_is_the_same_for_composed_and_decomposed_names(name):
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert slugs.slug_from_name(composed) == slugs.slug_from_name(decomposed)


@pytest.mark.parametrize("segment", ["a-b", "a-vs-b-vs-c"])
def test_split_rejects_a_segment_that_is_not_a_pair(segment):
    with pytest.raises(ValueError, match="unpack"):
        slugs.split_pair(segment)


@pytest.mark.parametrize("slug", ["", "A", "a--b", "-a", "a-", "a b", "a\n", "ä", "a-vs-b", "vs-a", "a-vs"])
def test_invalid_slug_is_rejected(slug):
    assert not _is_pairable(slug)


@pytest.mark.django_db
def test_slugs_sort_by_code_point_whatever_the_servers_locale():
    """As Python sorts them: the order of a pair, of exports, and of the tools of a ranking is that of slugs."""
    columns = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.name == "slug" and not model._meta.db_table.split("_", 1)[1].startswith("historical")
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C'")
        found = set(cursor.fetchall())
    assert (len(columns), columns - found) == (5, set())
