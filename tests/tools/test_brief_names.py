import pytest

from tools.brief_names import choose_brief_name, list_names


@pytest.mark.parametrize(
    ("name", "short_name", "brief"),
    [
        ("Qdrant", "", "Qdrant"),
        ("GitHub Copilot", "Copilot", "Copilot"),
        ("Mistral Medium 3 (72B Instruct)", "", "Mistral Medium 3"),
        ("Mistral Medium 3 (72B Instruct)", "Mistral 72B", "Mistral 72B"),
        ("Oak (2024) (beta)", "", "Oak (2024)"),
        ("Oak (2024) web UI", "", "Oak (2024) web UI"),
        ("(Parenthetical)", "", "(Parenthetical)"),
        ("Smile (:", "", "Smile (:"),
    ],
)
def test_brief_name_is_the_short_name_or_loses_a_trailing_parenthesis(name, short_name, brief):
    assert choose_brief_name(name, short_name) == brief


def test_names_leave_out_an_empty_short_name():
    assert list_names("Alpha", "", ["A"]) == ["Alpha", "A"]
    assert list_names("Alpha", "Al", []) == ["Alpha", "Al"]
