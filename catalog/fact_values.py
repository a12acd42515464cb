"""Typed values: checks the attributes of a file against the site, and gives its facts their canonical values.

In a file of the current format, a value that does not fit its attribute's kind is a problem. In an older one every fact
is text: a value that can be parsed becomes typed, and any other fact is left out. The report lists both.
"""

from collections import defaultdict
from collections.abc import Iterator

from catalog.problems import ImportProblem
from catalog.reading import Catalog, iterate_objects
from catalog.schema import AttributePart
from tools.models import Attribute, find_misfits
from tools.values import parse_value
from web.normalize import normalize_line
from web.words import join_words

MISFITS_NAMED = 3  # values that a problem names


def settle_values(catalog: Catalog) -> Iterator[ImportProblem]:
    """Give the current facts of a catalog their canonical values, and yield what does not fit.

    One query, and one for each attribute of the site that changes its kind or choices.
    """
    attributes = {attribute.slug: attribute for attribute in Attribute.objects.all()}
    given = _find_given(catalog)
    for place, part in catalog.iterate_parts("attributes"):
        before = attributes.get(part.slug)
        attributes[part.slug] = after = _merge(before, part)
        errors = after.find_errors()
        for field, message in errors.items():
            yield ImportProblem((*place, field), message)
        if before is None or errors or before.scale == after.scale:
            continue
        if misfits := list(find_misfits(before, after.scale, except_of=given[part.slug])):
            values = join_words([f"“{value}”" for value in misfits[:MISFITS_NAMED]])
            yield ImportProblem(place, f"facts on the site would not fit any more: {values}")
    scales = {slug: attribute.scale for slug, attribute in attributes.items()}
    for place, tool in catalog.iterate_objects("tools"):
        for index, fact in reversed(list(iterate_objects(tool.get("facts")))):
            slug, value = fact.get("attribute"), fact.get("value")
            if fact.get("superseded_at"):  # what a fact was may be of another kind than what it is
                continue
            if not isinstance(slug, str) or slug not in scales or not isinstance(value, str) or not value.strip():
                continue  # other checks report it
            try:
                fact["value"] = parse_value(scales[slug], normalize_line(value))
            except ValueError as error:
                if catalog.is_old:
                    catalog.remarks.append(ImportProblem((*place, "facts", index), f"left out: {error}"))
                    del tool["facts"][index]
                else:
                    yield ImportProblem((*place, "facts", index, "value"), str(error))
                continue
            if catalog.is_old and fact["value"] != value:
                became = f"“{value}” becomes {fact['value']}"
                catalog.remarks.append(ImportProblem((*place, "facts", index, "value"), became))


def _find_given(catalog: Catalog) -> dict[str, set[str]]:
    """Return the slugs of the tools to which a catalog gives a current value, {slug of the attribute: slugs}."""
    given: dict[str, set[str]] = defaultdict(set)
    for _, tool in catalog.iterate_objects("tools"):
        for _, fact in iterate_objects(tool.get("facts")):
            slugs = tool.get("slug"), fact.get("attribute")
            if not fact.get("superseded_at") and all(isinstance(slug, str) for slug in slugs):
                given[fact["attribute"]].add(tool["slug"])
    return given


def _merge(before: Attribute | None, part: AttributePart) -> Attribute:
    """Return an attribute, unsaved, as it will be after the import: what the file does not say stays."""
    said = part.model_fields_set if before is not None else set(Attribute.OWN_FIELDS)
    values = {field: getattr(part if field in said else before, field) for field in Attribute.OWN_FIELDS}
    return Attribute(slug=part.slug, **values)
