"""Ask the server of this container whether it answers: `python -m config.healthcheck`. The exit code is 1 if not."""

import os
import re
import socket
import sys

from gunicorn.util import parse_address

from config.listening import DEFAULT_PORT, resolve_bind

PATIENCE = 4  # seconds for each step; Docker's own limit is in the Dockerfile
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def find_problem(bind: str) -> str:
    """Return why the server that listens on a `bind` does not answer; an empty string if it does."""
    address = parse_address(bind.split(",")[0].strip(), DEFAULT_PORT)  # gunicorn takes several addresses
    if isinstance(address, int):
        return f"BIND={bind} has no address to ask. Use --no-healthcheck."
    try:  # 0.0.0.0 and [::], too, are this machine
        with socket.socket(_find_family(address)) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(address)
            connection.sendall(REQUEST)
            with connection.makefile("rb") as answer:
                status = answer.readline().decode("latin-1").strip()
    except OSError as error:
        return f"{bind}: {error}"
    return "" if re.match(r"HTTP/1\.\d 200 ", status) else f"{bind}: {status or 'no answer'}"


def _find_family(address: tuple[str, int] | str) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


if __name__ == "__main__":
    sys.exit(find_problem(resolve_bind(os.environ)) or 0)
