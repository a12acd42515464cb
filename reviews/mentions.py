"""Which tools a text names: by name or alias, as whole words, written as the tool writes it. Pure; no queries."""

import re
from collections import defaultdict
from collections.abc import Iterable

type Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> Words:
    """The words of a text: runs of letters and digits, so that `llama.cpp` is two."""
    return tuple(_WORD.findall(text))


class Names:
    """The names of all tools, to look for in many texts.

    Case counts, because many names are everyday words: a review that says “continue” does not name Continue. Where one
    name is the beginning of another, the longer one is meant.
    """

    def __init__(self, names: Iterable[tuple[int, str]]) -> None:
        """Take (tool's id, name) pairs; a tool may have several. A name that several tools have counts for each."""
        tools: dict[Words, set[int]] = defaultdict(set)
        for tool, name in names:
            words = words_of(name)
            if sum(map(len, words)) > 1:  # a single letter is no name to go by
                tools[words].add(tool)
        self._by_first_word: dict[str, list[tuple[Words, set[int]]]] = defaultdict(list)
        for words in sorted(tools, key=len, reverse=True):
            self._by_first_word[words[0]].append((words, tools[words]))

    def named_in(self, text: str) -> set[int]:
        """The ids of the tools that a text names."""
        words, found, place = words_of(text), set[int](), 0
        while place < len(words):
            for name, tools in self._by_first_word.get(words[place], ()):
                if words[place : place + len(name)] == name:
                    found |= tools
                    place += len(name)
                    break
            else:
                place += 1
        return found
