"""Logs of what voters requested and what was acknowledged, and a comparison with the rows in the database."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

NONE = "none"


@dataclass(frozen=True, slots=True)
class Ask:
    """A visitor's wish for a tool. Wishes are in the visitor's order; replays and duplicates are one wish."""

    visitor: str
    tool: str
    choice: str
    acknowledged: bool


class Log:
    """One voter's log on disk: a line before each wish is sent and a line after its response."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w")
        self._wishes = 0

    def log_wish(self, *, page: str, tool: str, choice: str) -> int:
        """Log a wish before it is sent, and return its number. `page` identifies the visitor until the id is known."""
        self._wishes += 1
        self._write({"wish": self._wishes, "page": page, "tool": tool, "choice": choice})
        return self._wishes

    def log_response(self, wish: int, *, visitor: str) -> None:
        self._write({"answer": wish, "visitor": visitor})

    def close(self) -> None:
        self._file.close()

    def _write(self, row: dict[str, object]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def read_logs(folder: Path) -> Iterator[Ask]:
    """Yield all wishes in a folder of logs, except for pages that never got a response: their visitor is unknown."""
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        answers = {row["answer"]: row["visitor"] for row in rows if "answer" in row}
        visitors = {row["page"]: answers[row["wish"]] for row in rows if row.get("wish") in answers}
        for row in rows:
            if "wish" in row and row["page"] in visitors:
                yield Ask(visitors[row["page"]], row["tool"], row["choice"], acknowledged=row["wish"] in answers)


@dataclass
class VoteFindings:
    """The differences between rows and logs."""

    wishes: int = 0
    acknowledged: int = 0
    pairs: int = 0
    """Number of pairs of visitor and tool."""
    lost: list[str] = field(default_factory=list)
    """Pairs whose row is neither the last acknowledged choice nor a later one without a response."""
    double: list[str] = field(default_factory=list)
    """Pairs with more than one row."""
    strangers: int = 0
    """Visitors with rows who are not in the logs because their first wish never got a response."""
    unanswered_firsts: int = 0


def check(asks: Iterable[Ask], rows: Iterable[tuple[str, str, str]], *, unanswered_pages: int = 0) -> VoteFindings:
    """Compare rows (visitor, tool, choice; `none` for a withdrawn vote) with wishes."""
    findings = VoteFindings(unanswered_firsts=unanswered_pages)
    allowed: dict[tuple[str, str], set[str]] = defaultdict(lambda: {NONE})
    for ask in asks:
        findings.wishes += 1
        findings.acknowledged += ask.acknowledged
        if ask.acknowledged:
            allowed[ask.visitor, ask.tool] = {ask.choice}
        else:
            allowed[ask.visitor, ask.tool].add(ask.choice)
    stored: dict[tuple[str, str], list[str]] = defaultdict(list)
    for visitor, tool, choice in rows:
        stored[visitor, tool].append(choice)
    findings.pairs = len(allowed)
    for pair, choices in allowed.items():
        if not {*(stored.get(pair) or [NONE])} <= choices:
            findings.lost.append(f"{pair}: stored {stored.get(pair)}, allowed {sorted(choices)}")
    findings.double = [f"{pair}: {choices}" for pair, choices in stored.items() if len(choices) > 1]
    known = {visitor for visitor, _ in allowed}
    findings.strangers = len({visitor for visitor, _ in stored} - known)
    return findings


def count_unanswered_pages(folder: Path) -> int:
    """Return how many pages sent wishes and never got a response. Each may have left one unknown visitor."""
    pages, answered = set(), set()
    for path in sorted(folder.glob("*.jsonl")):
        of = {}
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if "wish" in row:
                of[row["wish"]] = row["page"]
                pages.add(row["page"])
            else:
                answered.add(of[row["answer"]])
    return len(pages - answered)
