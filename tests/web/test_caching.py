"""Process caches: registered, cleared together, and off under DEBUG where asked."""

from web.caching import cached_per_revision, clear_process_caches, on_clear, process_cache


def test_result_is_cached_until_all_caches_are_cleared():
    calls = []

    @process_cache(maxsize=2)
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert calls == [1, 2]
    clear_process_caches()
    assert double(1) == 2
    assert calls == [1, 2, 1]


def test_least_recently_used_result_is_evicted():
    calls = []

    @process_cache(maxsize=1)
    def note(number: int) -> None:
        calls.append(number)

    for number in (1, 2, 1):
        note(number)
    assert calls == [1, 2, 1]


def test_nothing_is_cached_while_content_is_not(settings):
    settings.CACHE_CONTENT = False
    calls = []

    @process_cache(maxsize=2, in_debug=False)
    def note() -> None:
        calls.append(1)

    note()
    note()
    assert calls == [1, 1]


def test_cache_of_another_kind_is_cleared_too():
    cached = {"a": 1}
    on_clear(cached.clear)
    clear_process_caches()
    assert cached == {}


def test_results_are_cached_for_one_revision():
    calls = []

    @cached_per_revision()
    def double(revision: str, number: int) -> int:
        calls.append((revision, number))
        return 2 * number

    assert [double("a", 1), double("a", 1), double("a", 2), double("b", 1)] == [2, 2, 4, 2]
    assert calls == [("a", 1), ("a", 2), ("b", 1)]
    assert double.cache_info().currsize == 1, "those of the former revision are gone"
