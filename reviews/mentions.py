"""Mentions of tools in a text: names and aliases as whole words, case-sensitive. No queries."""

import re
from collections import defaultdict
from collections.abc import Iterable

type Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


def split_words(text: str) -> Words:
    """Return the words of a text: runs of letters and digits, so `llama.cpp` is two words."""
    return tuple(_WORD.findall(text))


class Names:
    """An index of the names of all tools, for searching many texts.

    Case matters, because many names are everyday words: a review that says “continue” does not name Continue. If one
    name begins with another, the longer one matches.
    """

    def __init__(self, names: Iterable[tuple[int, str]]) -> None:
        """Index (tool's id, name) pairs. A tool may have several names, and a name may belong to several tools."""
        tools: dict[Words, set[int]] = defaultdict(set)
        for tool, name in names:
            words = split_words(name)
            if sum(map(len, words)) > 1:  # a single letter would match too much
                tools[words].add(tool)
        self._by_first_word: dict[str, list[tuple[Words, set[int]]]] = defaultdict(list)
        for words in sorted(tools, key=len, reverse=True):
            self._by_first_word[words[0]].append((words, tools[words]))

    def find_in(self, text: str) -> set[int]:
        """Return the ids of the tools that a text names."""
        words, found, place = split_words(text), set[int](), 0
        while place < len(words):
            for name, tools in self._by_first_word.get(words[place], ()):
                if words[place : place + len(name)] == name:
                    found |= tools
                    place += len(name)
                    break
            else:
                place += 1
        return found
