import json
import re
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tools.choices import AttributeKind
from tools.models import Fact, find_attribute_errors, find_misfits
from tools.values import Option, Scale, parse_value, slug_choice

LICENSES = Scale(
    "choice", (Option("apache-2.0", "Apache-2.0"), Option("mit", "MIT"), Option("bsd", "BSD, any")), several=True
)
LICENSE = LICENSES._replace(several=False)
GRADE, DAY, VERSION, TEXT = Scale("grade"), Scale("day"), Scale("version"), Scale("text")
TOKENS = Scale("number", unit="tokens")
SCALES = [LICENSES, GRADE, DAY, VERSION, TOKENS]


def choices_of(scale: Scale) -> list[dict[str, str]]:
    return [option._asdict() for option in scale.options]


def attribute(scale: Scale, **fields):
    return factories.attribute(
        kind=scale.kind, choices=choices_of(scale), several=scale.several, unit=scale.unit, **fields
    )


@pytest.mark.parametrize(
    ("scale", "text", "value"),
    [
        (LICENSES, "Apache-2.0", "apache-2.0"),
        (LICENSES, "apache-2.0", "apache-2.0"),
        (LICENSES, "MIT; APACHE-2.0, mit", "apache-2.0, mit"),
        (LICENSES, "BSD, any", "bsd"),
        (GRADE, "Partly", "partly"),
        (TOKENS, "128000", "128000"),
        (TOKENS, "128k", "128000"),
        (TOKENS, "128K tokens", "128000"),
        (TOKENS, "1.05M", "1050000"),
        (TOKENS, "128,000 Tokens", "128000"),
        (TOKENS, "0.50", "0.5"),
        (TOKENS, "7 bn", "7000000000"),
        (TOKENS, "-0", "0"),
        (TOKENS, "−3", "-3"),
        (VERSION, "v1.10", "1.10"),
        (VERSION, "2.0.0-rc.1", "2.0.0-rc.1"),
        (DAY, "2026-11-01", "2026-11-01"),
        (TEXT, "Python, and Rust", "Python, and Rust"),
    ],
)
def test_value_is_understood(scale, text, value):
    assert parse_value(scale, text) == value
    assert parse_value(scale, value) == value


@pytest.mark.parametrize(
    ("scale", "text", "message"),
    [
        (LICENSES, "GPL", "“GPL” is not one of Apache-2.0, MIT, BSD, any."),
        (LICENSES, ",", "“,” is not one of Apache-2.0, MIT, BSD, any."),
        (LICENSE, "MIT, Apache-2.0", "This attribute has one value only."),
        (GRADE, "maybe", "“maybe” is not one of yes, partly, no."),
        (TOKENS, "12,34", "“12,34” is not a number such as 128000, 128k, or 0.5."),
        (TOKENS, "0,125", "“0,125” is not a number such as 128000, 128k, or 0.5."),
        (TOKENS, "1234,567", "“1234,567” is not a number such as 128000, 128k, or 0.5."),
        (TOKENS, "1 234,567", "“1 234,567” is not a number such as 128000, 128k, or 0.5."),
        (TOKENS, "about 3", "“about 3” is not a number such as 128000, 128k, or 0.5."),
        (TOKENS, "9999999T", "“9999999T” has more than 15 digits before or 6 after the point."),
        (TOKENS, "0.0000001", "“0.0000001” has more than 15 digits before or 6 after the point."),
        (TOKENS, "٣", "“٣” is not a number such as 128000, 128k, or 0.5."),
        (VERSION, "the newest", "“the newest” is not a version such as 1.10."),
        (DAY, "Nov 1, 2026", "“Nov 1, 2026” is not a day such as 2026-11-01."),
        (DAY, "2026-02-30", "“2026-02-30” is not a valid date."),
        (DAY, "0026-02-20", "The year 26 cannot be right."),
    ],
)
def test_value_that_does_not_fit_is_refused_in_words(scale, text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_value(scale, text)


@given(st.decimals(min_value=Decimal("-999999999999"), max_value=Decimal("999999999999"), places=6))
def test_number_keeps_its_value(number):
    value = parse_value(TOKENS, f"{number:,f}")
    assert Decimal(value) == number
    assert parse_value(TOKENS, value) == value


def in_database(function: str, scale: Scale, value: str) -> object:
    arguments = ", ".join(["%s", "%s::jsonb", *(["%s"] if function == "fact_words" else []), "%s"])
    parameters = [scale.kind, json.dumps(choices_of(scale)), *([scale.unit] if function == "fact_words" else []), value]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({arguments})", parameters)
        return cursor.fetchone()[0]


@pytest.mark.django_db
@given(
    st.sampled_from(SCALES),
    st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
        st.text("0123456789.,-kMT ", min_size=1, max_size=12),
        st.lists(st.sampled_from(["mit", "Apache-2.0", "bsd", "GPL", "yes", "no"]), min_size=1).map(", ".join),
        st.dates().map(str),
    ),
)
def test_database_accepts_what_is_parsed_and_never_fails(scale, text):
    assert in_database("fact_words", scale, text)
    try:
        value = parse_value(scale, text)
    except ValueError:
        return
    assert in_database("is_typed", scale, value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scale", "value", "words"),
    [
        (LICENSES, "apache-2.0, mit", "Apache-2.0, MIT"),
        (LICENSES, "gpl", "gpl"),
        (GRADE, "partly", "Partly"),
        (TOKENS, "128000", "128,000 tokens"),
        (TOKENS, "-1234.5", "-1,234.5 tokens"),
        (TOKENS, "0.5", "0.5 tokens"),
        (TOKENS, "about 3", "about 3"),
        (Scale("number", unit="%"), "80", "80%"),
        (Scale("number"), "7", "7"),
        (VERSION, "1.10", "1.10"),
        (DAY, "2026-11-01", "Nov 1, 2026"),
        (DAY, "2026-13-01", "2026-13-01"),
        (TEXT, "yes", "yes"),
    ],
)
def test_words_of_a_value(scale, value, words):
    assert in_database("fact_words", scale, value) == words


