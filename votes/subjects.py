"""Subjects of votes: a tool, or a pair of tools. Limits, moderation, and verification work on either kind."""

from dataclasses import dataclass

from tools.models import Tool
from web.words import shorten


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """A table of counts that triggers keep equal to a count of the votes.

    `key` maps its key columns to expressions over a vote, and `counts` its other columns to the condition under which a
    vote counts there.
    """

    name: str
    table: str
    key: dict[str, str]
    counts: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class SubjectKind:
    """One kind of subject: where its votes are stored, and what they can say."""

    noun: str  # also the kind of a network's amount per day on one subject
    votes: str  # the table of votes
    key: tuple[str, ...]  # the columns that identify a subject, in votes, tally and decisions
    choices: tuple[str, ...]  # yes, no, and further choices; `none` is not among them
    usual: str  # the SQL function that returns the usual number of votes per hour
    stored: tuple[StoredCounts, ...]
    has_rejected_for: bool  # whether a vote stores the class of its rejection
    has_listing: bool  # whether lists of tools are sorted by its tally

    def fill(self, sql: str) -> str:
        """Return an SQL template with the names of this kind.

        {votes} is the table; {matches} is the condition that a row belongs to the subject, with `Subject.key` as its
        parameters; {key} are these parameters; {yes} and {no} are choices as literals.
        """
        for name, text in {
            "votes": self.votes,
            "matches": " AND ".join(f"{column} = %({column})s" for column in self.key),
            "key": ", ".join(f"%({column})s" for column in self.key),
            "usual": self.usual,
            "noun": self.noun,
            "yes": f"'{self.choices[0]}'",
            "no": f"'{self.choices[1]}'",
        }.items():
            sql = sql.replace("{" + name + "}", text)
        return sql


def _tally(table: str, key: dict[str, str], choices: dict[str, str]) -> StoredCounts:
    """Return a tally: a column per choice (of counted votes), and the number of held ones."""
    counts = {column: f"state = 'counted' AND choice = '{choice}'" for column, choice in choices.items()}
    return StoredCounts("tally", table, key, counts | {"held": "state = 'held' AND choice <> 'none'"})


TOOLS = SubjectKind(
    noun="tool",
    votes="votes_vote",
    key=("tool_id",),
    choices=("ship", "skip"),
    usual="usual_votes",
    stored=(
        _tally("votes_tally", {"tool_id": "tool_id", "slot": "vote_slot(visitor)"}, {"ship": "ship", "skip": "skip"}),
        StoredCounts(
            "ledger",
            "votes_ledgerhour",
            {
                "tool_id": "tool_id",
                "hour_at": "date_trunc('hour', created_at, 'UTC')",
                "state": "state",
                "rejected_for": "rejected_for",
                "slot": "vote_slot(visitor)",
            },
            {"ship": "choice = 'ship'", "skip": "choice = 'skip'"},
        ),
    ),
    has_rejected_for=True,
    has_listing=True,
)
PAIRS = SubjectKind(
    noun="pair",
    votes="votes_pairvote",
    key=("first_id", "second_id"),
    choices=("first", "second", "neither"),
    usual="usual_pair_votes",
    stored=(
        _tally(
            "votes_pairtally",
            {"first_id": "first_id", "second_id": "second_id"},
            {"for_first": "first", "for_second": "second", "neither": "neither"},
        ),
    ),
    has_rejected_for=False,
    has_listing=False,
)
KINDS = (TOOLS, PAIRS)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a vote is about. Votes on it are frozen if any of its tools is.

    Create it with `of_tool` or `of_pair`, which puts the two tools in the order of their ids.
    """

    kind: SubjectKind
    tools: tuple[Tool, ...]

    @classmethod
    def of_tool(cls, tool: Tool) -> "Subject":
        return cls(TOOLS, (tool,))

    @classmethod
    def of_pair(cls, one: Tool, two: Tool) -> "Subject":
        return cls(PAIRS, (one, two) if one.pk < two.pk else (two, one))

    @property
    def ids(self) -> list[int]:
        return [tool.pk for tool in self.tools]

    @property
    def key(self) -> dict[str, int]:
        """The columns that identify the subject, with their values."""
        return dict(zip(self.kind.key, self.ids, strict=True))

    @property
    def label(self) -> str:
        """The ids as text, under which amounts are counted."""
        return " ".join(map(str, self.ids))

    @property
    def name(self) -> str:
        """The name for moderators, short enough for `Decision.tool_name`."""
        return self.tools[0].name if self.kind is TOOLS else name_pair(*self.tools)


def name_pair(first: Tool, second: Tool) -> str:
    """Return the name of a pair for moderators; the two in the order of their ids."""
    return f"{shorten(first.name, 147)} vs {shorten(second.name, 147)}"
