"""The badge that other sites embed: its words, and the code that embeds it. Values in, values out."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.html import format_html

from reviews.panel import Panel
from votes.community import Community

# (width, height) of each size in pixels. They are the same for every tool and all numbers, so that a page that embeds
# a badge does not move when a verdict changes.
SIZES = {"small": (240, 32), "large": (380, 136)}
_NAME_ROOM = 340 / 21  # of the large one: its width in pixels by the size of the letters
_SITE_ROOM = 84 / 14  # as above, for the site's name in the small one
_PANEL_LEFT, _COMMUNITY_LEFT = 20, 196
_MARK_STEP, _MOST_MARKS = 16, 5


class Number(NamedTuple):
    """A number of the large badge, and the words under it. Places are pixels from the left."""

    left: int
    figure: str
    label: str
    words_left: int
    words: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says, ready to be put into its template."""

    site: str
    name: str
    label: str
    """All of it in one sentence, for those who listen."""
    panel: Panel
    community: str
    community_words: str

    @classmethod
    def of(cls, site: str, name: str, panel: Panel, community: Community) -> "Badge":
        name = printable(name)
        return cls(
            site=cut(site, _SITE_ROOM),
            name=cut(name, _NAME_ROOM),
            label=f"{site} on {name}. Panel: {panel.figure}, {panel.words}. "
            f"Community: {community.figure}, {community.words}.",
            panel=panel,
            community=community.figure,
            community_words=community.words,
        )

    @property
    def marks(self) -> list[tuple[int, str]]:
        """(middle, in pixels from the left, and verdict) of each seat; none where they would not find room."""
        verdicts = [verdict for _, verdict in self.panel.marks]
        if len(verdicts) > _MOST_MARKS:
            return []
        return [(_PANEL_LEFT + 6 + place * _MARK_STEP, verdict) for place, verdict in enumerate(verdicts)]

    @property
    def numbers(self) -> list[Number]:
        """The panel's number and the community's, each with its place."""
        after_marks = len(self.marks) * _MARK_STEP + 4 if self.marks else 0
        return [
            Number(_PANEL_LEFT, self.panel.figure, "Panel", _PANEL_LEFT + after_marks, self.panel.words),
            Number(_COMMUNITY_LEFT, self.community, "Community", _COMMUNITY_LEFT, self.community_words),
        ]


def printable(text: str) -> str:
    """A name on one line, without the characters that XML forbids or that change the direction of what follows."""
    kept = (
        " " if character.isspace() or unicodedata.category(character) in ("Cc", "Cs", "Cn") else character
        for character in text
        if unicodedata.category(character) != "Cf" or character in "\u200c\u200d"
    )
    return " ".join("".join(kept).split())


def cut(text: str, room: float) -> str:
    """As much of a text as fits some room, with an ellipsis where something is left out. Room is in ems (multiples of
    the size of the letters), and what letters take is estimated: nobody knows which font the reader has.
    """
    if sum(map(_width, text)) <= room:
        return text
    taken = _width("…")
    for place, character in enumerate(text):
        taken += _width(character)
        if taken > room:
            return text[:place].rstrip() + "…"
    return text


def _width(character: str) -> float:
    """About what a character takes in a bold serif, in ems; the template clips what a wider font makes of it."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.25 if unicodedata.category(character) == "So" else 1
    if character in "iljftrI.,:;'|!()[]/ ":
        return 0.38
    if character in "mwMW@%—…" or not character.isascii():
        return 1
    return 0.76 if character.isupper() else 0.57


@dataclass(frozen=True, slots=True)
class Snippet:
    """How to embed a badge of one size."""

    size: str
    src: str
    """Its address on this site."""
    alt: str
    width: int
    height: int
    html: str
    markdown: str


def snippets(site_url: str, site: str, slug: str, name: str) -> list[Snippet]:
    """How to embed the badges of a tool, in both sizes, with absolute addresses. The text for those who cannot see
    them says no numbers, because it stays as it is when these change.
    """
    page, src = reverse("tool", args=[slug]), reverse("badge", args=[slug])
    alt = f"What {site} says of {printable(name)}"
    made = []
    for size, (width, height) in SIZES.items():
        image = f"{src}?size={size}"
        html = format_html(
            '<a href="{}"><img src="{}" alt="{}" width="{}" height="{}"></a>',
            site_url + page, site_url + image, alt, width, height,
        )  # fmt: skip
        # As plain text: the page that shows it has to escape it once more.
        made.append(
            Snippet(
                size=size,
                src=image,
                alt=alt,
                width=width,
                height=height,
                html="".join(html),
                markdown=f"[![{_markdown_escaped(alt)}]({site_url}{image})]({site_url}{page})",
            )
        )
    return made


def _markdown_escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|&~])", r"\\\1", text)
