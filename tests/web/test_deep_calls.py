"""Deep calls do not make the system map memory again and again."""

import threading
from resource import RUSAGE_THREAD, getrusage

import pytest

from web.deep_calls import with_room_for_deep_calls

CALLS = 200
DEPTHS = range(300)  # about four chunks of CPython's


def same(number: int) -> int:
    return number


def count_page_faults(depth: int) -> int:
    """Return how often the system had to map a page of memory while a loop below so many calls made CALLS calls."""
    if depth:
        return count_page_faults(depth - 1)
    before = getrusage(RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        sorted((1,), key=same)
    return getrusage(RUSAGE_THREAD).ru_minflt - before


def test_loop_at_any_depth_maps_no_memory():
    counts = []

    def count() -> None:  # in a thread of its own, which has a stack of its own
        counts.extend(with_room_for_deep_calls(count_page_faults)(depth) for depth in DEPTHS)

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    assert len(counts) == len(DEPTHS)
    assert max(counts) < CALLS / 10


def test_arguments_result_and_exception_pass_through():
    assert with_room_for_deep_calls(divmod)(7, 2) == (3, 1)
    assert with_room_for_deep_calls(dict)(one=1) == {"one": 1}
    with pytest.raises(ZeroDivisionError):
        with_room_for_deep_calls(divmod)(1, 0)
