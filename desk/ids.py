"""Primary keys as text, in addresses and forms of the desk."""

_MAX_DIGITS = 18  # every number of that many digits fits a bigint


def parse_id(text: object) -> int | None:
    """Return the primary key that a text holds, or None. Takes ASCII digits only: `isdigit()` accepts more than int."""
    text = str(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
