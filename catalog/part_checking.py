"""Checking parts of a catalog file against the schema, and what is wrong with them in words."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from catalog.problems import ImportProblem, Place, format_value
from catalog.schema import CatalogPart


def check_part(model: type[CatalogPart], raw: object, place: Place) -> CatalogPart | list[ImportProblem]:
    """Return `raw` as a `model`, or every problem in it with its place in the file."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        return [_build_problem(details, place) for details in error.errors(include_url=False)]


def _build_problem(details: ErrorDetails, place: Place) -> ImportProblem:
    loc = tuple(step for step in details["loc"] if step not in ("function-after", "function-before"))
    return ImportProblem(place + loc, _describe_build_problem(details))


def _describe_build_problem(details: ErrorDetails) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    value = format_value(details["input"])
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a known key"
        case "literal_error":
            return f"{value} is not one of {_format_choices(context['expected'])}"
        case "string_type":
            return f"must be text, not {value}"
        case "bool_type":
            return f"must be true or false, not {value}"
        case "int_type" | "int_from_float":
            return f"must be a whole number, not {value}"
        case "is_instance_of" | "decimal_type":
            return f"must be a number, not {value}"
        case "datetime_type" | "date_type":
            return f"must be text with a date, not {value}"
        case "list_type":
            return f"must be a list, not {value}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be an object, not {value}"
        case "string_too_long" | "too_long" if isinstance(details["input"], str):
            return f"has {len(details['input'])} characters; the maximum is {context['max_length']}"
        case "too_short" | "too_long":
            return f"has {context['actual_length']} items instead of two"
        case "string_pattern_mismatch":
            return f"{value} is not three capital letters such as USD"
        case "greater_than_equal" | "less_than_equal":
            return f"{value} is not between 1 and 32767"
        case "value_error":
            return str(context["error"])
        case _:
            return details["msg"]


def _format_choices(expected: str) -> str:
    """Return pydantic's `'ship' or 'skip'` as `ship, skip`, without the empty choice."""
    return expected.removeprefix("'', ").replace("'", "").replace(" or ", ", ")
