"""Room for deep calls, without asking the system for memory again and again.

CPython holds the frames of a thread in chunks of 16 KB, about as much as a hundred calls need, and returns a chunk to
the system as soon as the last call in it returns. A page is rendered below a hundred calls: a loop there may cross the
border between two chunks with each call, and each time the system maps four pages of memory and clears them. That took
a third of the processor time of many pages of the desk. Newer releases of Python keep one chunk
(https://github.com/python/cpython/issues/142183); there, this changes nothing.
"""

from collections.abc import Callable

# A chunk is as large as the smallest power of two that holds the frame, so that almost half of it is left: 128 KB.
_FRAME = 128 * 1024 // 8 + 128  # words


def with_room_for_deep_calls[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, called from a frame that is so large that what is below it shares one chunk with it."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    call.__code__ = call.__code__.replace(co_stacksize=_FRAME)
    return call
