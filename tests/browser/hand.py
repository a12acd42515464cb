"""What a person does with mouse and keyboard at the desk, counted."""

from collections import Counter

from playwright.sync_api import Locator, Page

# A rough pace of somebody who knows the desk and has the words at hand: a click or the way into a field takes 2.5
# seconds, a character a quarter of one (48 words a minute). What they think is not in it.
SECONDS_A_MOVE, SECONDS_A_CHARACTER = 2.5, 0.25


class Hand:
    """Works a page and counts clicks, fields that are filled in, and characters typed, by chapter."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chapters: dict[str, Counter[str]] = {}

    def begin(self, chapter: str) -> None:
        """What follows counts for a chapter; one that was begun before goes on."""
        self._counts = self.chapters.setdefault(chapter, Counter())

    def click(self, what: Locator) -> None:
        what.click()
        self._counts["clicks"] += 1

    def check(self, what: Locator) -> None:
        what.check()
        self._counts["clicks"] += 1

    def fill(self, what: Locator, words: str) -> None:
        what.fill(words)
        self._counts["fields"] += 1
        self._counts["characters"] += len(words)

    def select(self, what: Locator, label: str) -> None:
        what.select_option(label=label)
        self._counts["fields"] += 1

    @property
    def total(self) -> Counter[str]:
        return sum(self.chapters.values(), Counter())

    @staticmethod
    def minutes(counts: Counter[str]) -> float:
        """How long a person's hands need for that, as an estimate."""
        moves = counts["clicks"] + counts["fields"]
        return (moves * SECONDS_A_MOVE + counts["characters"] * SECONDS_A_CHARACTER) / 60

    def report(self) -> str:
        """The counts as the Markdown table of docs/editors.md."""
        rows = [*self.chapters.items(), ("All of it", self.total)]
        lines = ["| | clicks | fields | characters | minutes, about |", "|---|---:|---:|---:|---:|"]
        lines += [
            f"| {name} | {n['clicks']} | {n['fields']} | {n['characters']:,} | {self.minutes(n):.1f} |"
            for name, n in rows
        ]
        return "\n".join(lines) + "\n"
