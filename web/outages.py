"""Whether the database is unavailable: down, restarting, read-only, or out of room; and whether a disk is full."""

import errno

from django.db import Error, InterfaceError, InternalError, OperationalError

RETRY_AFTER = 5  # seconds

PASSING_ERRORS = (OperationalError, InterfaceError, InternalError)
"""What the database raises if the same statement may succeed later: outages, and conflicts with other transactions.

A database that is read-only, such as a primary that has just become a standby, raises InternalError.
"""

# Classes and codes of SQLSTATE: connection failures, shutdown and startup, no room on the disk or in memory, too many
# connections, and a disk that fails.
_OUTAGES = ("08", "57P", "53100", "53200", "53300", "58030")
_READ_ONLY = "25006"
_TAKES_NO_CHANGES = (_READ_ONLY, "53100")

# A full disk, a used-up quota, a read-only disk, and a file beyond the limit of the process.
_TAKES_NO_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def is_outage(error: BaseException | None) -> bool:
    """Return whether a statement failed because of the state of the server, and not because of the statement."""
    if not isinstance(error, Error):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:  # PostgreSQL did not answer: no connection, or one that broke
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(_OUTAGES) or state == _READ_ONLY


def takes_no_changes(error: BaseException) -> bool:
    """Return whether the database can be read, and takes no changes: it is read-only, or its disk is full."""
    return isinstance(error, Error) and getattr(error.__cause__, "sqlstate", None) in _TAKES_NO_CHANGES


def takes_no_files(error: BaseException) -> bool:
    """Return whether the disk on which the site stores files takes none: it is full or read-only."""
    return isinstance(error, OSError) and error.errno in _TAKES_NO_FILES
