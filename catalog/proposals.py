"""The proposal of prices that waits for an editor: a catalog file in DATA_DIR, which `import_prices` writes.

It is made by a command and not by the desk, because the list prices that it compares take 100 MB of memory.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings


class StoredProposal(NamedTuple):
    """A catalog file, and when it was made."""

    content: bytes
    made_at: datetime


def store_proposal(content: bytes) -> None:
    """Store a proposal in place of the one before it, if any."""
    path = _get_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def discard_proposal() -> None:
    """Delete the stored proposal. Idempotent."""
    _get_path().unlink(missing_ok=True)


def read_proposal() -> StoredProposal | None:
    """Return the stored proposal, if there is one."""
    path = _get_path()
    try:
        return StoredProposal(path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except OSError:
        return None


def _get_path() -> Path:
    return Path(settings.DATA_DIR) / "proposals" / "prices.json"
