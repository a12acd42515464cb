"""What an editor does with the pieces of an issue: leave out, reorder, and reword. Pure functions on lists of items.

The pieces of a kind stand together, because a message has a section per kind.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain

from newsletter.content import NewsItem, group_by_kind
from web.normalize import normalize_line


def merge(before: Sequence[NewsItem], composed: Iterable[NewsItem]) -> list[NewsItem]:
    """Return newly composed pieces with what editors did to them `before`: their order, words, and what is left out.

    A piece that is no longer composed is dropped. If an editor has changed the order, new ones come last in their
    section, and new sections last of all; otherwise all are in the order in which they are composed now.
    """
    known = {piece.key: piece for piece in before}
    pieces = [_keep_edits(piece, known.get(piece.key)) for piece in composed]
    position = {key: number for number, key in enumerate(known)}
    places = [position[piece.key] for piece in pieces if piece.key in position]
    if places != sorted(places):
        pieces.sort(key=lambda piece: position.get(piece.key, len(position)))
    return _join(group_by_kind(pieces))


def _keep_edits(piece: NewsItem, known: NewsItem | None) -> NewsItem:
    if known is None:
        return piece
    return replace(piece, own_title=known.own_title, own_words=known.own_words, is_left_out=known.is_left_out)


def move(pieces: Sequence[NewsItem], key: str, *, by: int) -> list[NewsItem]:
    """Return the pieces with one moved down by some places within its section, or up if negative, as far as it goes."""
    groups = group_by_kind(pieces)
    for kind, group in groups.items():
        groups[kind] = _shift(group, [piece.key for piece in group], key, by)
    return _join(groups)


def move_section(pieces: Sequence[NewsItem], kind: str, *, by: int) -> list[NewsItem]:
    """Return the pieces with the section of a kind moved down by some places, or up if negative."""
    groups = group_by_kind(pieces)
    return list(chain.from_iterable(_shift(list(groups.values()), list(groups), kind, by)))


def leave_out(pieces: Iterable[NewsItem], key: str) -> list[NewsItem]:
    """Return the pieces with one left out."""
    return change(pieces, key, lambda piece: replace(piece, is_left_out=True))


def put_back(pieces: Iterable[NewsItem], key: str) -> list[NewsItem]:
    """Return the pieces with one no longer left out."""
    return change(pieces, key, lambda piece: replace(piece, is_left_out=False))


def reword(pieces: Iterable[NewsItem], key: str, *, title: str, words: tuple[str, ...]) -> list[NewsItem]:
    """Return the pieces with an editor's headline and paragraphs on one.

    What equals the composed words, or is empty, follows the composed words.
    """
    return change(
        pieces,
        key,
        lambda piece: replace(
            piece,
            own_title="" if title == normalize_line(piece.title) else title,
            own_words=() if words == tuple(map(normalize_line, piece.words)) else words,
        ),
    )


def change(pieces: Iterable[NewsItem], key: str, how: Callable[[NewsItem], NewsItem]) -> list[NewsItem]:
    """Return the pieces with one changed. An unknown key changes nothing."""
    return [how(piece) if piece.key == key else piece for piece in pieces]


def _shift[T](things: list[T], keys: list[str], key: str, by: int) -> list[T]:
    """Return `things` with the one at the place of `key` moved by some places; unchanged without such a key."""
    if key not in keys:
        return things
    at = keys.index(key)
    rest = things[:at] + things[at + 1 :]
    to = min(max(at + by, 0), len(rest))
    return [*rest[:to], things[at], *rest[to:]]


def _join(groups: dict[str, list[NewsItem]]) -> list[NewsItem]:
    return list(chain.from_iterable(groups.values()))
