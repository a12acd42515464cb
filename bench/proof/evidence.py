"""What voters asked for and what was acknowledged, and whether the rows in the database agree. No I/O but the log's."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

NONE = "none"


@dataclass(frozen=True, slots=True)
class Ask:
    """A visitor's wish for a tool, in the order in which that visitor had them. Replays and duplicates are one wish."""

    visitor: str
    tool: str
    choice: str
    acknowledged: bool


class Log:
    """One voter's log on disk: a line before each wish is sent, and one after its answer."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w")
        self._wishes = 0

    def asked(self, *, page: str, tool: str, choice: str) -> int:
        """Write down a wish before it is sent; its number in this log. `page` stands for the visitor until known."""
        self._wishes += 1
        self._write({"wish": self._wishes, "page": page, "tool": tool, "choice": choice})
        return self._wishes

    def answered(self, wish: int, *, visitor: str) -> None:
        self._write({"answer": wish, "visitor": visitor})

    def close(self) -> None:
        self._file.close()

    def _write(self, row: dict[str, object]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def read(folder: Path) -> Iterator[Ask]:
    """All wishes of all logs in a folder. A wish whose page never got an answer belongs to nobody known: left out."""
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        answers = {row["answer"]: row["visitor"] for row in rows if "answer" in row}
        visitors = {row["page"]: answers[row["wish"]] for row in rows if row.get("wish") in answers}
        for row in rows:
            if "wish" in row and row["page"] in visitors:
                yield Ask(visitors[row["page"]], row["tool"], row["choice"], acknowledged=row["wish"] in answers)


@dataclass
class Findings:
    """What the rows come to against the logs."""

    wishes: int = 0
    acknowledged: int = 0
    pairs: int = 0
    """Of visitor and tool."""
    lost: list[str] = field(default_factory=list)
    """Pairs whose row is neither the last acknowledged choice nor one asked later without an answer."""
    double: list[str] = field(default_factory=list)
    """Pairs with more than one row."""
    strangers: int = 0
    """Visitors with rows whose first wish never got an answer, so that nobody knows them."""
    unanswered_firsts: int = 0


def check(asks: Iterable[Ask], rows: Iterable[tuple[str, str, str]], *, unanswered_pages: int = 0) -> Findings:
    """Hold rows (visitor, tool, choice; `none` for one taken back) against wishes."""
    found = Findings(unanswered_firsts=unanswered_pages)
    allowed: dict[tuple[str, str], set[str]] = defaultdict(lambda: {NONE})
    for ask in asks:
        found.wishes += 1
        found.acknowledged += ask.acknowledged
        if ask.acknowledged:
            allowed[ask.visitor, ask.tool] = {ask.choice}
        else:
            allowed[ask.visitor, ask.tool].add(ask.choice)
    stored: dict[tuple[str, str], list[str]] = defaultdict(list)
    for visitor, tool, choice in rows:
        stored[visitor, tool].append(choice)
    found.pairs = len(allowed)
    for pair, choices in allowed.items():
        if not {*(stored.get(pair) or [NONE])} <= choices:
            found.lost.append(f"{pair}: stored {stored.get(pair)}, allowed {sorted(choices)}")
    found.double = [f"{pair}: {choices}" for pair, choices in stored.items() if len(choices) > 1]
    known = {visitor for visitor, _ in allowed}
    found.strangers = len({visitor for visitor, _ in stored} - known)
    return found


def unanswered_pages(folder: Path) -> int:
    """How many pages sent wishes and never got an answer: each may have left one visitor that nobody knows."""
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
