"""Path converters of slugs, registered in config/urls.py."""

from tools import slugs


class SlugConverter:
    regex = slugs.PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PairConverter:
    """`<a>-vs-<b>` as a tuple of two slugs."""

    regex = slugs.PATTERN

    def to_python(self, value: str) -> tuple[str, str]:
        return slugs.split_pair(value)  # a ValueError means: no such address

    def to_url(self, value: tuple[str, str]) -> str:
        return slugs.join_pair(*value)
