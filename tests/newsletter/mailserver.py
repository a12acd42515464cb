"""A real mail server on this machine, as unfriendly as a test asks for."""

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """What it took, and what it is asked to refuse: `replies` maps a stage (`mail`, `rcpt`, `data`) to a function of
    the address that gives a reply, or None to go on; the reply `drop` breaks the connection.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.connections = 0
        self.replies: dict[str, Any] = {}
        self.pipelining = True
        self.random = random.Random(7)  # noqa: S311 (no secret)
        self.lock = threading.Lock()

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for _, content in self.taken]

    @property
    def recipients(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.taken)

    def _says(self, stage: str, address: str, server: SMTP) -> str | None:
        ask = self.replies.get(stage)
        reply = ask(address) if ask else None
        if reply == "drop":
            server.transport.abort()
        return reply

    # -- aiosmtpd's hooks

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._says("mail", address, server):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._says("rcpt", address, server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._says("data", envelope.rcpt_tos[0], server)
        if reply and reply != "drop-after":
            return reply
        self.taken.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        if reply == "drop-after":
            server.transport.abort()
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """A running server, and the MAILERS that lead to it."""
    server = MailServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, decode_data=False)
    controller.start()
    mailers = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 5},
        }
    }
    try:
        yield server, mailers
    finally:
        controller.stop()
