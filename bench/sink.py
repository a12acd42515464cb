"""A mail server that accepts every message immediately, so that a benchmark measures the workers and not the server.

`python -m bench.sink PORT LEDGER`. It writes the same ledger as bench/mailserver.py, which parses every line with a
library. It implements only as much SMTP (RFC 5321, with pipelining, RFC 2920) as our workers use.
"""

import argparse
import asyncio
import os
import re
import time
from pathlib import Path

_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, ledger: int) -> None:
        self.ledger = ledger
        self.buffer = b""
        self.recipient = b""
        self.is_message = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # always so for TCP
        self.transport = transport
        self.transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            piece, end, rest = self.buffer.partition(_END if self.is_message else b"\r\n")
            if not end:
                return
            self.buffer = rest
            self.transport.write(self._accept(piece) if self.is_message else self._respond(piece))

    def _respond(self, command: bytes) -> bytes:
        match command[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            case b"RCPT":
                self.recipient = command.partition(b"<")[2].partition(b">")[0]
            case b"DATA":
                self.is_message = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
        return b"250 OK\r\n"

    def _accept(self, message: bytes) -> bytes:
        self.is_message = False
        match = _MESSAGE_ID.search(message)
        line = f"{time.time():.6f} {self.recipient.decode()} {match[1].decode() if match else '-'}\n"
        os.write(self.ledger, line.encode())
        return b"250 OK\r\n"


async def _serve(port: int, path: Path) -> None:
    ledger = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = await asyncio.get_running_loop().create_server(lambda: Sink(ledger), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("ledger", type=Path)
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.ledger))


if __name__ == "__main__":
    main()
