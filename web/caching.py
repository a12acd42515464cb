"""Per-process caches, in a registry so that all of them can be cleared at once."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate

from django.conf import settings

_clear_functions: list[Callable[[], object]] = []


def process_cache[**P, T](*, maxsize: int | None, in_debug: bool = True) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Cache a function's results per process, by its arguments, which must be hashable.

    `maxsize` is the number of results; the least recently used is evicted first. None means no limit, for functions
    with few possible arguments. With `in_debug=False` nothing is cached unless CACHE_CONTENT is on.

    There is no expiry: cache pure functions, or pass the content's revision as an argument.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize=maxsize if in_debug or settings.CACHE_CONTENT else 0)(function)
        on_clear(cached.cache_clear)
        return cached  # type: ignore[return-value] # typeshed's wrapper loses the parameter types

    return decorate


def cached_per_revision[R, **P, T](
    *, maxsize: int | None = None
) -> Callable[[Callable[Concatenate[R, P], T]], Callable[Concatenate[R, P], T]]:
    """Cache a function's results per process for one revision, its first argument: the one of the newest call.

    `maxsize` is the number of results. None means no limit, for functions with few possible arguments. Nothing is
    cached unless CACHE_CONTENT is on.
    """

    def decorate(function: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
        cached = process_cache(maxsize=maxsize, in_debug=False)(function)
        newest: R | None = None

        @wraps(function)
        def of_revision(revision: R, *args: P.args, **kwargs: P.kwargs) -> T:
            nonlocal newest
            if revision != newest:
                cached.cache_clear()  # type: ignore[attr-defined]
                newest = revision
            return cached(revision, *args, **kwargs)

        of_revision.cache_clear = cached.cache_clear  # type: ignore[attr-defined]
        of_revision.cache_info = cached.cache_info  # type: ignore[attr-defined]
        return of_revision

    return decorate


def on_clear(clear: Callable[[], object]) -> None:
    """Register the function that clears a cache of another kind, such as a dictionary."""
    _clear_functions.append(clear)


def clear_process_caches() -> None:
    """Clear every registered cache of this process."""
    for clear in _clear_functions:
        clear()
