"""Terminal output shared by management commands."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress_bar(doing: str, items: Iterable[Any], total: int) -> Iterable[Any]:
    """Iterate over `items`, showing a progress bar on standard error if that is a terminal."""
    return tqdm(items, desc=doing, total=total, disable=None, leave=False)
