"""The names in the drawing of panel against visitors."""

from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.scatter import CORNER, LABEL_HEIGHT, NEAR, _place_labels

percents = st.integers(0, 100)


def test_name_of_a_tool_that_all_visitors_skip_stands_above_the_words_in_the_corner():
    assert _place_labels([(92, 100)]) == [100 - CORNER]
    assert _place_labels([(92, 0)]) == [CORNER]
    assert _place_labels([(50, 20), (55, 22), (92, 50)]) == [20, 20 + LABEL_HEIGHT, 50]
    assert _place_labels([(92, 98), (92, 100)]) == [100 - CORNER - LABEL_HEIGHT, 100 - CORNER]


@given(st.lists(st.tuples(percents, percents), min_size=2, max_size=12))
def test_names_near_each_other_never_overlap_and_never_reach_a_lower_corner(places):
    places.sort(key=lambda place: place[1])
    labels = _place_labels(places)
    assert max(labels) <= 100 - CORNER
    for place, (x, _) in enumerate(places):
        near = [labels[other] for other in range(place) if abs(places[other][0] - x) < NEAR]
        assert all(labels[place] - other >= LABEL_HEIGHT for other in near)
