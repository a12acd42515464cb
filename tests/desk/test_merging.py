"""The three-way merge of rows: against a reference that looks at one cell at a time."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from desk.history.merging import Keep, MergeQuestion, merge_lists, merge_rows

KEYS, FIELDS = st.sampled_from("abcd"), ("name", "price")
VALUES = st.integers(0, 2)
ROWS = st.dictionaries(KEYS, st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES)), max_size=4)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.sampled_from(FIELDS), VALUES),
        st.tuples(st.just("remove"), KEYS),
        st.tuples(st.just("add"), KEYS, VALUES, VALUES),
    ),
    max_size=5,
)


def apply(rows: dict[str, dict[str, int]], edits: list[Any]) -> dict[str, dict[str, int]]:
    edited = {key: dict(row) for key, row in rows.items()}
    for edit in edits:
        match edit:
            case ("set", key, name, value) if key in edited:
                edited[key][name] = value
            case ("remove", key):
                edited.pop(key, None)
            case ("add", key, name, price) if key not in edited:
                edited[key] = {"name": name, "price": price}
    return edited


def refer(base, mine, theirs) -> tuple[dict[str, Any], set[MergeQuestion]]:
    """Merge cell by cell: the changes of either are applied to the base, and cells that both changed are asked."""
    merged, asked = {key: dict(row) for key, row in base.items()}, set()
    changed = [
        {key: rows.get(key) for key in {*base, *rows} if rows.get(key) != base.get(key)} for rows in (mine, theirs)
    ]
    for key in {*changed[0], *changed[1]}:
        ours, other = mine.get(key), theirs.get(key)
        if key not in changed[1] or key not in changed[0]:
            only = changed[0] if key in changed[0] else changed[1]
            merged[key] = dict(only[key]) if only[key] else None
        elif ours is None or other is None:
            merged[key] = dict(ours) if ours else None
            asked |= {MergeQuestion(key)} if ours or other else set()
        else:
            merged[key] = {}
            for name in FIELDS:
                cells = {rows[key][name] for rows in (mine, theirs) if key not in base or rows[key] != base[key]}
                was = base.get(key, {}).get(name)
                moved = {cell for cell in cells if cell != was}
                if len(moved) == 2 or (key not in base and len(cells) == 2):
                    asked.add(MergeQuestion(key, name))
                    merged[key][name] = ours[name]
                else:
                    merged[key][name] = moved.pop() if moved else was
    return {key: row for key, row in merged.items() if row is not None}, asked


@given(ROWS, EDITS, EDITS)
@example({"a": {"name": 0, "price": 0}}, [("set", "a", "name", 1)], [("set", "a", "price", 1)])
@example({"a": {"name": 0, "price": 0}}, [("remove", "a")], [("set", "a", "price", 1)])
@example({}, [("add", "a", 0, 0)], [("add", "a", 0, 1)])
def test_merge_of_random_edits_is_what_the_reference_says(base, my_edits, their_edits):
    mine, theirs = apply(base, my_edits), apply(base, their_edits)
    merge = merge_rows(base, mine, theirs)
    assert (merge.rows, set(merge.questions)) == refer(base, mine, theirs)


@given(ROWS, EDITS, EDITS)
def test_every_question_is_settled_by_an_answer(base, my_edits, their_edits):
    mine, theirs = apply(base, my_edits), apply(base, their_edits)
    asked = merge_rows(base, mine, theirs).questions
    for keep, chosen in ((Keep.MINE, mine), (Keep.THEIRS, theirs)):
        merge = merge_rows(base, mine, theirs, answers=dict.fromkeys(asked, keep))
        assert merge.questions == []
        for row, name in asked:
            if name:
                assert merge.rows[row][name] == chosen[row][name]
            else:
                assert merge.rows.get(row) == chosen.get(row)


@given(ROWS, EDITS, EDITS)
def test_question_without_an_answer_is_asked_again_from_their_state(base, my_edits, their_edits):
    mine, theirs = apply(base, my_edits), apply(base, their_edits)
    first = merge_rows(base, mine, theirs)
    again = merge_rows(theirs, first.rows, theirs, unanswered=frozenset(first.questions))
    kept = {row for row, name in first.questions if not name and row not in theirs and row not in first.rows}
    assert (kept, sorted(again.questions)) == (set(), sorted(first.questions))


ENTRIES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@given(ENTRIES, ENTRIES, ENTRIES)
def test_lists_keep_what_either_added_and_lose_what_either_removed(base, mine, theirs):
    merged = merge_lists(base, mine, theirs)
    was, ours, other = set(base), set(mine), set(theirs)
    assert set(merged) == (was & ours & other) | (ours - was) | (other - was)
    assert len(merged) == len(set(merged))
    assert [entry for entry in merged if entry in ours] == [entry for entry in mine if entry in merged]


def test_lists_inside_rows_are_never_asked():
    rows = [{"": {"aliases": aliases}} for aliases in (("a", "b"), ("b", "c"), ("a", "b", "d"))]
    merge = merge_rows(*rows)
    assert (merge.rows, merge.questions) == ({"": {"aliases": ("b", "c", "d")}}, [])
