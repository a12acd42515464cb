"""A mail server for the proof of the newsletter, in its own process, that records every message it accepts.

`python -m bench.mailserver PORT LEDGER [--temporary 0.2] [--permanent 0.01] [--drop 0.01] [--lost 0.002]`. The ledger
has one line per accepted message: the time, the recipient, and the Message-ID. A line is written before the server
responds. So every message that a sender believes sent is in the ledger, while the sender may not know about every
message that is in it.
"""

import argparse
import asyncio
import os
import random
import re
import time
import zlib
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)


class Ledger:
    """aiosmtpd's handler: refuses, drops, and accepts at random. A permanent refusal always hits the same addresses."""

    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.options = options
        self.random = random.Random(11)  # noqa: S311 (not a secret)

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if zlib.crc32(address.encode()) / 2**32 < self.options.permanent:
            return "550 5.1.1 no such person"
        chance = self.random.random()
        if chance < self.options.temporary / 2:
            return "451 4.7.1 later"
        if chance < self.options.temporary / 2 + self.options.drop / 2:
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        chance = self.random.random()
        if chance < self.options.temporary / 2:
            return "452 4.2.2 later"
        if chance < self.options.temporary / 2 + self.options.drop / 2:
            server.transport.abort()
            return "250 OK"
        content = bytes(envelope.content or b"")
        match = _MESSAGE_ID.search(content)
        line = f"{time.time():.6f} {envelope.rcpt_tos[0]} {match[1].decode() if match else '-'}\n"
        os.write(self.file, line.encode())
        if self.random.random() < self.options.lost:  # accepted, but the response never arrives
            server.transport.abort()
        return "250 OK"


async def _serve(options: argparse.Namespace) -> None:
    ledger = Ledger(Path(options.ledger), options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(ledger, loop=loop), "127.0.0.1", options.port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("ledger")
    for name in ("temporary", "permanent", "drop", "lost"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
