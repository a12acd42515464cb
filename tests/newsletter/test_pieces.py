"""What editors do to the pieces of an issue, for any pieces and any order of deeds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from newsletter import pieces
from newsletter.content import KINDS, NewsItem, build_issue, group_by_kind, parse_items, parse_pieces


def piece(kind: str, number: int) -> NewsItem:
    return NewsItem(kind, number, "Category", (1,), f"Title {number}", "/", (f"Words {number}.",))


PIECES = st.lists(
    st.builds(piece, st.sampled_from(sorted(KINDS)), st.integers(1, 9)), unique_by=lambda one: one.key, max_size=12
).map(lambda listed: [one for group in group_by_kind(listed).values() for one in group])
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["move", "section", "out", "back", "reword"]),
        st.integers(0, 12),
        st.integers(-3, 3),
        st.sampled_from(["", "Title 1", "Mine"]),
    ),
    max_size=8,
)


def do(listed: list[NewsItem], deed: tuple[str, int, int, str]) -> list[NewsItem]:
    name, number, by, text = deed
    chosen = listed[number % len(listed)] if listed else piece("watch", 99)
    match name:
        case "move":
            return pieces.move(listed, chosen.key, by=by)
        case "section":
            return pieces.move_section(listed, chosen.kind, by=by)
        case "out":
            return pieces.leave_out(listed, chosen.key)
        case "back":
            return pieces.put_back(listed, chosen.key)
    return pieces.reword(listed, chosen.key, title=text, words=(text,) if text else ())


@given(PIECES, DEEDS)
def test_deeds_lose_nothing_keep_sections_together_and_survive_composing_again(listed, deeds):
    after = listed
    for deed in deeds:
        after = do(after, deed)
    assert sorted(one.key for one in after) == sorted(one.key for one in listed)
    kinds = [one.kind for one in after]
    assert [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind] == list(dict.fromkeys(kinds))
    # What was composed is still there under an editor's words, and can be had back.
    back = [replace(one, own_title="", own_words=(), is_left_out=False) for one in after]
    assert {one.key: one for one in back} == {one.key: one for one in listed}
    # Composed again from the same news, nothing of it is undone.
    assert pieces.merge(after, listed) == after
    # As it is stored and sent.
    records = [one.record for one in after]
    assert parse_pieces(records) == after
    assert [one.key for one in parse_items(records)] == [one.key for one in after if not one.is_left_out]


@given(PIECES, st.integers(0, 12), st.integers(-4, 4))
def test_piece_moves_by_that_many_places_within_its_section_and_no_further(listed, number, by):
    if not listed:
        return
    chosen = listed[number % len(listed)]
    before = [one.key for one in group_by_kind(listed)[chosen.kind]]
    after = [one.key for one in group_by_kind(pieces.move(listed, chosen.key, by=by))[chosen.kind]]
    at = before.index(chosen.key)
    assert after.index(chosen.key) == min(max(at + by, 0), len(before) - 1)
    assert [key for key in after if key != chosen.key] == [key for key in before if key != chosen.key]


@given(PIECES, PIECES, DEEDS)
def test_composing_again_drops_what_is_gone_and_adds_what_is_new(before, composed, deeds):
    for deed in deeds:
        before = do(before, deed)
    merged = pieces.merge(before, composed)
    assert sorted(one.key for one in merged) == sorted(one.key for one in composed)
    known = {one.key: one for one in before}
    for one in merged:
        was = known.get(one.key, one)
        assert (one.own_title, one.own_words, one.is_left_out) == (was.own_title, was.own_words, was.is_left_out)
    stay = [key for key in known if key in {one.key for one in composed}]
    places = [one.key for one in merged if one.key in stay]
    for kind in KINDS:
        ours = [key for key in stay if key.startswith(f"{kind}-")]
        theirs = [one.key for one in composed if one.key in ours]
        assert [key for key in places if key in ours] in (ours, theirs)


def test_reworded_piece_follows_the_composed_words_again_when_they_are_typed_or_empty():
    [one] = [replace(piece("flip", 1), title="\u2068Name\u2069 now ships", words=("One.", "Two."))]
    for title, words in (("", ()), ("Name now ships", ("One.", "Two."))):
        assert pieces.reword([one], one.key, title=title, words=words) == [one]
    [mine] = pieces.reword([one], one.key, title="Mine", words=("Three.",))
    assert (mine.edited.title, mine.edited.words, mine.title) == ("Mine", ("Three.",), "\u2068Name\u2069 now ships")


def test_message_has_its_sections_and_its_top_story_in_the_order_of_the_pieces():
    listed = [piece("flip", 1), piece("flip", 2), piece("price", 1)]
    listed = pieces.move_section(pieces.move(listed, "flip-2", by=-1), "price", by=-1)
    _, sections = build_issue(listed, None)
    assert [(section.title, [item.object for item in section.items]) for section in sections] == [
        ("Prices that changed", [1]),
        ("Verdicts that flipped", [2, 1]),
    ]
