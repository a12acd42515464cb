import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.normalize import normalize_line, normalize_text

# Text in which the interesting characters are frequent.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u202e\u2060\u2066\ufeff\ufe0f"
SPECIAL = f"{INVISIBLE}\u00a0\u3000\u2028\t\n\r e\u0301\u0915\u094d\u0645🚀1\u20e3"
TEXTS = st.text(st.sampled_from(SPECIAL) | st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize("normalize", [normalize_line, normalize_text])
@given(text=TEXTS)
def test_normal_form_is_idempotent_composed_and_trimmed(normalize, text):
    normal = normalize(text)
    assert normalize(normal) == normal
    assert unicodedata.is_normalized("NFC", normal)
    assert normal == normal.strip()


@given(TEXTS)
def test_line_has_single_spaces_and_no_other_white_space(text):
    assert re.findall(r"\s", normalize_line(text)) == [" "] * normalize_line(text).count(" ")
    assert "  " not in normalize_line(text)


@given(TEXTS)
def test_normalization_removes_no_visible_character(text):
    def visible(value: str) -> str:
        composed = unicodedata.normalize("NFC", value)
        kinds = {"L", "N", "P", "S"}
        return "".join(
            character
            for character in composed
            if unicodedata.category(character)[0] in kinds and character not in "\u115f\u1160\u3164\uffa0\u2800"
        )

    assert visible(normalize_line(text)) == visible(text)
    assert visible(normalize_text(text)).replace("\u2800", "") == visible(text)
    assert len(visible(normalize_line(text))) <= len(visible(text))


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.sampled_from("\u200b\u00ad\ufeff\u202e\u2060")
)
def test_invisible_character_makes_no_other_name(name, character):
    assert normalize_line(f"{name}{character}") == normalize_line(f"{character}{name}") == normalize_line(name)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Comfy credits ", "Comfy credits"),
        ("Comfy\u00a0 credits\u3000", "Comfy credits"),
        ("Pro\n", "Pro"),
        ("Cafe\u0301", "Café"),
        ("ai\u200bder\ufeff", "aider"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a\u202eb\u2066c\u200e", "abc"),
        ("ai\u200dder", "aider"),
        ("aider\ufe0f", "aider"),
        ("智能\u200c", "智能"),
        ("\u3164", ""),
    ],
)
def test_line_is_normalized(typed, normal):
    assert normalize_line(typed) == normal


@pytest.mark.parametrize(
    "text", ["👩‍💻", "👩🏽‍💻", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "❤️‍🔥", "🏳️‍🌈", "🙂‍↔️", "می‌خواهم", "PDF‌ها", "क्‍ष", "র‍্য", "葛󠄀", "𓂀"]
)
def test_joiners_and_selectors_stay_where_scripts_and_emoji_need_them(text):
    assert normalize_line(text) == unicodedata.normalize("NFC", text)


def test_every_format_character_is_handled_or_visible():
    kept = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    visible = [f"{ord(character):x}" for character in kept if normalize_line(f"a{character}b") != "ab"]
    assert visible == [
        *("600", "601", "602", "603", "604", "605", "6dd", "70f", "890", "891", "8e2", "180e", "110bd", "110cd"),
        *(f"{code:x}" for code in range(0x13430, 0x13440)),
    ]


def test_text_keeps_what_markdown_gives_a_meaning():
    text = "One  \r\nline \t\r\n\r\n- a\r\n    - b\u200b\r\n\r\n```\r\na   b\r\n```\r\n"
    assert normalize_text(text) == "One  \nline\n\n- a\n    - b\n\n```\na   b\n```"


def test_text_keeps_direction_marks_only_beside_right_to_left_letters():
    assert normalize_text("גרסת C++\u200e 2") == "גרסת C++\u200e 2"
    assert normalize_text("C++\u200e 2\u202e") == "C++ 2"
