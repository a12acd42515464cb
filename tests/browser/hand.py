"""Counting what a person does at the desk with mouse and keyboard."""

from collections import Counter

from playwright.sync_api import Locator, Page

from tests.browser.screens import follow

# A rough pace for someone who knows the desk and has the text ready: 2.5 seconds per click or per move into a field, a
# quarter of a second per character (48 words per minute). Thinking is not included.
SECONDS_PER_MOVE, SECONDS_PER_CHARACTER = 2.5, 0.25


class Hand:
    """Operates a page and counts clicks, fields filled in, and characters typed, per chapter."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chapters: dict[str, Counter[str]] = {}

    def begin(self, chapter: str) -> None:
        """Count what follows toward this chapter, which may be one that began earlier."""
        self._counts = self.chapters.setdefault(chapter, Counter())

    def click(self, target: Locator) -> None:
        target.click()
        self._counts["clicks"] += 1

    def follow(self, target: Locator) -> None:
        """Click what leads to another page, and wait until that page has loaded."""
        follow(target)
        self._counts["clicks"] += 1

    def check(self, target: Locator) -> None:
        target.check()
        self._counts["clicks"] += 1

    def fill(self, target: Locator, text: str) -> None:
        target.fill(text)
        self._counts["fields"] += 1
        self._counts["characters"] += len(text)

    def select(self, target: Locator, label: str) -> None:
        target.select_option(label=label)
        self._counts["fields"] += 1

    @property
    def total(self) -> Counter[str]:
        return sum(self.chapters.values(), Counter())

    @staticmethod
    def minutes(counts: Counter[str]) -> float:
        """Estimate how long a person's hands need."""
        moves = counts["clicks"] + counts["fields"]
        return (moves * SECONDS_PER_MOVE + counts["characters"] * SECONDS_PER_CHARACTER) / 60

    def report(self) -> str:
        """Return the counts as the Markdown table in docs/editors.md."""
        rows = [*self.chapters.items(), ("All of it", self.total)]
        lines = ["| chapter | clicks | fields | characters | minutes, about |", "|---|---:|---:|---:|---:|"]
        lines += [
            f"| {name} | {n['clicks']} | {n['fields']} | {n['characters']:,} | {self.minutes(n):.1f} |"
            for name, n in rows
        ]
        return "\n".join(lines) + "\n"
