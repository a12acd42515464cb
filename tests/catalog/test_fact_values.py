from typing import Any

import pytest

from catalog.actions import import_catalog
from catalog.schema import OLD_FORMATS
from tests.catalog.documents import document, empty_site, export, fact, get_problems, import_content, tool
from tools.models import Attribute, Fact

pytestmark = pytest.mark.django_db
[OLD] = OLD_FORMATS

CHOICES = [{"slug": "apache-2.0", "name": "Apache-2.0"}, {"slug": "mit", "name": "MIT"}]


def attribute(slug: str = "license", **fields: Any) -> dict[str, Any]:
    return {"slug": slug, "name": slug.title(), "categories": ["things"], **fields}


TYPED = [
    attribute(
        kind="choice",
        heading="Terms",
        explanation="What you may do with it.",
        decides=True,
        several=True,
        choices=CHOICES,
    ),
    attribute("hosting", kind="grade"),
    attribute("context", kind="number", unit="tokens", better="higher"),
    attribute("version", kind="version"),
    attribute("release", kind="day"),
    attribute("words"),
]
FACTS = [
    fact(value="apache-2.0, mit", note="the weights have a license of their own"),
    fact(attribute="hosting", value="partly"),
    fact(attribute="context", value="128000"),
    fact(attribute="version", value="1.10"),
    fact(attribute="release", value="2026-11-01"),
    fact(attribute="words", value="Anything, at all"),
    fact(attribute="hosting", value="Kubernetes only", superseded_at="2026-09-01T00:00:00Z"),
]


def test_export_and_import_of_every_kind_give_the_same_bytes():
    import_content(document(attributes=TYPED, tools=[tool(facts=FACTS)]))
    exported = export()
    assert '"better": "higher"' in exported
    empty_site()
    import_content(exported)
    assert export() == exported
    assert import_content(exported).does_nothing


def test_values_are_understood_as_people_write_them():
    written = [
        fact(value="MIT; Apache-2.0"),
        fact(attribute="hosting", value="Yes"),
        fact(attribute="context", value="128k tokens"),
        fact(attribute="version", value="v1.10"),
    ]
    import_content(document(attributes=TYPED, tools=[tool(facts=written)]))
    assert list(Fact.objects.values_list("value", flat=True)) == ["apache-2.0, mit", "yes", "128000", "1.10"]
    assert import_content(document(attributes=TYPED, tools=[tool(facts=written)])).does_nothing


def test_value_that_does_not_fit_is_a_problem_with_its_place():
    facts = [fact(value="GPL"), fact(attribute="context", value="large")]
    assert get_problems(document(attributes=TYPED, tools=[tool(facts=facts)])) == [
        "tools[0].facts[0].value: “GPL” is not one of Apache-2.0, MIT.",
        "tools[0].facts[1].value: “large” is not a number such as 128000, 128k, or 0.5.",
    ]


def test_attribute_that_contradicts_its_kind_is_a_problem():
    broken = [attribute(kind="choice"), attribute("context", unit="tokens"), attribute("hosting", kind="rating")]
    assert get_problems(document(attributes=broken)) == [
        "attributes[0].choices: An attribute of the kind Choice needs its choices.",
        "attributes[1].unit: Only a number has a unit.",
        'attributes[2].kind: "rating" is not one of text, choice, grade, number, version, day',
    ]


def test_old_file_imports_and_says_what_became_of_its_text():
    import_content(document(attributes=TYPED))
    old = document(
        format=OLD,
        attributes=[attribute(), attribute("context"), attribute("words")],
        tools=[
            tool(
                facts=[
                    fact(value="Apache-2.0"),
                    fact(attribute="context", value="128k"),
                    fact(attribute="hosting", value="With Kubernetes"),
                    fact(attribute="words", value="As it was"),
                    fact(value="GPL", superseded_at="2026-09-01T00:00:00Z"),
                ]
            )
        ],
    )
    report = import_content(old)
    assert [str(remark) for remark in report.remarks] == [
        "tools[0].facts[2]: left out: “With Kubernetes” is not one of yes, partly, no.",
        "tools[0].facts[1].value: “128k” becomes 128000",
        "tools[0].facts[0].value: “Apache-2.0” becomes apache-2.0",
    ]
    assert list(Fact.objects.order_by("pk").values_list("value", "superseded_at__year")) == [
        ("apache-2.0", None),
        ("128000", None),
        ("As it was", None),
        ("GPL", 2026),
    ]
    assert Attribute.objects.get(slug="context").kind == "number"
    assert import_content(old).does_nothing


def test_old_file_leaves_a_note_alone():
    import_content(document(attributes=TYPED, tools=[tool(facts=FACTS[:1])]))
    assert import_content(document(format=OLD, tools=[tool(facts=[fact(value="MIT, Apache-2.0")])])).does_nothing
    assert Fact.objects.get().note == FACTS[0]["note"]


def test_new_value_does_not_inherit_the_note_of_the_old_one():
    import_content(document(attributes=TYPED, tools=[tool(facts=FACTS[:1])]))
    import_content(document(tools=[tool(facts=[fact(value="mit")])], attributes=[]))
    assert list(Fact.objects.order_by("pk").values_list("value", "note")) == [
        ("apache-2.0, mit", FACTS[0]["note"]),
        ("mit", ""),
    ]


def test_attribute_gets_another_kind_only_together_with_all_its_facts():
    tools = [tool(facts=[fact(value="MIT")]), tool("beta", facts=[fact(value="MIT license")])]
    import_content(document(tools=tools))
    typed = [attribute(kind="choice", choices=CHOICES)]
    one = document(attributes=typed, tools=[tool(facts=[fact(value="mit")])])
    assert get_problems(one) == ["attributes[0]: facts on the site would not fit any more: “MIT license”"]
    import_content(
        document(attributes=typed, tools=[tool(facts=[fact(value="mit")]), tool("beta", facts=[fact(value="mit")])])
    )
    current = Fact.objects.filter(superseded_at=None)
    assert list(current.values_list("value", flat=True)) == ["mit", "mit"]
    fewer = document(attributes=[attribute(choices=CHOICES[:1])])
    assert get_problems(fewer) == ["attributes[0]: facts on the site would not fit any more: “mit”"]


def test_attribute_that_the_file_only_names_keeps_its_kind():
    import_content(document(attributes=TYPED))
    assert import_content(document()).does_nothing
    assert import_catalog(content=export().encode()).does_nothing
