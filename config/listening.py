"""Where the server listens, from the environment: BIND and PORT."""

import re
from collections.abc import Mapping

DEFAULT_PORT = 8000


def resolve_bind(environ: Mapping[str, str]) -> str:
    """Return gunicorn's `bind`.

    BIND is a host (127.0.0.1 by default; IPv6 addresses in brackets), to which PORT is added. A BIND with a port of its
    own, or of another kind (`unix:/run/site.sock`, `fd://3`), is used as it is. If systemd passes a socket on
    (LISTEN_FDS), gunicorn listens on that one instead.
    """
    bind = environ.get("BIND", "").strip() or "127.0.0.1"
    if _has_scheme(bind) or re.search(r":\d+$", bind.rpartition("]")[2]):
        return bind
    return f"{bind}:{environ.get('PORT', '').strip() or DEFAULT_PORT}"


def get_port(bind: str) -> int | None:
    """Return the port of a `bind`; None if it is no TCP address."""
    match = re.search(r":(\d+)$", bind)
    return int(match[1]) if match and not _has_scheme(bind) else None


def _has_scheme(bind: str) -> bool:
    return bind.startswith(("unix:", "fd://"))
