"""The images that go with a shared link, drawn from the numbers of the page. Values in, PNG out.

They are mostly seen 300 pixels wide, a quarter of their size: few words, none smaller than 40 pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw

from comparisons.pictures.lettering import ITALIC, SANS, SERIF, draw_line, fitted, font
from reviews.panel import Panel
from votes.community import Community
from web.caching import process_cache

SIZE = (1200, 630)
MARGIN, MARGIN_TOP = 64, 46
RIGHT = SIZE[0] - MARGIN
COLUMN = 488  # one of two
NAME_HEIGHT = 232
NAME_SIZES = (104, 96, 88, 78, 68, 60, 52, 46)
RULE = 352
FIGURE = 462  # baselines, as are the next
LINES = (528, 576)
WORD_SIZES = (42, 38, 34, 30, 26, 22, 18)

# The light tokens of static/css/base.css.
_PAPER = (0xFB, 0xF8, 0xF2)
_INKS = {"ink": (0x1D, 0x1A, 0x15), "soft": (0x5A, 0x53, 0x46), "ship": (0x0B, 0x6B, 0x3F), "skip": (0xA8, 0x32, 0x1F)}
_LEVELS = 15  # of each ink between paper and full
_FINE = 4  # circles are drawn so many times larger, because ImageDraw leaves steps in their edges


@dataclass(frozen=True, slots=True)
class Side:
    """What an image says of one tool: everything that is drawn, and nothing else, so that equal sides look the same."""

    name: str
    panel: str
    panel_words: str
    verdicts: tuple[str, ...]
    """Of each seat, in order: ship or skip."""
    community: str
    community_words: str

    @classmethod
    def of(cls, name: str, panel: Panel, community: Community) -> "Side":
        return cls(
            name=name,
            panel=panel.figure,
            panel_words=panel.words,
            verdicts=tuple(verdict for _, verdict in panel.marks),
            community=community.figure,
            community_words=community.words,
        )


@process_cache(maxsize=64)  # some 20 KB each
def pair_image(site: str, first: Side, second: Side) -> bytes:
    """Draw two tools side by side: a PNG of `SIZE`, once a process for the same values."""
    sheet = _Sheet(site)
    names = [fitted(side.name, width=COLUMN, height=NAME_HEIGHT, sizes=NAME_SIZES) for side in (first, second)]
    size = min(name.size for name in names)  # nobody is set larger than the other
    for side, left in ((first, MARGIN), (second, RIGHT - COLUMN)):
        sheet.name(side.name, left=left, width=COLUMN, sizes=[each for each in NAME_SIZES if each <= size])
        sheet.rule(left, left + COLUMN)
        beside = sheet.figure(side.panel, left=left)
        sheet.seats(side.verdicts, left=beside, width=left + COLUMN - beside, middle=FIGURE - 62)
        sheet.words("ink", side.panel_words, left=beside, width=left + COLUMN - beside, baseline=FIGURE)
        sheet.words("soft", f"Community {side.community}", left=left, width=COLUMN, baseline=LINES[0])
        sheet.words("soft", side.community_words, left=left, width=COLUMN, baseline=LINES[1])
    sheet.versus()
    return sheet.png()


@process_cache(maxsize=64)
def tool_image(site: str, side: Side) -> bytes:
    """Draw one tool: a PNG of `SIZE`, once a process for the same values."""
    sheet = _Sheet(site)
    sheet.name(side.name, left=MARGIN, width=RIGHT - MARGIN, sizes=NAME_SIZES)
    sheet.rule(MARGIN, RIGHT)
    beside = sheet.figure(side.panel, left=MARGIN)
    sheet.seats(side.verdicts, left=beside, width=MARGIN + COLUMN - beside, middle=FIGURE - 34)
    sheet.words("soft", "Panel", left=MARGIN, width=COLUMN, baseline=LINES[0])
    sheet.words("ink", side.panel_words, left=MARGIN, width=COLUMN, baseline=LINES[1])
    left = RIGHT - COLUMN
    sheet.figure(side.community, left=left)
    sheet.words("soft", "Community", left=left, width=COLUMN, baseline=LINES[0])
    sheet.words("ink", side.community_words, left=left, width=COLUMN, baseline=LINES[1])
    return sheet.png()


class _Sheet:
    """A sheet of paper with a plate for each ink; what is drawn is how much of the ink there is, 0–255."""

    def __init__(self, site: str) -> None:
        self.plates = {ink: Image.new("L", SIZE) for ink in _INKS}
        self.pens = {ink: ImageDraw.Draw(plate) for ink, plate in self.plates.items()}
        self._circle("ship", left=MARGIN, top=MARGIN_TOP, width=32)
        self._circle("skip", left=MARGIN + 26, top=MARGIN_TOP, width=32, stroke=6)
        self._lettering(
            site, left=MARGIN + 74, bottom=MARGIN_TOP + 42, width=RIGHT - MARGIN - 74, height=54, sizes=(42,)
        )

    def name(self, name: str, *, left: int, width: int, sizes: Sequence[int]) -> None:
        """A name, its last line standing on the rule."""
        self._lettering(name, left=left, bottom=RULE - 14, width=width, height=NAME_HEIGHT, sizes=sizes)

    def rule(self, left: int, right: int) -> None:
        self.pens["ink"].rectangle((left, RULE, right - 1, RULE + 3), 255)
        self.pens["ink"].rectangle((left, RULE + 8, right - 1, RULE + 8), 255)

    def versus(self) -> None:
        self.pens["soft"].text((SIZE[0] // 2, RULE), "vs", 255, font(ITALIC, 60), anchor="ms")

    def figure(self, figure: str, *, left: int) -> int:
        """A large number, and where there is room beside it."""
        large = font(SERIF, 104)
        self.pens["ink"].text((left, FIGURE), figure, 255, large, anchor="ls")
        return left + round(large.getlength(figure)) + 22

    def seats(self, verdicts: Sequence[str], *, left: int, width: int, middle: int) -> None:
        """A mark for each seat, filled for ship; hollow, with a bar, for skip."""
        step = min(52, width // (len(verdicts) or 1))
        size = round(step * 0.76)
        if size < 10:  # so many seats that only their count can be read
            return
        top = middle - size // 2
        for place, verdict in enumerate(verdicts):
            at = left + place * step
            if verdict == "ship":
                self._circle("ship", left=at, top=top, width=size)
                continue
            stroke = max(2, size // 8)
            self._circle("skip", left=at, top=top, width=size, stroke=stroke)
            bar = top + (size - stroke) // 2
            self.pens["skip"].rectangle((at + size // 4, bar, at + size - size // 4 - 1, bar + stroke - 1), 255)

    def words(self, ink: str, words: str, *, left: int, width: int, baseline: int) -> None:
        """A few words of ours on one line, smaller where they would be too long."""
        size = next((size for size in WORD_SIZES if font(SANS, size).getlength(words) <= width), WORD_SIZES[-1])
        self.pens[ink].text((left, baseline), words, 255, font(SANS, size), anchor="ls")

    def png(self) -> bytes:
        """Print: the plates become one image with a palette, which is quick to make and small."""
        sheet = Image.new("L", SIZE)
        colours = [list(_PAPER)]
        for plate, ink in zip(self.plates.values(), _INKS.values(), strict=True):
            first = len(colours)
            amounts = [-(-level * _LEVELS // 255) for level in range(256)]
            sheet = ImageChops.lighter(sheet, plate.point([amount and first + amount - 1 for amount in amounts]))
            colours += [_mixed(ink, amount / _LEVELS) for amount in range(1, _LEVELS + 1)]
        sheet.putpalette([value for colour in colours for value in colour])
        file = BytesIO()
        sheet.save(file, "PNG", compress_level=6)  # the highest takes eight times as long for a tenth
        return file.getvalue()

    def _lettering(self, text: str, *, left: int, bottom: int, width: int, height: int, sizes: Sequence[int]) -> None:
        """Lines that end at the bottom of a box. Drawn by themselves first, so that nothing can leave the box."""
        fit = fitted(text, width=width, height=height, sizes=sizes)
        box = Image.new("L", (width, height))
        for place, line in enumerate(reversed(fit.lines)):
            baseline = height - fit.depth - place * fit.leading
            draw_line(ImageDraw.Draw(box), (0, baseline), line, fit.size, base=fit.base)
        self.plates["ink"].paste(box, (left, bottom - height))

    def _circle(self, ink: str, *, left: int, top: int, width: int, stroke: int = 0) -> None:
        """A disc, or a ring of some stroke."""
        large = Image.new("L", (width * _FINE, width * _FINE))
        corners = (0, 0, width * _FINE - 1, width * _FINE - 1)
        if stroke:
            ImageDraw.Draw(large).ellipse(corners, outline=255, width=stroke * _FINE)
        else:
            ImageDraw.Draw(large).ellipse(corners, 255)
        circle = large.resize((width, width), Image.Resampling.BOX)
        self.plates[ink].paste(circle, (left, top), circle)


def _mixed(ink: tuple[int, int, int], share: float) -> list[int]:
    """The colour of paper with a share (0–1) of an ink on it."""
    return [round(paper + (full - paper) * share) for paper, full in zip(_PAPER, ink, strict=True)]
