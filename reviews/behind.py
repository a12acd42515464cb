"""Who is behind the seats, in a sentence that stands where they speak. No queries."""

from collections.abc import Sequence

from reviews.choices import Behind
from web.words import join_words, spell_number

# For one seat, and for several.
_WORDS = {
    Behind.PERSON: ("held by a person", "held by people"),
    Behind.PERSONA: ("an editorial persona written by our editors", "editorial personas written by our editors"),
    Behind.ASSISTED: ("an AI-assisted persona edited by our editors", "AI-assisted personas edited by our editors"),
}


def describe_seats(behind: Sequence[str]) -> str:
    """Return who is behind the seats of a scorecard, given one value of `Behind` per seat; "" without seats."""
    groups = {each: number for each in Behind if (number := list(behind).count(each))}
    if not groups:
        return ""
    if len(groups) == 1:
        [(each, number)] = groups.items()
        return f"{'The only seat' if number == 1 else f'The {spell_number(number)} seats'} {_describe(each, number)}."
    parts = [f"{spell_number(number)} {_describe(each, number)}" for each, number in groups.items()]
    return f"Of the {spell_number(len(behind))} seats, {join_words(parts)}."


def _describe(behind: Behind, number: int) -> str:
    one, several = _WORDS[behind]
    return f"is {one}" if number == 1 else f"are {several}"
