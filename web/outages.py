"""Whether the database is unavailable: down, restarting, or read-only."""

from django.db import Error, InterfaceError, OperationalError

RETRY_AFTER = 5  # seconds

# Classes and codes of SQLSTATE: connection failures, shutdown and startup, and too many connections.
_OUTAGES = ("08", "57P", "53300")
_READ_ONLY = "25006"


def is_outage(error: BaseException | None) -> bool:
    """Return whether a statement failed because of the state of the server, and not because of the statement."""
    if not isinstance(error, Error):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:  # PostgreSQL did not answer: no connection, or one that broke
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(_OUTAGES) or state == _READ_ONLY
