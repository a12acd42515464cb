"""Parsing of a catalog file into validated parts, and every problem that shows without the database."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from catalog.field_types import normalize_name, parse_instant
from catalog.part_checking import check_part, format_value
from catalog.problems import CatalogError, ImportProblem, Place
from catalog.schema import FORMAT, OLD_FORMATS, SECTIONS, CatalogPart

type Progress = Callable[[str, Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable to show progress: takes a description, the items, and their number; returns the items."""


def hide_progress(description: str, items: Iterable[Any], total: int) -> Iterable[Any]:
    """Return the items unchanged: a Progress that shows nothing."""
    return items


class Catalog:
    """A parsed file, which can be iterated section by section.

    It holds the plain JSON and validates the parts again on each iteration, because the parts of 10,000 tools with
    their reviews would take several times the memory of their JSON.
    """

    def __init__(self, raw: dict[str, list[Any]], *, is_old: bool = False) -> None:
        """Take the JSON of each section. `is_old` says that the file has a format in which every fact is text."""
        self._raw = raw
        self.is_old = is_old
        self.remarks: list[ImportProblem] = []
        """What became of the text in an old file for facts that are typed now."""

    def name_object(self, place: Place) -> str:
        """Return the name of the object that a place leads to or into, as far as the file gives one; otherwise ""."""
        match place[:2]:
            case (str(section), int(index)) if index < len(raw := self._raw.get(section, [])):
                names = raw[index] if isinstance(raw[index], dict) else {}
            case _:
                return ""
        name = names.get("name") or names.get("slug")
        if isinstance(names.get("tools"), list):
            name = " vs ".join(map(str, names["tools"]))
        return name if isinstance(name, str) else ""

    def __len__(self) -> int:
        return sum(map(len, self._raw.values()))

    def iterate_parts(self, section: str) -> Iterator[tuple[Place, Any]]:
        """Yield (place, part) for each valid object of a section, in file order."""
        for index, raw in enumerate(self._raw[section]):
            part = check_part(SECTIONS[section], raw, (section, index))
            if isinstance(part, CatalogPart):
                yield (section, index), part

    def iterate_objects(self, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Yield (place, plain JSON) for each object of a section, valid or not."""
        for index, raw in iterate_objects(self._raw[section]):
            yield (section, index), raw

    def get_slugs(self, section: str) -> set[str]:
        """Return the slugs that a section defines, including those of invalid objects."""
        return {raw["slug"] for _, raw in self.iterate_objects(section) if isinstance(raw.get("slug"), str)}


def iterate_objects(value: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (index, object) for the objects of a list; yield nothing if `value` is not a list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def read_catalog(content: bytes, *, progress: Progress = hide_progress) -> tuple[Catalog, list[ImportProblem]]:
    """Parse a file, and return its catalog and every problem that shows without the database.

    Raises CatalogError with a single problem if the file is not a JSON object.
    """
    document = _parse(content)
    problems = [ImportProblem((key,), "is not a known key") for key in document if key not in {"format", *SECTIONS}]
    if document.get("format") not in (FORMAT, *OLD_FORMATS):
        value = format_value(document["format"]) if "format" in document else "nothing"
        problems.append(ImportProblem(("format",), f'must be "{FORMAT}", not {value}'))

    raw: dict[str, list[Any]] = {}
    for section in SECTIONS:
        items = document.get(section, [])
        raw[section] = items if isinstance(items, list) else []
        if not isinstance(items, list):
            problems.append(ImportProblem((section,), f"must be a list, not {format_value(items)}"))

    catalog = Catalog(raw, is_old=document.get("format") in OLD_FORMATS)
    for part in progress("Checking the file", _check_shapes(raw), len(catalog)):
        if isinstance(part, list):
            problems += part
    return catalog, [*problems, *find_duplicates(catalog)]


# Keys whose values name something. They are compared as plain JSON, before validation, so they are normalized here.
_IDENTITIES = {"slug", "name", "category", "categories", "attribute", "reviewer", "claim", "tools", "former_slugs"}


def _normalize_identities(value: object) -> object:
    return [normalize_name(item) for item in value] if isinstance(value, list) else normalize_name(value)


def _parse(content: bytes) -> dict[str, Any]:
    def refuse(message: str) -> NoReturn:
        raise CatalogError([ImportProblem((), message)])

    def refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = {key: _normalize_identities(value) if key in _IDENTITIES else value for key, value in pairs}
        if len(result) != len(pairs):
            duplicate = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
            refuse(f'an object has the key "{duplicate}" twice')
        return result

    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=lambda name: refuse(f"{name} is not a JSON number"),
            object_pairs_hook=refuse_duplicate_keys,
        )
    except UnicodeDecodeError as error:
        refuse(f"is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        refuse(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except (RecursionError, ValueError, ArithmeticError):  # nested too deeply, or a number with thousands of digits
        refuse("is not a catalog: it is nested too deeply, or has a number that is too long")
    if not isinstance(document, dict):
        refuse(f"must be an object, not {format_value(document)}")
    return document


def _check_shapes(raw: dict[str, list[Any]]) -> Iterator[CatalogPart | list[ImportProblem]]:
    for section, items in raw.items():
        for index, item in enumerate(items):
            yield check_part(SECTIONS[section], item, (section, index))


# Duplicates are searched for in the plain JSON, so that an invalid object does not hide another problem of the file.


def find_duplicates(catalog: Catalog) -> list[ImportProblem]:
    """Return a problem for every object that appears twice in a catalog."""
    return [*_find_duplicates_in_file(catalog), *_find_duplicates_in_tools(catalog)]


def _find_duplicates_in_file(catalog: Catalog) -> Iterator[ImportProblem]:
    unique_fields = {
        "categories": ("slug", "name"),
        "attributes": ("slug", "name"),
        "reviewers": ("slug", "name", "seat"),
        "tools": ("slug",),
    }
    for section, fields in unique_fields.items():
        for field in fields:
            keys = [(place, raw.get(field)) for place, raw in catalog.iterate_objects(section)]
            for place, value in _iterate_repeated(keys):
                yield ImportProblem((*place, field), f"{format_value(value)} appears earlier in this file")
    pairs = []
    for place, raw in catalog.iterate_objects("comparisons"):
        match raw.get("tools"):
            case [str(first), str(second)] if first == second:
                yield ImportProblem((*place, "tools"), "a tool cannot be compared with itself")
            case [str(first), str(second)]:
                pairs.append((place, (min(first, second), max(first, second))))
    for place, _ in _iterate_repeated(pairs):
        yield ImportProblem((*place, "tools"), "this comparison appears earlier in this file")


def _find_duplicates_in_tools(catalog: Catalog) -> Iterator[ImportProblem]:
    for place, tool in catalog.iterate_objects("tools"):
        for section, key, at, message in (
            ("plans", "name", "superseded_at", "is already a plan of this tool"),
            ("facts", "attribute", "superseded_at", "already has a value for this tool"),
            ("reviews", "reviewer", "published_at", "already has a review of this tool with the same published_at"),
        ):
            keys: list[tuple[Place, Any]] = [
                ((*place, section, index, key), (raw.get(key), _normalize_time(raw.get(at))))
                for index, raw in iterate_objects(tool.get(section))
                if isinstance(raw.get(key), str)
            ]
            for part_place, (value, _) in _iterate_repeated(keys):
                yield ImportProblem(part_place, f"{format_value(value)} {message}")
        made: list[tuple[Place, Any]] = [
            ((*place, "corrections", index, "made_at"), _normalize_time(raw.get("made_at")))
            for index, raw in iterate_objects(tool.get("corrections"))
        ]
        for part_place, _ in _iterate_repeated(made):
            yield ImportProblem(part_place, "this tool already has a correction at that time")
        for number, review in iterate_objects(tool.get("reviews")):
            claims: list[tuple[Place, Any]] = [
                ((*place, "reviews", number, "predictions", index, "claim"), raw.get("claim"))
                for index, raw in iterate_objects(review.get("predictions"))
            ]
            for part_place, _ in _iterate_repeated(claims):
                yield ImportProblem(part_place, "this review already makes that claim")


def _normalize_time(value: object) -> object:
    """Return a time as an instant, so that two spellings of it compare equal; return anything else unchanged."""
    try:
        return parse_instant(value)
    except ValueError:
        return value


def _iterate_repeated(keys: Iterable[tuple[Place, Any]]) -> Iterator[tuple[Place, Any]]:
    """Yield the places whose key appeared earlier. None is not a key."""
    seen = set()
    for place, key in keys:
        if key is None:
            continue
        try:
            if key in seen:
                yield place, key
            seen.add(key)
        except TypeError:  # a list or an object instead of text, which validation reports
            continue
