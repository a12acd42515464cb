"""The images for shared links, drawn from the numbers of the page. Values in, PNG out.

Readers mostly see them 300 pixels wide, a quarter of their size, so they have few words, at least 40 pixels high.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw

from comparisons.pictures.lettering import ITALIC, SANS, SERIF, draw_line, fit_text, load_font
from reviews.panel import Panel
from votes.community import Community
from web.caching import process_cache

SIZE = (1200, 630)
MARGIN, MARGIN_TOP = 64, 46
RIGHT = SIZE[0] - MARGIN
COLUMN_WIDTH = 488  # of one of two
NAME_HEIGHT = 232
NAME_SIZES = (104, 96, 88, 78, 68, 60, 52, 46)
RULE_TOP = 352
FIGURE_BASELINE = 462
LINE_BASELINES = (528, 576)
WORD_SIZES = (42, 38, 34, 30, 26, 22, 18)
MADE_UP, NOTE_SIZE = "Votes are made up", 34

# The light tokens of static/css/base.css.
_PAPER = (0xFB, 0xF8, 0xF2)
_INKS = {"ink": (0x1D, 0x1A, 0x15), "soft": (0x5A, 0x53, 0x46), "ship": (0x0B, 0x6B, 0x3F), "skip": (0xA8, 0x32, 0x1F)}
_LEVELS = 15  # shades of each ink between paper and full ink
_OVERSAMPLING = 4  # circles are drawn this many times larger and scaled down, because ImageDraw does not antialias


@dataclass(frozen=True, slots=True)
class ImageSide:
    """Everything that an image shows about one tool, and nothing else: equal sides look the same."""

    name: str
    panel: str
    panel_words: str
    verdicts: tuple[str, ...]
    """Ship or skip per seat, in seat order."""
    community: str
    community_words: str

    @classmethod
    def of(cls, name: str, panel: Panel, community: Community) -> "ImageSide":
        return cls(
            name=name,
            panel=panel.figure,
            panel_words=panel.words,
            verdicts=tuple(verdict for _, verdict in panel.marks),
            community=community.figure,
            community_words=community.words,
        )


@process_cache(maxsize=64)  # about 20 KB each
def draw_pair_image(site: str, first: ImageSide, second: ImageSide, *, has_made_up_votes: bool = False) -> bytes:
    """Draw two tools side by side and return a PNG of `SIZE`."""
    sheet = _Sheet(site, MADE_UP if has_made_up_votes else "")
    names = [fit_text(side.name, width=COLUMN_WIDTH, height=NAME_HEIGHT, sizes=NAME_SIZES) for side in (first, second)]
    size = min(name.size for name in names)  # both names have the same size
    for side, left in ((first, MARGIN), (second, RIGHT - COLUMN_WIDTH)):
        sheet.draw_name(side.name, left=left, width=COLUMN_WIDTH, sizes=[each for each in NAME_SIZES if each <= size])
        sheet.draw_rule(left, left + COLUMN_WIDTH)
        beside = sheet.draw_figure(side.panel, left=left)
        sheet.draw_seats(side.verdicts, left=beside, width=left + COLUMN_WIDTH - beside, middle=FIGURE_BASELINE - 62)
        sheet.draw_words(
            "ink", side.panel_words, left=beside, width=left + COLUMN_WIDTH - beside, baseline=FIGURE_BASELINE
        )
        sheet.draw_words(
            "soft", f"Community {side.community}", left=left, width=COLUMN_WIDTH, baseline=LINE_BASELINES[0]
        )
        sheet.draw_words("soft", side.community_words, left=left, width=COLUMN_WIDTH, baseline=LINE_BASELINES[1])
    sheet.draw_versus()
    return sheet.encode()


@process_cache(maxsize=64)
def draw_tool_image(site: str, side: ImageSide, *, has_made_up_votes: bool = False) -> bytes:
    """Draw one tool and return a PNG of `SIZE`."""
    sheet = _Sheet(site, MADE_UP if has_made_up_votes else "")
    sheet.draw_name(side.name, left=MARGIN, width=RIGHT - MARGIN, sizes=NAME_SIZES)
    sheet.draw_rule(MARGIN, RIGHT)
    beside = sheet.draw_figure(side.panel, left=MARGIN)
    sheet.draw_seats(side.verdicts, left=beside, width=MARGIN + COLUMN_WIDTH - beside, middle=FIGURE_BASELINE - 34)
    sheet.draw_words("soft", "Panel", left=MARGIN, width=COLUMN_WIDTH, baseline=LINE_BASELINES[0])
    sheet.draw_words("ink", side.panel_words, left=MARGIN, width=COLUMN_WIDTH, baseline=LINE_BASELINES[1])
    left = RIGHT - COLUMN_WIDTH
    sheet.draw_figure(side.community, left=left)
    sheet.draw_words("soft", "Community", left=left, width=COLUMN_WIDTH, baseline=LINE_BASELINES[0])
    sheet.draw_words("ink", side.community_words, left=left, width=COLUMN_WIDTH, baseline=LINE_BASELINES[1])
    return sheet.encode()


class _Sheet:
    """An image made of one plate per ink, like a print. A plate holds the amount of its ink per pixel, 0–255."""

    def __init__(self, site: str, note: str) -> None:
        """Draw the name of the site, and a note at the right of it."""
        self.plates = {ink: Image.new("L", SIZE) for ink in _INKS}
        self.pens = {ink: ImageDraw.Draw(plate) for ink, plate in self.plates.items()}
        self._draw_circle("ship", left=MARGIN, top=MARGIN_TOP, width=32)
        self._draw_circle("skip", left=MARGIN + 26, top=MARGIN_TOP, width=32, stroke=6)
        font = load_font(SANS, NOTE_SIZE)
        self.pens["soft"].text((RIGHT, MARGIN_TOP + 30), note, 255, font, anchor="rs")
        left = MARGIN + 74
        width = RIGHT - left - (round(font.getlength(note)) + 40 if note else 0)
        self._draw_text(site, left=left, bottom=MARGIN_TOP + 42, width=width, height=54, sizes=(42,))

    def draw_name(self, name: str, *, left: int, width: int, sizes: Sequence[int]) -> None:
        """Draw a name with its last line on the rule."""
        self._draw_text(name, left=left, bottom=RULE_TOP - 14, width=width, height=NAME_HEIGHT, sizes=sizes)

    def draw_rule(self, left: int, right: int) -> None:
        self.pens["ink"].rectangle((left, RULE_TOP, right - 1, RULE_TOP + 3), 255)
        self.pens["ink"].rectangle((left, RULE_TOP + 8, right - 1, RULE_TOP + 8), 255)

    def draw_versus(self) -> None:
        self.pens["soft"].text((SIZE[0] // 2, RULE_TOP), "vs", 255, load_font(ITALIC, 60), anchor="ms")

    def draw_figure(self, figure: str, *, left: int) -> int:
        """Draw a large number and return the position right of it."""
        large = load_font(SERIF, 104)
        self.pens["ink"].text((left, FIGURE_BASELINE), figure, 255, large, anchor="ls")
        return left + round(large.getlength(figure)) + 22

    def draw_seats(self, verdicts: Sequence[str], *, left: int, width: int, middle: int) -> None:
        """Draw a mark per seat: filled for ship; hollow with a bar for skip."""
        step = min(52, width // (len(verdicts) or 1))
        size = round(step * 0.76)
        if size < 10:  # too many seats for marks: only their count is drawn
            return
        top = middle - size // 2
        for place, verdict in enumerate(verdicts):
            at = left + place * step
            if verdict == "ship":
                self._draw_circle("ship", left=at, top=top, width=size)
                continue
            stroke = max(2, size // 8)
            self._draw_circle("skip", left=at, top=top, width=size, stroke=stroke)
            bar = top + (size - stroke) // 2
            self.pens["skip"].rectangle((at + size // 4, bar, at + size - size // 4 - 1, bar + stroke - 1), 255)

    def draw_words(self, ink: str, words: str, *, left: int, width: int, baseline: int) -> None:
        """Draw words on one line, in the largest size that fits."""
        size = next((size for size in WORD_SIZES if load_font(SANS, size).getlength(words) <= width), WORD_SIZES[-1])
        self.pens[ink].text((left, baseline), words, 255, load_font(SANS, size), anchor="ls")

    def encode(self) -> bytes:
        """Combine the plates into one image with a palette, which is fast and small, and return it as PNG."""
        sheet = Image.new("L", SIZE)
        colors = [list(_PAPER)]
        for plate, ink in zip(self.plates.values(), _INKS.values(), strict=True):
            first = len(colors)
            amounts = [-(-level * _LEVELS // 255) for level in range(256)]
            sheet = ImageChops.lighter(sheet, plate.point([amount and first + amount - 1 for amount in amounts]))
            colors += [_mix(ink, amount / _LEVELS) for amount in range(1, _LEVELS + 1)]
        sheet.putpalette([value for color in colors for value in color])
        file = BytesIO()
        sheet.save(file, "PNG", compress_level=6)  # the highest level takes eight times as long to save a tenth
        return file.getvalue()

    def _draw_text(self, text: str, *, left: int, bottom: int, width: int, height: int, sizes: Sequence[int]) -> None:
        """Draw text at the bottom of a box. It is drawn separately first, so that nothing leaves the box."""
        fitted = fit_text(text, width=width, height=height, sizes=sizes)
        box = Image.new("L", (width, height))
        for place, line in enumerate(reversed(fitted.lines)):
            baseline = height - fitted.depth - place * fitted.leading
            draw_line(ImageDraw.Draw(box), (0, baseline), line, fitted.size, base=fitted.base)
        self.plates["ink"].paste(box, (left, bottom - height))

    def _draw_circle(self, ink: str, *, left: int, top: int, width: int, stroke: int = 0) -> None:
        """Draw a disc, or a ring if `stroke` is given."""
        large = Image.new("L", (width * _OVERSAMPLING, width * _OVERSAMPLING))
        corners = (0, 0, width * _OVERSAMPLING - 1, width * _OVERSAMPLING - 1)
        if stroke:
            ImageDraw.Draw(large).ellipse(corners, outline=255, width=stroke * _OVERSAMPLING)
        else:
            ImageDraw.Draw(large).ellipse(corners, 255)
        circle = large.resize((width, width), Image.Resampling.BOX)
        self.plates[ink].paste(circle, (left, top), circle)


def _mix(ink: tuple[int, int, int], share: float) -> list[int]:
    """Return the color of paper with a share (0–1) of an ink on it."""
    return [round(paper + (full - paper) * share) for paper, full in zip(_PAPER, ink, strict=True)]
