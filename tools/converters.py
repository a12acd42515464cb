"""Path converters for slugs, registered in config/urls.py."""

from tools import slugs


class SlugConverter:
    """Matches one slug."""

    """Matches one slug."""

    regex = slugs.PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PairConverter:
    """Converts `<a>-vs-<b>` to and from a tuple of two slugs."""

    regex = slugs.PATTERN

    def to_python(self, value: str) -> tuple[str, str]:
        return slugs.split_pair(value)  # Django treats a ValueError as no match

    def to_url(self, value: tuple[str, str]) -> str:
        return slugs.join_pair(*value)