@pytest.mark.parametrize(
    ("name", "slug"), [("Apache-2.0", "apache-2.0"), ("BSD, any", "bsd-any"), ("…", ""), ("C++ / Rust.", "c-rust")]
)
def test_slug_of_a_choice(name, slug):
    assert slug_choice(name) == slug


@given(st.text(max_size=150))
def test_slug_of_any_choice_is_valid(name):
    if slug := slug_choice(name):
        assert re.fullmatch(r"[a-z0-9]+([-.][a-z0-9]+)*", slug)
        assert len(slug) <= 100


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "choice"}, "choices"),
        ({"kind": "choice", "options": [Option("a", "A"), Option("a", "B")]}, "choices"),
        ({"kind": "choice", "options": [Option("a", "A"), Option("b", "a")]}, "choices"),
        ({"kind": "grade", "options": [Option("a", "A")]}, "choices"),
        ({"kind": "grade", "several": True}, "several"),
        ({"kind": "text", "unit": "tokens"}, "unit"),
        ({"kind": "day", "better": "higher"}, "better"),
        ({"kind": "choice", "options": [Option("a", "A")], "aliases": ["Ay = A"]}, "aliases"),
        ({"kind": "text", "aliases": ["Name", "Ay = a"]}, "aliases"),
    ],
)
def test_attribute_that_contradicts_its_kind(fields, field):
    valid = {"options": [], "several": False, "unit": "", "better": ""}
    assert list(find_attribute_errors(**{**valid, **fields})) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "choice"},
        {"kind": "grade", "choices": [{"slug": "a", "name": "A"}]},
        {"several": True},
        {"unit": "tokens"},
        {"kind": "grade", "better": "higher"},
    ],
)
def test_attribute_that_contradicts_its_kind_is_not_stored(fields):
    with pytest.raises(IntegrityError):
        factories.attribute(**fields)


@pytest.mark.django_db
def test_current_value_that_does_not_fit_is_not_stored_and_a_superseded_one_is():
    license_ = attribute(LICENSE)
    tool = factories.tool()
    factories.fact(of=tool, attribute=license_, value="as before", superseded_at=factories.PAST)
    current = factories.fact(of=tool, attribute=license_, value="mit")
    with pytest.raises(IntegrityError, match="GPL"), transaction.atomic():
        factories.fact(of=factories.tool(), attribute=license_, value="GPL")
    with pytest.raises(IntegrityError, match="GPL"), transaction.atomic():
        Fact.objects.filter(pk=current.pk).update(value="GPL")


@pytest.mark.django_db(transaction=True)
def test_attribute_gets_another_kind_only_with_its_facts():
    plain = factories.attribute()
    fact = factories.fact(of=factories.tool(), attribute=plain, value="Yes")
    plain.kind = AttributeKind.GRADE
    with pytest.raises(IntegrityError, match="Yes"):
        plain.save()
    with transaction.atomic():
        plain.save()
        fact.value = "yes"
        fact.save()
    assert Fact.objects.get().value == "yes"


@pytest.mark.django_db
def test_misfits_are_counted_by_value():
    plain = factories.attribute()
    tools = [factories.tool() for _ in range(5)]
    for tool, value in zip(tools, ["MIT", "MIT", "mit", "GPL", "GPL"], strict=True):
        factories.fact(of=tool, attribute=plain, value=value)
    factories.fact(of=tools[0], attribute=plain, value="older", superseded_at=factories.PAST)
    assert list(find_misfits(plain, LICENSE).items()) == [("GPL", 2), ("MIT", 2)]
    assert find_misfits(plain, LICENSE, except_of=[tools[0].slug]) == {"GPL": 2, "MIT": 1}
    assert AttributeKind(TEXT.kind) == AttributeKind.TEXT
