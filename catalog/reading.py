"""From the bytes of a catalog file to checked parts, with every problem that the file alone can show."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from catalog.problems import CatalogError, Place, Problem
from catalog.schema import FORMAT, SECTIONS, Part, check_part, parse_instant, shown

type Progress = Callable[[str, Iterable[Any], int], Iterable[Any]]
"""Wraps what is walked through: takes what is being done, the items and how many; gives the items back."""


def silent(doing: str, items: Iterable[Any], total: int) -> Iterable[Any]:
    """The Progress that shows nothing."""
    return items


class Catalog:
    """A parsed file, walked through a section at a time.

    Holds the plain JSON and makes the checked parts anew on each walk: the parts of 10,000 tools with their reviews
    would take several times the memory of the JSON that they come from.
    """

    def __init__(self, raw: dict[str, list[Any]]) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return sum(map(len, self._raw.values()))

    def parts(self, section: str) -> Iterator[tuple[Place, Any]]:
        """Yield (place, part) for each object of a section that has the right shape, in file order."""
        for index, raw in enumerate(self._raw[section]):
            part = check_part(SECTIONS[section], raw, (section, index))
            if isinstance(part, Part):
                yield (section, index), part

    def objects(self, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Yield (place, plain JSON) for each object of a section, whatever its shape."""
        for index, raw in objects_in(self._raw[section]):
            yield (section, index), raw

    def slugs(self, section: str) -> set[str]:
        """The slugs that a section defines, those of misshapen objects too."""
        return {raw["slug"] for _, raw in self.objects(section) if isinstance(raw.get("slug"), str)}


def objects_in(value: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (index, object) for the objects of a list; nothing for what is no list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def read(content: bytes, *, progress: Progress = silent) -> tuple[Catalog, list[Problem]]:
    """Parse a file and find all problems that the file alone can show.

    Raises CatalogError, with one problem, for what is not a JSON object at all.
    """
    document = _parse(content)
    problems = [
        Problem((key,), "is not a key that belongs here") for key in document if key not in {"format", *SECTIONS}
    ]
    if document.get("format") != FORMAT:
        said = shown(document["format"]) if "format" in document else "nothing"
        problems.append(Problem(("format",), f'must be "{FORMAT}", not {said}'))

    raw: dict[str, list[Any]] = {}
    for section in SECTIONS:
        value = document.get(section, [])
        raw[section] = value if isinstance(value, list) else []
        if not isinstance(value, list):
            problems.append(Problem((section,), f"must be a list, not {shown(value)}"))

    catalog = Catalog(raw)
    for part in progress("Checking the file", _check_shapes(raw), len(catalog)):
        if isinstance(part, list):
            problems += part
    return catalog, [*problems, *repeats_in(catalog)]


def _parse(content: bytes) -> dict[str, Any]:
    def refuse(message: str) -> NoReturn:
        raise CatalogError([Problem((), message)])

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
            refuse(f'an object has the key "{twice}" twice')
        return result

    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=lambda name: refuse(f"{name} is not a JSON number"),
            object_pairs_hook=once,
        )
    except UnicodeDecodeError as error:
        refuse(f"is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        refuse(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
    except (RecursionError, ValueError, ArithmeticError):  # nested too deeply, or a number of thousands of digits
        refuse("is not a catalog: it is nested too deeply or has a number of absurd length")
    if not isinstance(document, dict):
        refuse(f"must be an object, not {shown(document)}")
    return document


def _check_shapes(raw: dict[str, list[Any]]) -> Iterator[Part | list[Problem]]:
    for section, items in raw.items():
        for index, item in enumerate(items):
            yield check_part(SECTIONS[section], item, (section, index))


# Repeats are looked for in the plain JSON, so that a misshapen object does not hide another problem of the file.


def repeats_in(catalog: Catalog) -> list[Problem]:
    """Return every object that stands in a catalog twice."""
    return [*_repeats_in_file(catalog), *_repeats_in_tools(catalog)]


def _repeats_in_file(catalog: Catalog) -> Iterator[Problem]:
    once = {
        "categories": ("slug", "name"),
        "attributes": ("slug", "name"),
        "reviewers": ("slug", "name", "seat"),
        "tools": ("slug",),
    }
    for section, fields in once.items():
        for field in fields:
            keys = [(place, raw.get(field)) for place, raw in catalog.objects(section)]
            for place, value in _repeats(keys):
                yield Problem((*place, field), f"{shown(value)} stands in this file already")
    pairs = []
    for place, raw in catalog.objects("comparisons"):
        match raw.get("tools"):
            case [str(first), str(second)] if first == second:
                yield Problem((*place, "tools"), "a tool cannot be compared with itself")
            case [str(first), str(second)]:
                pairs.append((place, (min(first, second), max(first, second))))
    for place, _ in _repeats(pairs):
        yield Problem((*place, "tools"), "this pair is compared in this file already")


def _repeats_in_tools(catalog: Catalog) -> Iterator[Problem]:
    for place, tool in catalog.objects("tools"):
        for section, key, at, message in (
            ("plans", "name", "superseded_at", "is a plan of this tool already"),
            ("facts", "attribute", "superseded_at", "has a value for this tool already"),
            ("reviews", "reviewer", "published_at", "has a review of this tool with the same published_at already"),
        ):
            keys: list[tuple[Place, Any]] = [
                ((*place, section, index, key), (raw.get(key), _comparable(raw.get(at))))
                for index, raw in objects_in(tool.get(section))
                if isinstance(raw.get(key), str)
            ]
            for part_place, (value, _) in _repeats(keys):
                yield Problem(part_place, f"{shown(value)} {message}")
        made: list[tuple[Place, Any]] = [
            ((*place, "corrections", index, "made_at"), _comparable(raw.get("made_at")))
            for index, raw in objects_in(tool.get("corrections"))
        ]
        for part_place, _ in _repeats(made):
            yield Problem(part_place, "this tool has a correction of that very moment already")
        for number, review in objects_in(tool.get("reviews")):
            claims: list[tuple[Place, Any]] = [
                ((*place, "reviews", number, "predictions", index, "claim"), raw.get("claim"))
                for index, raw in objects_in(review.get("predictions"))
            ]
            for part_place, _ in _repeats(claims):
                yield Problem(part_place, "this review already makes that claim")


def _comparable(value: object) -> object:
    """A time as an instant, so that two ways of writing it are the same; what is no time stays what it is."""
    try:
        return parse_instant(value)
    except ValueError:
        return value


def _repeats(keys: Iterable[tuple[Place, Any]]) -> Iterator[tuple[Place, Any]]:
    """Those whose key stood earlier. Keys that are None are nobody's."""
    seen = set()
    for place, key in keys:
        if key is None:
            continue
        try:
            if key in seen:
                yield place, key
            seen.add(key)
        except TypeError:  # a list or an object where text belongs, which its shape has told already
            continue
