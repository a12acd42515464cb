"""What management commands share."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress_bar(doing: str, items: Iterable[Any], total: int) -> Iterable[Any]:
    """Walk through `items` with a bar on standard error when that is a terminal, and silently when it is not."""
    return tqdm(items, desc=doing, total=total, disable=None, leave=False)
